/** What a group used between two moments. */
import type { LoadContainer, Sample } from "./load-container.ts";
import { readingOf } from "./load-container.ts";
import type { LoadSession } from "./session.ts";

export interface CpuWindow {
  readonly seconds: number;
  /** CPU time over time: 0.5 is half a CPU. */
  readonly cpus: number;
  /** In which the group wanted to run. */
  readonly periods: number;
  /** In which its quota was used up. */
  readonly throttledPeriods: number;
  /** Share of the time that a CPU was kept from it, summed over CPUs. */
  readonly throttledShare: number;
}

export function cpuWindow(first: Sample, last: Sample): CpuWindow {
  const nanoseconds = (last.time - first.time) * 1e6;
  return {
    seconds: nanoseconds / 1e9,
    cpus: (last.stats.cpuUsage - first.stats.cpuUsage) / nanoseconds,
    periods: last.stats.cpuPeriods - first.stats.cpuPeriods,
    throttledPeriods: last.stats.cpuThrottledPeriods - first.stats.cpuThrottledPeriods,
    throttledShare: (last.stats.cpuThrottledTime - first.stats.cpuThrottledTime) / nanoseconds,
  };
}

/** Periods that an edge is waited for. */
const EDGE_PERIODS = 3;

/** Share of a period after which a group that wants more than its quota has used it up, and waits. */
const LATE = 0.85;

/**
 * The counters late in a period. A group whose quota is used up then waits for the next one, so that a window between two
 * such moments holds whole quotas: one that begins or ends anywhere errs by up to a quota at each end.
 */
export async function lateInPeriod(session: LoadSession, container: LoadContainer): Promise<Sample> {
  let sample = await container.sample();
  const period = Number(readingOf(sample, "cpuPeriod")?.enforced ?? 100_000) / 1000;
  const before = sample.stats.cpuPeriods;
  const deadline = sample.time + EDGE_PERIODS * period;
  while (sample.stats.cpuPeriods === before && sample.time < deadline) {
    await session.pause(1);
    sample = await container.sample();
  }
  await session.pause(sample.time + LATE * period - performance.now());
  return await container.sample();
}

/** What these use at the same time, once all of them run. */
export async function measureTogether(
  session: LoadSession,
  containers: readonly LoadContainer[],
  seconds: number,
): Promise<CpuWindow[]> {
  const first = await Promise.all(containers.map((container) => container.sample()));
  await session.pause(seconds * 1000);
  const last = await Promise.all(containers.map((container) => container.sample()));
  return first.map((sample, index) => cpuWindow(sample, last[index] ?? sample));
}
