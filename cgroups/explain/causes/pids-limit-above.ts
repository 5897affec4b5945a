/** Forks fail for a limit that members of a group share. */
import { groupFix } from "../evidence.ts";
import { NEAR_LIMIT } from "../thresholds.ts";
import type { Cause, Facts, GroupAbove } from "../types.ts";
import { pidsLimit } from "./pids-limit.ts";

const isFull = ({ pids }: GroupAbove): boolean =>
  pids !== undefined && pids.refused > 0 && pids.usage >= pids.limit * NEAR_LIMIT;

/** It was refused a process of late, and not for its own limit. */
function isRefused(facts: Facts): boolean {
  const { rates, signals } = facts;
  return (rates?.pidsMax ?? signals.pidsMax ?? 0) > 0 && pidsLimit.find(facts) === undefined;
}

export const pidsLimitAbove: Cause = {
  code: "pids-limit-above",
  severity: "failing",
  find(facts) {
    const group = facts.above.find(isFull) ?? (isRefused(facts) ? facts.above.find(({ pids }) => pids) : undefined);
    if (group?.pids === undefined) return undefined;
    const { limit, usage, refused, file } = group.pids;
    // v1 counts where the process is that forks, v2 where the limit is.
    const count = Math.max(refused, facts.signals.pidsMax ?? 0);
    return {
      title: `The group ${group.path} may not have more than ${limit} processes and threads, and was full.`,
      explanation: `Its members share the limit; ${usage} are in use. New processes are refused in every member, whoever has most.`,
      evidence: [{ file, value: String(limit), meaning: `${usage} in use; refused ${count} times` }],
      fixes: [
        groupFix(group.path, "pids", Math.max(limit * 2, 64), `Raise the limit of the group ${group.path}`),
        { text: "or give the member with most a limit of its own", command: "ctr limit ls" },
      ],
      count,
    };
  },
};
