/** The pictures of `ctr limit watch`: one container in four curves, several in a line each. */
import { formatBinarySize } from "../../../lib/units/size.ts";
import type { Figures } from "../format/figures.ts";
import { share } from "../format/stats.ts";
import { sparkline } from "./blocks.ts";
import type { History, Point } from "./history.ts";
import { type Curve, drawPanels, fitted, type Size } from "./panel.ts";

const KEYS = "q quits";
const NAME_WIDTH = 20;

export function drawOne(figures: Figures, history: History, { width, height }: Size): string[] {
  const points = history.of(figures.usage.Id);
  const head = `${figures.usage.Name}   ${statusText(figures)}   ${KEYS}`;
  return [fitted(head, width), "", ...drawPanels(curvesOf(figures, points), { width, height: height - 2 })];
}

/** The upper edges are the limits, where there are any: a curve that touches its edge is a limit that acts. */
function curvesOf(figures: Figures, points: readonly Point[]): Curve[] {
  const { cpu, cpuLimit, memory, memoryLimit, memoryPercent, throttled, pressure, usage } = figures;
  const cpuMax = cpuScale(cpuLimit, points);
  const isLimited = typeof usage.Limits?.memory === "number";
  const memoryMax = isLimited
    ? memoryLimit
    : highest(
        points.map((point) => point.memory),
        1 << 20,
      );
  const worst = (point: Point): number | undefined => largest([point.cpuWait, point.memoryWait, point.ioWait]);
  return [
    {
      title: "CPU",
      value: `${cpu === undefined ? "--" : cpu.toFixed(1)}%${cpuLimit === undefined ? "" : ` of ${cpuLimit} CPUs`}`,
      values: points.map((point) => point.cpu),
      ...{ max: cpuMax, maxText: `${Math.round(cpuMax)}%` },
    },
    {
      title: "Memory",
      value: `${formatBinarySize(memory)} of ${formatBinarySize(memoryLimit)} (${memoryPercent.toFixed(0)}%)`,
      values: points.map((point) => point.memory),
      ...{ max: memoryMax, maxText: formatBinarySize(memoryMax) },
    },
    {
      title: "Throttled",
      value: throttled === undefined ? "no CPU limit" : `${share(throttled)} of the periods`,
      values: points.map((point) => point.throttled),
      ...{ max: 1, maxText: "100%" },
    },
    {
      title: "Waits",
      value: `CPU ${share(pressure.cpu)}, memory ${share(pressure.memory)}, disk ${share(pressure.io)}`,
      values: points.map(worst),
      ...{ max: 1, maxText: "100%" },
    },
  ];
}

/** Per cent at the upper edge of a curve of CPU time: the limit, else the highest that is shown. */
function cpuScale(cpuLimit: number | undefined, points: readonly Point[]): number {
  if (cpuLimit !== undefined) return cpuLimit * 100;
  return highest(
    points.map((point) => point.cpu),
    100,
  );
}

/** Of several containers: as many as there is room for. */
export function drawAll(all: readonly Figures[], history: History, { width, height }: Size): string[] {
  const graph = Math.max(8, Math.min(60, Math.floor((width - NAME_WIDTH - 60) / 2)));
  const head = row(["NAME", "CPU", "", "MEMORY", "", "THROTTLED", "WAITS C/M/D", "OOM"], graph);
  const room = Math.max(1, height - 2);
  const shown = all.slice(0, room);
  const rest = all.length - shown.length;
  const foot = rest > 0 ? `and ${rest} more: make the window higher, or name those to watch   ${KEYS}` : KEYS;
  return [head, ...shown.map((figures) => line(figures, history.of(figures.usage.Id), graph)), foot];
}

function line(figures: Figures, points: readonly Point[], graph: number): string {
  const { usage, cpu, cpuLimit, memory, memoryLimit, throttled, pressure, oomKills } = figures;
  const cpuMax = cpuScale(cpuLimit, points);
  const cells = [
    ...[usage.Name, cpu === undefined ? "--" : `${cpu.toFixed(1)}%`],
    sparkline(
      points.map((point) => point.cpu),
      cpuMax,
      graph,
    ),
    formatBinarySize(memory),
    sparkline(
      points.map((point) => point.memory),
      memoryLimit,
      graph,
    ),
    ...[share(throttled), [pressure.cpu, pressure.memory, pressure.io].map(share).join("/"), String(oomKills)],
  ];
  return row(cells, graph);
}

const row = (cells: readonly string[], graph: number): string =>
  cells.map((cell, index) => fitted(cell, [NAME_WIDTH, 8, graph, 10, graph, 9, 14, 4][index] ?? 8)).join(" ");

/** One line a container and sample, for pipes and files. */
export function plainLine(time: number, figures: Figures): string {
  const { usage, cpu, cpuLimit, memory, memoryLimit, memoryPercent, throttled, pressure, pids, oomKills } = figures;
  return [
    `${new Date(time).toISOString()} ${usage.Name}`,
    `cpu ${cpu === undefined ? "-" : `${cpu.toFixed(1)}%`}${cpuLimit === undefined ? "" : ` of ${cpuLimit} CPUs`}`,
    `memory ${formatBinarySize(memory)} of ${formatBinarySize(memoryLimit)} (${memoryPercent.toFixed(1)}%)`,
    `throttled ${share(throttled)}`,
    `waits cpu ${share(pressure.cpu)} memory ${share(pressure.memory)} io ${share(pressure.io)}`,
    ...[`pids ${pids}`, `oom-kills ${oomKills}`],
  ].join("  ");
}

function statusText({ usage, pids, pidsLimit, oomKills }: Figures): string {
  const kills = `${oomKills} OOM kill${oomKills === 1 ? "" : "s"}`;
  return `${usage.Status}, ${pids}${pidsLimit === undefined ? "" : ` of ${pidsLimit}`} processes, ${kills}`;
}

const largest = (values: readonly (number | undefined)[]): number | undefined =>
  values.reduce(
    (most, value) => (value !== undefined && (most === undefined || value > most) ? value : most),
    undefined,
  );

/** Without a limit the edge is the highest value that was seen. */
const highest = (values: readonly (number | undefined)[], least: number): number =>
  Math.max(least, largest(values) ?? 0);
