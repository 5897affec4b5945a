import type { Cause, Finding, Result } from "../../types/index.ts";
import { found } from "../found.ts";

/** What was read and what a packet showed do not fit each other. */
export const disagreement: Cause = {
  code: "CTRN901",
  severity: "warning",
  heading: "What was read and what a packet showed do not fit",
};

const WORDS: Readonly<Record<Result, string>> = {
  REACHABLE: "gets through",
  UNREACHABLE: "does not get through",
  PARTIAL: "gets through now and then",
  UNDETERMINED: "cannot be judged",
};

/** @param step at which the packet would have to end, by all that was read */
export function disagree(predicted: Result, observed: Result, step: string | undefined): Finding {
  return found(disagreement, undefined, {
    object: "the model of this host's network",
    title: `By all that was read the packet ${WORDS[predicted]}; a real one ${WORDS[observed]}.`,
    explanation:
      "The state changed while it was read, an older connection is still in force, or something decides that ctr does not read: eBPF " +
      "programs, offloaded flows, another machine. Believe the packet.",
    evidence: [
      { source: "model", value: step === undefined ? predicted : `${predicted}: ${step}` },
      { source: "packet", value: observed },
    ],
    confidence: "confirmed",
  });
}
