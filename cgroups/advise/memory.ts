/** Memory: room above the peak of what cannot be dropped, more where it was short. */
import { percent, rounder, size } from "../explain/evidence.ts";
import { SOME_PRESSURE } from "../explain/thresholds.ts";
import type { AdviseOptions, Proposal } from "./advise.ts";
import type { Summary } from "./samples.ts";

const ROOM = 1.25;
const ROOM_WHEN_SHORT = 1.5;
/** The least that Docker and ctr accept is 6 MiB: a limit that near would be met by chance. */
const LEAST = 16 * 2 ** 20;

export function adviseMemory(
  summary: Summary,
  { limits, host }: AdviseOptions,
): Omit<Proposal, "confidence"> | undefined {
  const { memory, swap, rates } = summary;
  const present = typeof limits.memory === "number" ? limits.memory : undefined;
  const pressure = rates.pressure.memory?.some ?? 0;
  const needed = memory.peak + swap.peak;
  const isShort = rates.oomKills > 0 || pressure >= SOME_PRESSURE;
  // Whoever was held at the limit would have had more: the peak says only what was allowed.
  const base = isShort ? Math.max(needed, present ?? 0) : needed;
  const proposed = Math.min(host.memoryTotal, Math.max(LEAST, rounder(base * (isShort ? ROOM_WHEN_SHORT : ROOM))));
  const reasons = [
    `It held ${size(memory.peak)} at most and ${size(memory.p95)} in 95 % of the samples, without file cache that can be dropped.`,
  ];
  if (swap.peak > 0) reasons.push(`${size(swap.peak)} of it were in swap.`);
  if (rates.oomKills > 0) reasons.push(`${rates.oomKills} of its processes were killed for lack of memory.`);
  if (pressure >= SOME_PRESSURE) reasons.push(`It waited for memory in ${percent(pressure)} of the time.`);
  reasons.push(
    proposed === LEAST
      ? `Less than ${size(LEAST)} is never proposed: it would be met by chance.`
      : `${Math.round((proposed / Math.max(needed, 1) - 1) * 100)} % of room above that.`,
  );
  return { limit: "memory", present, proposed, reasons };
}
