/** How fast two ends are together, and what holds them back. */
import type { BenchReport } from "../../../../runtime/index.ts";
import { alignColumns } from "../table.ts";
import type { FlowLayout } from "./flow.ts";

const UNKNOWN = "could not be measured";

export function benchText(report: BenchReport, { paint }: FlowLayout): string {
  const { from, to, address, throughput, latency, pathMtu, limits, failures } = report;
  const rows = [
    ["throughput there", rateText(throughput.there)],
    ["throughput back", rateText(throughput.back)],
    ["round trip", latencyText(latency)],
    ["largest packet", pathMtu === undefined ? UNKNOWN : `${pathMtu} bytes`],
  ];
  const held = limits.filter(({ effect }) => effect !== undefined);
  const others = limits.filter(({ effect }) => effect === undefined);
  return [
    `${paint("bold", `${from} → ${to}`)}   ${address}\n`,
    alignColumns(rows, { minimum: 0 }).replace(/^/gm, "  ").trimEnd(),
    "\n",
    held.length === 0 ? "\nNothing was held back by a limit.\n" : `\nHeld back by\n${limitRows(held)}`,
    others.length === 0 ? "" : `\nOther limits on the way\n${limitRows(others)}`,
    failures.length === 0 ? "" : `\n${failures.map((text) => `not measured: ${text}\n`).join("")}`,
  ].join("");
}

const limitRows = (limits: BenchReport["limits"]): string =>
  alignColumns(
    limits.map(({ object, value, effect = "" }) => [`  ${value}`, effect === "" ? object : `${object}: ${effect}`]),
    { minimum: 0 },
  );

/** Powers of ten, as rates of networks are told. */
function rateText(bits: number | undefined): string {
  if (bits === undefined) return UNKNOWN;
  for (const [unit, size] of [
    ["Gbit/s", 1e9],
    ["Mbit/s", 1e6],
    ["kbit/s", 1e3],
  ] as const) {
    if (bits >= size) return `${(bits / size).toFixed(bits >= size * 100 ? 0 : 1)} ${unit}`;
  }
  return `${Math.round(bits)} bit/s`;
}

const latencyText = (latency: BenchReport["latency"]): string =>
  latency === undefined
    ? UNKNOWN
    : `${microseconds(latency.median)} median, ${microseconds(latency.p99)} of 99 % (${latency.rounds} rounds)`;

const microseconds = (value: number): string =>
  value >= 1000 ? `${(value / 1000).toFixed(1)} ms` : `${Math.round(value)} µs`;
