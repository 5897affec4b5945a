/** A report as a drawing: its findings, and below them a panel for each plot, all with the same time axis. */
import { wrap } from "../../../flags/help.ts";
import { bottomOf, drawPanel, type PanelFrame } from "./panel.ts";
import { PALETTE, xml } from "./svg-words.ts";
import { headText, valueText } from "./text.ts";
import type { Plot, StressReport } from "./types.ts";

/** Pixels. */
const WIDTH = 960;
const MARGIN = 24;
const LINE = 18;
const PANEL_HEIGHT = 170;
const PANEL_GAP = 72;

/** Characters that a line has room for. */
const LINE_LENGTH = 122;

export function reportSvg(report: StressReport): string {
  const sentences = [...headText(report).trimEnd().split("\n"), "", ...findingLines(report), ...latencyLines(report)];
  const words = sentences.flatMap((sentence) => wrap(sentence, LINE_LENGTH));
  const top = MARGIN + words.length * LINE + PANEL_GAP;
  const until = Math.max(1, ...report.phases.map(({ to }) => to));
  const frames = report.plots.map((plot, index) => ({
    ...{
      plot,
      x: MARGIN,
      y: top + index * (PANEL_HEIGHT + PANEL_GAP),
      width: WIDTH - 2 * MARGIN,
      height: PANEL_HEIGHT,
    },
    domain: domainOf(plot, until),
  }));
  const height = Math.max(top, ...frames.map(bottomOf)) + MARGIN + LINE;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...words.map((line, index) => textLine(line, index)),
    ...frames.map((frame: PanelFrame) => drawPanel(frame, report)),
    "</svg>\n",
  ].join("\n");
}

/** Bars are numbered from 1; lines go from the beginning to the end of all phases. */
const domainOf = ({ kind, series }: Plot, until: number): PanelFrame["domain"] =>
  kind === "bars" ? [0.5, Math.max(1, ...series.map(({ points }) => points.length)) + 0.5] : [0, until];

function findingLines({ findings }: StressReport): string[] {
  return findings.map(({ limit, set, measured = "", deviation, verdict, why }) => {
    const error = deviation === undefined ? "" : ` (${valueText(deviation, "deviation")})`;
    return `${verdict}: ${limit} ${set}: ${[measured + error, why].filter(Boolean).join("; ")}`;
  });
}

const latencyLines = ({ latencies }: StressReport): string[] =>
  latencies
    .filter(({ of }) => of === "service")
    .map(({ phase, p50, p95, p99 }) => {
      const [half, most, nearlyAll] = [p50, p95, p99].map((value) => valueText(value, "ms"));
      return `the service answers in ${half} (median), ${most} (p95), ${nearlyAll} (p99): ${phase}`;
    });

function textLine(line: string, index: number): string {
  const weight = index === 0 ? ' font-weight="bold" font-size="14"' : "";
  const colour = line.startsWith("fail") ? PALETTE.bad : line.startsWith("pass") ? PALETTE.good : PALETTE.ink;
  return `<text x="${MARGIN}" y="${MARGIN + index * LINE}" fill="${colour}"${weight}>${xml(line)}</text>`;
}
