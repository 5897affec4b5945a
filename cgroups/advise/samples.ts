/** What is recorded of a container while it works, and what is computed from it. Pure. */
import { ratesBetween } from "../explain/rates.ts";
import type { Moment, Rates } from "../explain/types.ts";

/** Figures of a whole recording. */
export interface Summary {
  /** Seconds from the first to the last moment. */
  readonly seconds: number;
  readonly samples: number;
  /** Bytes that could not be dropped at once. */
  readonly memory: Spread;
  /** Bytes, with everything that files brought in; the kernel's own high-water mark where it has one. */
  readonly memoryPeak: number;
  readonly swap: Spread;
  /** CPUs in use. */
  readonly cpus: Spread;
  /** Tasks. */
  readonly pids: Spread;
  /** From the first to the last moment. */
  readonly rates: Rates;
}

export interface Spread {
  readonly median: number;
  readonly p95: number;
  readonly peak: number;
}

/** Undefined for less than two moments, or moments without any time between them. */
export function summarize(moments: readonly Moment[]): Summary | undefined {
  const [first] = moments;
  const last = moments.at(-1);
  const rates = first === undefined || last === undefined ? undefined : ratesBetween(first, last);
  if (first === undefined || last === undefined || rates === undefined) return undefined;
  const steps = moments.slice(1).map((moment, index) => ratesBetween(moments[index] ?? first, moment));
  const stats = moments.map((moment) => moment.stats);
  return {
    seconds: rates.seconds,
    samples: moments.length,
    memory: spreadOf(stats.map(({ memoryUsage, memoryInactiveFile }) => Math.max(0, memoryUsage - memoryInactiveFile))),
    memoryPeak: Math.max(...stats.map(({ memoryUsage, memoryPeak = 0 }) => Math.max(memoryUsage, memoryPeak))),
    swap: spreadOf(stats.map(({ swapUsage = 0 }) => swapUsage)),
    cpus: spreadOf(steps.map((step) => step?.cpus ?? 0)),
    pids: spreadOf(stats.map(({ pids }) => pids)),
    rates,
  };
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return { median: at(0.5), p95: at(0.95), peak: sorted.at(-1) ?? 0 };
}
