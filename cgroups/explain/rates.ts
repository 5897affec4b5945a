/** What happened between two moments. Pure. */
import { throttledShare } from "../docker/formulas.ts";
import { NO_STATS } from "../stats.ts";
import type { IoCounters, PressureResource } from "../types.ts";
import type { Moment, Rates } from "./types.ts";

const RESOURCES: readonly PressureResource[] = ["cpu", "memory", "io"];

/** Nothing has happened yet: the moment at which a group is made. */
export function beginning(time: number): Moment {
  return { time, stats: NO_STATS, signals: { oomKills: 0 }, pressure: {} };
}

/** Undefined when no time passed between them. */
export function ratesBetween(before: Moment, after: Moment): Rates | undefined {
  const seconds = (after.time - before.time) / 1000;
  if (seconds <= 0) return undefined;
  const throttled = throttledShare(after.stats, before.stats);
  const grown = (key: "memoryMax" | "memoryHigh" | "pidsMax" | "oomKills"): number =>
    Math.max(0, (after.signals[key] ?? 0) - (before.signals[key] ?? 0));
  const io = ioRates(before.stats.io, after.stats.io, seconds);
  return {
    seconds,
    cpus: (after.stats.cpuUsage - before.stats.cpuUsage) / 1e9 / seconds,
    ...(throttled === undefined ? {} : { throttledShare: throttled }),
    throttledTime: (after.stats.cpuThrottledTime - before.stats.cpuThrottledTime) / 1e9 / seconds,
    pressure: pressureRates(before, after, seconds),
    oomKills: grown("oomKills"),
    memoryMax: grown("memoryMax"),
    memoryHigh: grown("memoryHigh"),
    pidsMax: grown("pidsMax"),
    ...(io === undefined ? {} : { io }),
  };
}

function pressureRates(before: Moment, after: Moment, seconds: number): Rates["pressure"] {
  const rates: Partial<Record<PressureResource, { some: number; full: number }>> = {};
  for (const resource of RESOURCES) {
    const now = after.pressure[resource];
    if (now === undefined) continue;
    const then = before.pressure[resource];
    const share = (kind: "some" | "full"): number =>
      Math.min(1, Math.max(0, now[kind].total - (then?.[kind].total ?? 0)) / 1e6 / seconds);
    rates[resource] = { some: share("some"), full: share("full") };
  }
  return rates;
}

function ioRates(
  before: IoCounters | undefined,
  after: IoCounters | undefined,
  seconds: number,
): IoCounters | undefined {
  if (after === undefined) return undefined;
  const rate = (key: keyof IoCounters): number => (after[key] - (before?.[key] ?? 0)) / seconds;
  return {
    readBytes: rate("readBytes"),
    writeBytes: rate("writeBytes"),
    reads: rate("reads"),
    writes: rate("writes"),
  };
}
