import { beyondHost } from "../../beyond-host.ts";
import { obstaclesOf } from "../../obstacles.ts";
import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";

export const refusedElsewhere: Cause = {
  code: "CTRN420",
  severity: "error",
  heading: "Another machine refuses",

  explain: (context) => {
    const end = beyondHost(context.walk, context.observations);
    if (end?.end !== "refused" || obstaclesOf(context).length > 0) return [];
    const { flow } = context;
    const { outcome, errno, reportedBy } = end.attempt;
    const isRouter = outcome === "unreachable" && reportedBy !== undefined;
    const who = isRouter ? reportedBy : flow.destination;
    return [
      found(refusedElsewhere, undefined, {
        object: isRouter ? `machine ${who}` : `${who} port ${flow.destinationPort}/${flow.protocol}`,
        title: isRouter
          ? `${who}, another machine on the way, says that there is no way to ${flow.destination}.`
          : `${who} refuses: nothing listens there on port ${flow.destinationPort}/${flow.protocol}, or a firewall of its own turns it away.`,
        explanation:
          "The packet left this host as it should, and a machine beyond it answered with a refusal: this host's and the container's " +
          "network are fine. Look there.",
        evidence: [
          {
            source: "answer",
            value: `${errno ?? outcome} after ${end.attempt.milliseconds.toFixed(1)} ms, over ${end.uplink}`,
          },
          ...(reportedBy === undefined ? [] : [{ source: "reported by", value: reportedBy }]),
        ],
        fix: byHand("On that machine, see whether the program runs and which port it has."),
        confidence: end.wasSeen ? "confirmed" : "likely",
      }),
    ];
  },
};
