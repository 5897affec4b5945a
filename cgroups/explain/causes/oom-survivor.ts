/** A part of the container was killed, and the rest goes on. */
import { hasOom } from "../oom-scope.ts";
import { counterEvidence } from "../oom-texts.ts";
import type { Cause } from "../types.ts";

export const oomSurvivor: Cause = {
  code: "oom-survivor",
  severity: "failing",
  find(facts) {
    if (!hasOom(facts) || facts.exit !== undefined || (facts.signals.groupKills ?? 0) > 0) return undefined;
    const names = [...new Set(facts.victims.map(({ name }) => name))].join(", ");
    return {
      title: "It goes on without a process that was killed for lack of memory.",
      explanation: `The kernel kills one process, not the container${names === "" ? "" : ` (it was ${names})`}. A program that does not notice the loss of a worker is broken in a way that no exit code shows.`,
      evidence: [counterEvidence(facts)],
      fixes: [
        ...(facts.host.mode === "unified"
          ? [
              {
                text: "Let all processes die together, so that the restart policy acts",
                command: `ctr limit set ${facts.name} --oom-group`,
              },
            ]
          : []),
        { text: "Start it anew", command: `ctr restart ${facts.name}` },
      ],
      count: facts.signals.oomKills,
    };
  },
};
