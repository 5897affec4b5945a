/** How fast two ends are together, and what holds them back. */
import type { BenchReport } from "../../../../runtime/index.ts";
import { alignColumns } from "../table.ts";
import type { FlowLayout } from "./flow.ts";

export function benchText(report: BenchReport, { paint }: FlowLayout): string {
  const { from, to, addresses, throughput, latency, pathMtu, limits } = report;
  const rows = [
    ["throughput there", rateText(throughput.there)],
    ["throughput back", rateText(throughput.back)],
    ["round trip", latencyText(latency.roundTrip)],
    ["new connection", latencyText(latency.connect)],
    ["largest packet", pathMtu === undefined ? "not found" : `${pathMtu} bytes`],
  ];
  const held = limits.filter(({ effect }) => effect !== undefined);
  const others = limits.filter(({ effect }) => effect === undefined);
  return [
    `${paint("bold", `${from} → ${to}`)}   ${addresses.source} → ${addresses.destination}\n`,
    alignColumns(rows, { minimum: 0 }).replace(/^/gm, "  ").trimEnd(),
    "\n",
    held.length === 0 ? "\nNothing was held back by a limit.\n" : `\nHeld back by\n${limitRows(held)}`,
    others.length === 0 ? "" : `\nOther limits on the way\n${limitRows(others)}`,
  ].join("");
}

const limitRows = (limits: BenchReport["limits"]): string =>
  alignColumns(
    limits.map(({ object, value, effect = "" }) => [`  ${object}`, value, effect]),
    { minimum: 0 },
  );

/** Powers of ten, as rates of networks are told. */
function rateText(bits: number): string {
  for (const [unit, size] of [
    ["Gbit/s", 1e9],
    ["Mbit/s", 1e6],
    ["kbit/s", 1e3],
  ] as const) {
    if (bits >= size) return `${(bits / size).toFixed(bits >= size * 100 ? 0 : 1)} ${unit}`;
  }
  return `${Math.round(bits)} bit/s`;
}

const latencyText = ({ median, p99, samples }: BenchReport["latency"]["connect"]): string =>
  `${microseconds(median)} median, ${microseconds(p99)} of 99 % (${samples} samples)`;

const microseconds = (value: number): string =>
  value >= 1000 ? `${(value / 1000).toFixed(1)} ms` : `${Math.round(value)} µs`;
