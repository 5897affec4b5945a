/** One plot of a drawing: axes, limits as dashed lines, phases, kills, and a line or bars for each series. */
import { at, PALETTE, SERIES_COLOURS, xml } from "./svg-words.ts";
import { valueText } from "./text.ts";
import type { Plot, Point, Series, StressReport } from "./types.ts";

export interface PanelFrame {
  readonly plot: Plot;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Of the axis to the right. */
  readonly domain: readonly [from: number, to: number];
}

/** Pixels, for the numbers of the upright axis. */
const AXIS = 80;

/** Names of more series would fill the panel. */
const MOST_NAMES = 6;

const TICKS = 4;

export const bottomOf = ({ y, height }: PanelFrame): number => y + height;

interface Scales {
  readonly right: (value: number) => number;
  readonly up: (value: number) => number;
  readonly lowest: number;
  readonly highest: number;
}

export function drawPanel(frame: PanelFrame, { phases, victims }: Pick<StressReport, "phases" | "victims">): string {
  const { plot } = frame;
  const scales = scalesOf(frame);
  const isTimed = plot.kind !== "bars";
  return [
    `<g><text x="${frame.x}" y="${frame.y - 28}" font-weight="bold">${xml(plot.title)}</text>`,
    ...axis(frame, scales),
    ...(isTimed ? phases.map(({ name, from }) => mark(frame, scales.right(from), name, PALETTE.grey)) : []),
    ...(isTimed ? victims.map(({ seconds }) => mark(frame, scales.right(seconds), "", PALETTE.bad)) : []),
    ...plot.series.flatMap((series, index) => drawSeries(frame, scales, series, index)),
    ...names(frame),
    "</g>",
  ].join("\n");
}

function scalesOf({ plot, x, y, width, height, domain: [from, to] }: PanelFrame): Scales {
  const values = plot.series.flatMap(({ points, limit = 0 }) => [...points.map(([, value]) => value), limit]);
  const lowest = Math.min(...values, 0) * 1.05;
  // With nothing above 0 there is still some room there.
  const highest = Math.max(...values, 0) * 1.05 || -lowest / 10 || 1;
  return {
    right: (value) => x + AXIS + ((value - from) / (to - from)) * (width - AXIS),
    up: (value) => y + height - ((value - lowest) / (highest - lowest)) * height,
    lowest,
    highest,
  };
}

function axis(
  { plot, x, y, width, height, domain: [from, to] }: PanelFrame,
  { up, lowest, highest }: Scales,
): string[] {
  const values = Array.from({ length: TICKS + 1 }, (_, tick) => lowest + ((highest - lowest) * tick) / TICKS);
  const lines = values.map((value) => {
    const height_ = at(up(value));
    const label = `<text x="${x + AXIS - 8}" y="${at(up(value) + 4)}" text-anchor="end" font-size="10" fill="${PALETTE.grey}">${xml(valueText(value, plot.unit))}</text>`;
    return `<line x1="${x + AXIS}" y1="${height_}" x2="${x + width}" y2="${height_}" stroke="${PALETTE.line}"/>${label}`;
  });
  const unit = plot.kind === "bars" ? "" : " s";
  const ends = [
    [x + AXIS, "start", Math.ceil(from)],
    [x + width, "end", Math.floor(to)],
  ] as const;
  const labels = ends.map(
    ([position, anchor, value]) =>
      `<text x="${position}" y="${y + height + 14}" text-anchor="${anchor}" font-size="10" fill="${PALETTE.grey}">${value}${unit}</text>`,
  );
  return [...lines, ...labels];
}

/** A line from top to bottom, with words above it. */
const mark = ({ y, height }: PanelFrame, x: number, words: string, colour: string): string =>
  `<line x1="${at(x)}" y1="${y - 6}" x2="${at(x)}" y2="${y + height}" stroke="${colour}" stroke-dasharray="2 3"/>` +
  `<text x="${at(x + 3)}" y="${y - 10}" font-size="10" fill="${colour}">${xml(words)}</text>`;

function drawSeries(frame: PanelFrame, scales: Scales, series: Series, index: number): string[] {
  const colour = colourOf(index);
  const shape = frame.plot.kind === "bars" ? bars(series.points, scales, colour) : curve(series.points, scales, colour);
  const { limit } = series;
  if (limit === undefined) return [shape];
  const [[from = 0] = [], [to = 0] = []] = [series.points[0], series.points.at(-1)];
  const y = at(scales.up(limit));
  const dashes = `stroke="${colour}" stroke-width="1.5" stroke-dasharray="6 4"`;
  return [shape, `<line x1="${at(scales.right(from))}" y1="${y}" x2="${at(scales.right(to))}" y2="${y}" ${dashes}/>`];
}

function curve(points: readonly Point[], { right, up }: Scales, colour: string): string {
  const path = points.map(([x, y]) => `${at(right(x))},${at(up(y))}`).join(" ");
  return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
}

function bars(points: readonly Point[], { right, up }: Scales, colour: string): string {
  const width = (right(1) - right(0)) * 0.7;
  return points
    .map(([x, value]) => {
      const top = Math.min(up(value), up(0));
      const height = Math.max(1, Math.abs(up(value) - up(0)));
      return `<rect x="${at(right(x) - width / 2)}" y="${at(top)}" width="${at(width)}" height="${at(height)}" fill="${colour}"/>`;
    })
    .join("");
}

const colourOf = (index: number): string => SERIES_COLOURS[index % SERIES_COLOURS.length] ?? PALETTE.ink;

function names({ plot, x, y, width, height }: PanelFrame): string[] {
  if (plot.series.length < 2) return [];
  const shown = plot.series
    .slice(0, MOST_NAMES)
    .map(({ name }, index) => `<tspan fill="${colourOf(index)}" dx="14">${xml(name)}</tspan>`);
  const rest =
    plot.series.length > MOST_NAMES
      ? `<tspan fill="${PALETTE.grey}" dx="14">and ${plot.series.length - MOST_NAMES} more</tspan>`
      : "";
  return [
    `<text x="${x + AXIS + (width - AXIS) / 2}" y="${y + height + 14}" text-anchor="middle" font-size="11">${shown.join("")}${rest}</text>`,
  ];
}
