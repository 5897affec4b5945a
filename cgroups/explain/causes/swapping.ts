/** A part of its memory is on the disk. */
import { limitEvidence, limitOf, percent, pressureEvidence, pressureOf, rounder, setFix, size } from "../evidence.ts";
import { MUCH_SWAPPED, SOME_PRESSURE } from "../thresholds.ts";
import type { Cause } from "../types.ts";

export const swapping: Cause = {
  code: "swapping",
  severity: "slow",
  find(facts) {
    const { swapUsage = 0, memoryUsage } = facts.stats;
    const share = pressureOf(facts, "memory");
    if (swapUsage < memoryUsage * MUCH_SWAPPED || share < SOME_PRESSURE) return undefined;
    const memory = limitOf(facts, "memory") ?? memoryUsage;
    return {
      title: `${size(swapUsage)} of it are in swap, and it waited for memory in ${percent(share)} of the time.`,
      explanation:
        "It has more than fits into its memory. What it needs is read from the swap device, which is slower by orders of magnitude.",
      evidence: [
        ...limitEvidence(facts, "memorySwap"),
        ...limitEvidence(facts, "swap"),
        pressureEvidence(facts, "memory"),
      ],
      fixes: [
        setFix(facts, "memory", rounder(memory + swapUsage), "Give it the memory that it has"),
        {
          text: "or forbid swap, so that it fails instead of crawling",
          command: `ctr limit set ${facts.name} --swap 0`,
        },
      ],
    };
  },
};
