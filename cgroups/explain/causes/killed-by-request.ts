/** A user of the engine asked for it. */
import { hasOom } from "../oom-scope.ts";
import type { Cause } from "../types.ts";

export const killedByRequest: Cause = {
  code: "killed-by-request",
  severity: "notice",
  find(facts) {
    const { exit } = facts;
    if (exit?.code !== 137 || exit.asked !== "kill") return undefined;
    const memory = hasOom(facts) ? "" : " No process was killed for lack of memory.";
    return {
      title: "It was killed on request: exit code 137 is 128 + 9, SIGKILL.",
      explanation: `A client asked the engine to kill it (kill, or rm --force).${memory}`,
      evidence: [
        {
          file: facts.files.memoryEvents,
          value: `oom_kill ${facts.signals.oomKills}`,
          meaning: "the OOM killer's count",
        },
      ],
      fixes: [{ text: "Let it end by itself", command: `ctr stop ${facts.name}` }],
    };
  },
};
