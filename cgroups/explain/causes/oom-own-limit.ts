/** The container reached its own memory limit. */
import { limitEvidence, limitOf, rounder, setFix, size } from "../evidence.ts";
import { isOomOf } from "../oom-scope.ts";
import { counterEvidence, occurrence, subject, victimEvidence, victimSentences } from "../oom-texts.ts";
import type { Cause } from "../types.ts";

export const oomOwnLimit: Cause = {
  code: "oom-own-limit",
  severity: "killed",
  find(facts) {
    if (!isOomOf(facts, "own")) return undefined;
    const limit = limitOf(facts, "memory") ?? limitOf(facts, "memorySwap") ?? 0;
    return {
      title: `${subject(facts)} at its own memory limit of ${size(limit)}.`,
      explanation: `All its processes together needed more memory than they may have, and nothing was left to take back. ${victimSentences(facts, "own")}`,
      evidence: [
        counterEvidence(facts),
        ...limitEvidence(facts, "memory"),
        ...limitEvidence(facts, "memorySwap"),
        ...victimEvidence(facts, "own"),
      ],
      fixes: [
        setFix(facts, "memory", rounder(limit * 1.5), "Give it more memory"),
        { text: "or let the program use less: look at its caches, its number of workers, its heap size" },
      ],
      ...occurrence(facts, "own"),
    };
  },
};
