/** CPU time: room above what was used in 95 % of the samples, more where the quota held it back. */
import { percent } from "../explain/evidence.ts";
import { MUCH_THROTTLED } from "../explain/thresholds.ts";
import type { AdviseOptions, Proposal } from "./advise.ts";
import type { Summary } from "./samples.ts";

const ROOM = 1.25;
const LEAST = 0.1;

export function adviseCpus(
  summary: Summary,
  { limits, host }: AdviseOptions,
): Omit<Proposal, "confidence"> | undefined {
  const { cpus, rates } = summary;
  const present = typeof limits.cpus === "number" ? limits.cpus : undefined;
  const throttled = rates.throttledShare ?? 0;
  const isHeldBack = present !== undefined && throttled >= MUCH_THROTTLED;
  // The time that its threads waited is time that they would have used, as far as there are CPUs.
  const wanted = isHeldBack ? Math.max(cpus.p95, present) + Math.min(rates.throttledTime, present) : cpus.p95;
  const proposed = Math.min(host.cpus, Math.max(LEAST, Math.ceil(wanted * ROOM * 20) / 20));
  const reasons = [
    `It used ${cpus.p95.toFixed(2)} CPUs in 95 % of the samples, ${cpus.peak.toFixed(2)} at most, ${cpus.median.toFixed(2)} in the middle.`,
  ];
  if (isHeldBack) reasons.push(`Its quota was used up in ${percent(throttled)} of the periods: it wanted more.`);
  if (present !== undefined && !isHeldBack) reasons.push("Its quota was hardly ever used up.");
  return { limit: "cpus", present, proposed: Math.round(proposed * 100) / 100, reasons };
}
