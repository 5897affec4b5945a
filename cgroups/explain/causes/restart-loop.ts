/** It ends soon after each start, and is started again. */
import { lastWordsEvidence } from "../evidence.ts";
import type { Cause } from "../types.ts";

/** Fewer may be chance: a database that is not up yet. */
const SEVERAL = 3;
/** Beyond it is not counted. */
const MOST = 10;

export const restartLoop: Cause = {
  code: "restart-loop",
  severity: "failing",
  find(facts) {
    const { exit, name } = facts;
    const { restarts = 0 } = facts.program ?? {};
    if (restarts < SEVERAL) return undefined;
    const code = exit === undefined ? "" : ` The last exit code was ${exit.code}.`;
    return {
      title: `It ends soon after each start: its restart policy has started it anew ${restarts >= MOST ? `${MOST} times and more` : `${restarts} times in a row`}.`,
      explanation: `The engine waits longer each time, up to a minute.${code}`,
      evidence: lastWordsEvidence(facts),
      fixes: [
        { text: "See what it says", command: `ctr logs --tail 50 ${name}` },
        { text: "or let it rest until that is mended", command: `ctr update --restart no ${name}` },
      ],
      count: restarts,
    };
  },
};
