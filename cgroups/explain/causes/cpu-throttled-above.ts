/** A group above has a quota that is used up. */
import { groupFix, limitOf, percent, pressureEvidence, pressureOf } from "../evidence.ts";
import { MUCH_PRESSURE, MUCH_THROTTLED } from "../thresholds.ts";
import { isThrottled } from "../throttled.ts";
import type { Cause } from "../types.ts";

export const cpuThrottledAbove: Cause = {
  code: "cpu-throttled-above",
  severity: "slow",
  find(facts) {
    if (pressureOf(facts, "cpu") < MUCH_PRESSURE) return undefined;
    const isOwn = limitOf(facts, "cpus") !== undefined && facts.rates !== undefined && isThrottled(facts.rates);
    const group = facts.above.find(({ cpu }) => (cpu?.throttledShare ?? 0) >= MUCH_THROTTLED);
    if (group?.cpu === undefined || isOwn) return undefined;
    const { cpus, throttledShare, file } = group.cpu;
    return {
      title: `It is slowed down by the limit of ${cpus} CPUs that the group ${group.path} has for all its members.`,
      explanation:
        "Its own limit is not used up. The members of the group share one quota, and wait together when it is gone.",
      evidence: [
        { file, value: `throttled ${percent(throttledShare)}`, meaning: `of the periods of ${group.path}` },
        pressureEvidence(facts, "cpu"),
      ],
      fixes: [
        groupFix(group.path, "cpus", Math.ceil(cpus * 15) / 10, `Raise the CPU limit of the group ${group.path}`),
        { text: "or limit the member that uses most", command: "ctr limit ls" },
      ],
    };
  },
};
