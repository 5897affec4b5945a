import { beyondHost } from "../../beyond-host.ts";
import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";

export const nobodyOnTheUplink: Cause = {
  code: "CTRN422",
  severity: "error",
  heading: "The next machine does not answer",

  explain: (context) => {
    const end = beyondHost(context.walk, context.observations);
    if (end?.end !== "no-neighbour" || end.neighbour === undefined) return [];
    const { flow, view } = context;
    const isGateway = view.host.routes.some(({ gateway }) => gateway === end.neighbour);
    const next = end.neighbour;
    return [
      found(nobodyOnTheUplink, undefined, {
        object: `neighbour ${next} on ${end.uplink}`,
        title: isGateway
          ? `The host's router ${next} does not answer: it is off, or the host's cable leads elsewhere.`
          : `No machine on the host's own network (${end.uplink}) has the address ${next}.`,
        explanation: isGateway
          ? "Everything beyond the host goes by that router, so neither the host nor any container gets out."
          : "The machine is off, its address has changed, or it is on another network than the host's prefix says. The packet has left " +
            "the container as it should.",
        evidence: [
          {
            source: `ip neigh show ${next} dev ${end.uplink}`,
            value: "nobody told its hardware address",
            expected: "REACHABLE or STALE",
          },
        ],
        fix: byHand(`See whether ${flow.destination === next ? "it" : "the router"} is there.`, [
          "ip",
          "neigh",
          "show",
          "dev",
          end.uplink,
        ]),
        confidence: "confirmed",
      }),
    ];
  },
};
