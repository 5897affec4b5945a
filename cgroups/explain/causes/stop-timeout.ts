/** It did not heed the stop signal. */
import type { Cause } from "../types.ts";

export const stopTimeout: Cause = {
  code: "stop-timeout",
  severity: "notice",
  find(facts) {
    const { exit } = facts;
    if (exit?.code !== 137 || exit.asked !== "stop") return undefined;
    const after = exit.stopTimeout === undefined ? "" : ` for ${exit.stopTimeout} s`;
    return {
      title: `It was stopped, did not heed the stop signal${after}, and was killed then.`,
      explanation:
        "A program that is process 1 of its container gets no signal that it has no handler for, and a shell hands none on.",
      evidence: [
        {
          file: facts.files.memoryEvents,
          value: `oom_kill ${facts.signals.oomKills}`,
          meaning: "the OOM killer's count",
        },
      ],
      fixes: [
        { text: "Start it with an init that hands signals on", command: "ctr run --init …" },
        { text: "or give the signal that the program heeds (--stop-signal), or more time (--stop-timeout)" },
      ],
    };
  },
};
