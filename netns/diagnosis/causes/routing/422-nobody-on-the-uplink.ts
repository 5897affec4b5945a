import { beyondHost } from "../../beyond-host.ts";
import { type Cause, HOST } from "../../types/index.ts";
import { byHand, inPlace } from "../fixes.ts";
import { type Case, found } from "../found.ts";

export const nobodyOnTheUplink: Cause = {
  code: "CTRN422",
  severity: "error",
  heading: "The next machine does not answer",

  explain: (context) => {
    const end = beyondHost(context.walk, context.observations);
    if (end?.end !== "no-neighbour" || end.neighbour === undefined) return [];
    const { flow, view } = context;
    const isGateway = view.namespace(end.place)?.routes.some(({ gateway }) => gateway === end.neighbour) === true;
    const next = end.neighbour;
    const own = view.nameOf(end.place);
    if (end.place !== HOST) return [found(nobodyOnTheUplink, undefined, ofContainer(next, end.uplink, own, isGateway))];
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

/** A container with a link of its own on the host's cable (macvlan, ipvlan): neither the host nor ctr are on its way. */
const ofContainer = (next: string, device: string, name: string, isGateway: boolean): Case => ({
  object: `neighbour ${next} on ${device} of ${name}`,
  title: isGateway
    ? `The router ${next}, by which container ${name} leaves its network, does not answer.`
    : `No machine on the network of container ${name} has the address ${next}.`,
  explanation:
    "The container is on the host's own cable (macvlan, ipvlan), where other machines answer, and not ctr. The address was given as " +
    "the gateway when the network was made, or the machine is off. Switches and clouds may also keep unknown hardware addresses away.",
  evidence: [
    {
      source: `ip neigh show ${next} dev ${device} (in ${name})`,
      value: "nobody told its hardware address",
      expected: "REACHABLE or STALE",
    },
  ],
  fix: byHand(
    isGateway
      ? "Make the network with the gateway that the cable really has, and the container anew."
      : "See whether the machine is there.",
    inPlace(name, name, ["ip", "neigh", "show", "dev", device]),
  ),
  confidence: "confirmed",
});
