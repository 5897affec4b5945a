/** Just below its limit: what it reads is thrown out at once, and read again. */
import { limitEvidence, limitOf, percent, pressureEvidence, pressureOf, rounder, setFix } from "../evidence.ts";
import { NEAR_LIMIT, SOME_PRESSURE } from "../thresholds.ts";
import type { Cause } from "../types.ts";

export const memoryTight: Cause = {
  code: "memory-tight",
  severity: "slow",
  find(facts) {
    const limit = limitOf(facts, "memory");
    const share = pressureOf(facts, "memory");
    if (limit === undefined || share < SOME_PRESSURE || facts.stats.memoryUsage < limit * NEAR_LIMIT) return undefined;
    return {
      title: `Its memory is too tight: in ${percent(share)} of the time it waited for memory.`,
      explanation:
        "It lives just below its limit. The kernel keeps it there by taking back what was read from files (and programs are files), which is then read again.",
      evidence: [...limitEvidence(facts, "memory"), pressureEvidence(facts, "memory")],
      fixes: [setFix(facts, "memory", rounder(limit * 1.25), "Give it more memory")],
      ...(facts.rates?.memoryMax ? { count: facts.rates.memoryMax } : {}),
    };
  },
};
