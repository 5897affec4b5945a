/** The container reached its own memory limit. */
import { limitEvidence, limitOf, rounder, setFix, size } from "../evidence.ts";
import { isOomOf, victimsOf } from "../oom-scope.ts";
import { counterEvidence, filesInMemory, occurrence, subject, victimEvidence, victimSentences } from "../oom-texts.ts";
import type { Cause } from "../types.ts";

/** The kernel rounds limits to pages. */
const LARGEST_PAGE = 65_536;

export const oomOwnLimit: Cause = {
  code: "oom-own-limit",
  severity: "killed",
  find(facts) {
    if (!isOomOf(facts, "own")) return undefined;
    const present = limitOf(facts, "memory") ?? limitOf(facts, "memorySwap") ?? 0;
    const limit = victimsOf(facts, "own").at(-1)?.limit ?? present;
    const isOther = Math.abs(limit - present) >= LARGEST_PAGE && present > 0;
    const inFiles = filesInMemory(facts, "own");
    const now = isOther ? ` Its limit is ${size(present)} now.` : "";
    return {
      title: `${subject(facts)} at its own memory limit of ${size(limit)}.`,
      explanation: `All its processes together needed more memory than they may have, and nothing was left to take back. ${victimSentences(facts, "own")}${inFiles.sentence}${now}`,
      evidence: [
        counterEvidence(facts),
        ...limitEvidence(facts, "memory"),
        ...limitEvidence(facts, "memorySwap"),
        ...victimEvidence(facts, "own"),
      ],
      fixes: [
        setFix(facts, "memory", rounder(Math.max(limit, present) * 1.5), "Give it more memory"),
        ...inFiles.fixes,
        { text: "or let the program use less: look at its caches, its number of workers, its heap size" },
      ],
      ...occurrence(facts, "own"),
    };
  },
};
