/** It is paused. */
import type { Cause } from "../types.ts";

export const frozen: Cause = {
  code: "frozen",
  severity: "slow",
  find(facts) {
    if (facts.signals.frozen !== true) return undefined;
    return {
      title: "It is paused: no process of it gets any time.",
      explanation: "The group is frozen. Connections to it stay open and are not answered.",
      evidence: [
        {
          file: facts.files.groupEvents,
          value: facts.files.groupEvents.endsWith("freezer.state") ? "FROZEN" : "frozen 1",
          meaning: "all its processes are stopped",
        },
      ],
      fixes: [{ text: "Let it go on", command: `ctr unpause ${facts.name}` }],
    };
  },
};
