/** Above its soft limit. */
import { limitEvidence, limitOf, pressureEvidence, pressureOf, rounder, setFix, size } from "../evidence.ts";
import { SOME_PRESSURE } from "../thresholds.ts";
import type { Cause } from "../types.ts";

export const memoryHigh: Cause = {
  code: "memory-high",
  severity: "slow",
  find(facts) {
    const high = limitOf(facts, "memoryHigh");
    const { rates, signals } = facts;
    if (high === undefined || (rates?.memoryHigh ?? 0) === 0 || pressureOf(facts, "memory") < SOME_PRESSURE)
      return undefined;
    return {
      title: `It is slowed down above its soft limit of ${size(high)}.`,
      explanation:
        "Above memory.high the kernel makes processes that ask for memory wait while it takes some back. Nobody is killed; a program that really needs the memory crawls.",
      evidence: [
        {
          file: facts.files.memoryEvents,
          value: `high ${signals.memoryHigh ?? 0}`,
          meaning: `times that a process was slowed down, ${rates?.memoryHigh ?? 0} of late`,
        },
        ...limitEvidence(facts, "memoryHigh"),
        pressureEvidence(facts, "memory"),
      ],
      fixes: [
        setFix(facts, "memoryHigh", rounder(high * 1.25), "Raise the soft limit"),
        { text: "or take it away", command: `ctr limit unset ${facts.name} memory-high` },
      ],
      count: signals.memoryHigh ?? 0,
    };
  },
};
