/** The quota of CPU time, and the period in which it is counted. */
import { type LoadContainer, readingOf, type Sample } from "../load-container.ts";
import { spin, untilBusy } from "../loads.ts";
import { cpusOf, hostCpus } from "../machine.ts";
import type { LoadSession } from "../session.ts";
import { type CpuWindow, cpuWindow, lateInPeriod } from "../window.ts";
import { boundWhy, judged, type Measurement, notMeasurable, type Trial, type TrialParts } from "./trial.ts";

/** Share of the quota that a measurement may be off. */
export const CPU_TOLERANCE = 0.03;

const PERIOD_TOLERANCE = 0.1;

export const tryCpus: Trial = async (parts) => {
  const { session, reading } = parts;
  const cpus = reading.enforced;
  if (typeof cpus !== "number") return notMeasurable("there is no limit");
  const bound = boundWhy(reading);
  if (bound !== undefined) return notMeasurable(bound);
  const usable = parts.resources.CpusetCpus ? cpusOf(parts.resources.CpusetCpus).length : await hostCpus(session);
  if (cpus >= usable) return notMeasurable(`more than the ${usable} CPUs that it may run on`);
  return judgeCpus(cpus, await useUp(parts, Math.ceil(cpus) + 1));
};

/** Exported for tests. */
export function judgeCpus(cpus: number, window: CpuWindow): Measurement {
  const { periods, throttledPeriods } = window;
  const measured = `${window.cpus.toFixed(3)} CPUs, ${percent(throttledPeriods / Math.max(periods, 1))} of periods used up`;
  // On a machine that is busy a sample may come late, in the next period: then the window holds a quota more, or less.
  const result = { measured, ...judged(window.cpus / cpus - 1, CPU_TOLERANCE + 1 / Math.max(periods, 1)) };
  if (result.verdict === "pass" || window.cpus > cpus) return result;
  // Less than allowed: of the quota's making only where the quota was used up.
  const usedUp = ((throttledPeriods - 1) / Math.max(periods, 1)) * cpus * (1 - CPU_TOLERANCE);
  if (window.cpus < usedUp) return result;
  const why = "the machine's CPUs are busy: it did not get what it may have";
  return throttledPeriods > 1 ? { ...result, verdict: "pass", why } : { ...result, verdict: "not measurable", why };
}

export const tryCpuPeriod: Trial = async (parts) => {
  const { enforced } = parts.reading;
  const [first, last] = await twoSamples(parts, 1);
  const { periods, seconds } = cpuWindow(first, last);
  if (typeof readingOf(last, "cpus")?.enforced !== "number") return notMeasurable("a period counts with --cpus only");
  if (periods === 0) return notMeasurable("it did not get to run");
  const microseconds = (seconds * 1e6) / periods;
  return {
    measured: `${(microseconds / 1000).toFixed(1)}ms`,
    ...judged(microseconds / Number(enforced) - 1, PERIOD_TOLERANCE),
  };
};

async function useUp(parts: TrialParts, workers: number): Promise<CpuWindow> {
  return cpuWindow(...(await twoSamples(parts, workers)));
}

async function twoSamples({ session, resources, seconds }: TrialParts, workers: number): Promise<[Sample, Sample]> {
  await using container = await session.start(resources, { purpose: "cpus" });
  return await spinForPeriods(session, container, { workers, seconds });
}

/** The counters late in two periods while this many workers spin. */
export async function spinForPeriods(
  session: LoadSession,
  container: LoadContainer,
  { workers, seconds }: { readonly workers: number; readonly seconds: number },
): Promise<[Sample, Sample]> {
  await spin(container, workers, seconds);
  await untilBusy(session, container);
  const first = await lateInPeriod(session, container);
  await session.pause(seconds * 1000);
  return [first, await lateInPeriod(session, container)];
}

const percent = (share: number): string => `${Math.round(share * 100)}%`;
