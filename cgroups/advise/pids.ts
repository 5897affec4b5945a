/** Tasks: twice the peak, as a fence against fork bombs and not a budget. */
import type { AdviseOptions, Proposal } from "./advise.ts";
import type { Summary } from "./samples.ts";

const ROOM = 2;
const LEAST = 64;

export function advisePids(summary: Summary, { limits }: AdviseOptions): Omit<Proposal, "confidence"> | undefined {
  const { pids, rates } = summary;
  const present = typeof limits.pids === "number" ? limits.pids : undefined;
  const isShort = rates.pidsMax > 0;
  // A fence that stands and was not met may stand where it is.
  if (present !== undefined && !isShort && present >= pids.peak * 1.5) return undefined;
  const proposed = Math.max(LEAST, Math.ceil((Math.max(pids.peak, isShort ? (present ?? 0) : 0) * ROOM) / 16) * 16);
  const reasons = [`It had ${pids.peak} processes and threads at most.`];
  if (isShort) reasons.push(`${rates.pidsMax} times a new one was refused.`);
  reasons.push("A limit well above that stops a fork bomb and nothing else.");
  return { limit: "pids", present, proposed, reasons };
}
