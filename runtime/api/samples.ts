/** Samples in the form that Docker's statistics are made of. */
import type { Tick } from "../metrics/index.ts";
import type { Container } from "../types.ts";
import type { StatsSample } from "./views/stats.ts";

/** Undefined for a container that does not run. */
export function statsSample(tick: Tick, container: Container): StatsSample | undefined {
  const sample = tick.sample(container);
  const kernel = tick.kernelStats(container);
  if (sample === undefined || kernel === undefined) return undefined;
  return { time: tick.time, host: tick.host, container: sample, kernel };
}
