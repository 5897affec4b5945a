import { beyondHost } from "../../beyond-host.ts";
import { obstaclesOf } from "../../obstacles.ts";
import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";

export const noAnswerFromElsewhere: Cause = {
  code: "CTRN421",
  severity: "error",
  heading: "The packet leaves the host, and nothing comes back",

  explain: (context) => {
    const end = beyondHost(context.walk, context.observations);
    if (end?.end !== "silence" || obstaclesOf(context).length > 0) return [];
    const { flow, walk } = context;
    const left = walk.there.at(-1)?.packet ?? flow;
    return [
      found(noAnswerFromElsewhere, undefined, {
        object: `the way beyond ${end.uplink} to ${flow.destination}`,
        title: `The packet leaves this host by ${end.uplink} as it should, and no answer comes back to the host.`,
        explanation:
          "Something beyond this host drops it or its answer: a firewall there or on the way, a machine that is off, or a router that " +
          "does not know the way back. Neither the container nor this host can mend that.",
        evidence: [
          { source: "packet", value: `sent on ${end.uplink}, from ${left.source} to ${left.destination}` },
          { source: "packet", value: `nothing came back within ${Math.round(end.attempt.milliseconds)} ms` },
        ],
        fix: byHand("Look from the other side whether it arrives there, and where it stops.", [
          "tcpdump",
          "-ni",
          end.uplink,
          "host",
          flow.destination,
        ]),
      }),
    ];
  },
};
