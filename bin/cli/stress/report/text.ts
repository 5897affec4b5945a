/** A report as text: what follows the table of findings, which is shown as it grows. */
import { formatBinarySize } from "../../../../lib/units/size.ts";
import { alignColumns } from "../../format/table.ts";
import { sparkline } from "../../graph/blocks.ts";
import type { Latency, Plot, ReportHead, Series, StressReport, Unit, Victim } from "./types.ts";

/** Characters of a curve. */
const WIDTH = 50;

/** More curves than this say less. */
const MOST_CURVES = 8;

export function headText({ profile, summary, seconds, image, host }: ReportHead): string {
  const machine = `${host.cpus} ${host.cpus === 1 ? "CPU" : "CPUs"}, Linux ${host.kernel}, cgroup ${host.cgroups}`;
  return `${profile}: ${summary}\n${seconds} s of load from ${image} on ${machine}\n`;
}

export function reportText({ latencies, victims, plots }: StressReport): string {
  const curves = plots.filter(({ kind, unit }) => kind !== "bars" && unit !== "ms").flatMap(curvesOf);
  return [latencyTable(latencies), victimTable(victims), curves.length === 0 ? "" : alignColumns(curves)]
    .filter((part) => part !== "")
    .map((part) => `\n${part}`)
    .join("");
}

function latencyTable(latencies: readonly Latency[]): string {
  if (latencies.length === 0) return "";
  const row = ({ phase, of, count, p50, p95, p99, max }: Latency): string[] => [
    phase,
    of,
    ...[p50, p95, p99, max].map(milliseconds),
    String(count),
  ];
  return alignColumns([["PHASE", "ANSWERS OF", "MEDIAN", "P95", "P99", "LONGEST", "ANSWERS"], ...latencies.map(row)]);
}

const milliseconds = (value: number): string => `${value.toFixed(1)}ms`;

/** A row for each time that it was another container's turn: a program that is begun anew may be killed again and again. */
function victimTable(victims: readonly Victim[]): string {
  if (victims.length === 0) return "";
  const turns: { readonly first: Victim; kills: number }[] = [];
  for (const victim of victims) {
    const last = turns.at(-1);
    if (last?.first.container === victim.container && last.first.oomScoreAdj === victim.oomScoreAdj) last.kills++;
    else turns.push({ first: victim, kills: 1 });
  }
  const rows = turns.map(({ first: { seconds, container, oomScoreAdj = "unknown" }, kills }) => [
    ...[`${seconds.toFixed(1)}s`, container, String(oomScoreAdj), String(kills)],
  ]);
  return alignColumns([["KILLED AFTER", "CONTAINER", "OOM_SCORE_ADJ", "PROCESSES"], ...rows]);
}

function curvesOf({ title, unit, series }: Plot): string[][] {
  const shown = series.filter(({ points }) => points.some(([, value]) => value > 0)).slice(0, MOST_CURVES);
  return shown.map((one, index) => [index === 0 ? title : "", one.name, curveOf(one), maximum(one, unit)]);
}

function curveOf({ points, limit }: Series): string {
  const values = resampled(points.map(([, value]) => value));
  return sparkline(values, Math.max(limit ?? 0, ...values), values.length);
}

/** As many values as there is room for: the highest of each stretch. */
function resampled(values: readonly number[]): number[] {
  if (values.length <= WIDTH) return [...values];
  return Array.from({ length: WIDTH }, (_, index) => {
    const from = Math.floor((index * values.length) / WIDTH);
    return Math.max(...values.slice(from, Math.max(from + 1, Math.floor(((index + 1) * values.length) / WIDTH))));
  });
}

function maximum({ points, limit }: Series, unit: Unit): string {
  const most = valueText(Math.max(...points.map(([, value]) => value)), unit);
  return limit === undefined ? `at most ${most}` : `at most ${most} of ${valueText(limit, unit)}`;
}

export function valueText(value: number, unit: Unit): string {
  switch (unit) {
    case "bytes":
      return formatBinarySize(value);
    case "bytes/s":
      return `${formatBinarySize(value)}/s`;
    case "share":
      return `${Math.round(value * 100)}%`;
    case "deviation":
      return `${(value * 100).toFixed(1)}%`;
    case "ms":
      return `${Number(value.toPrecision(3))}ms`;
    case "tasks":
      return String(Math.round(value));
    case "CPUs":
      return String(Number(value.toFixed(2)));
  }
}
