/** Forks fail for a limit that members of a group share. */
import type { Cause } from "../types.ts";

export const pidsLimitAbove: Cause = {
  code: "pids-limit-above",
  severity: "failing",
  find(facts) {
    const group = facts.above.find(
      ({ pids }) => pids !== undefined && pids.refused > 0 && pids.usage >= pids.limit * 0.9,
    );
    if (group?.pids === undefined) return undefined;
    const { limit, usage, refused, file } = group.pids;
    return {
      title: `The group ${group.path} may not have more than ${limit} processes and threads, and is full.`,
      explanation: `Its members share the limit; ${usage} are in use. New processes are refused in every member, whoever has most.`,
      evidence: [{ file, value: String(limit), meaning: `${usage} in use, ${refused} times refused` }],
      fixes: [
        {
          text: `Raise the limit of the group ${group.path}, or give the member with most a limit of its own`,
          command: "ctr limit ls",
        },
      ],
      count: refused,
    };
  },
};
