import { bridgeNetworks } from "../../intended.ts";
import { type Obstacle, obstaclesOfKind } from "../../obstacles.ts";
import type { Cause, Fix, FlowContext } from "../../types/index.ts";
import { deviceOf, number, placeOf } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { icmpFilters } from "./icmp-filters.ts";

export const tooBig: Cause = {
  code: "CTRN409",
  severity: "error",
  heading: "The packet is bigger than a link on the way takes",

  inspect: ({ view, snapshot }) =>
    bridgeNetworks(snapshot)
      .filter(({ network, used }) => used && !network.internal)
      .flatMap(({ network }) => {
        const bridge = view.host.links.find(({ name }) => name === network.bridge);
        const uplink = view.uplinks.find(({ mtu }) => bridge !== undefined && mtu < bridge.mtu);
        if (bridge === undefined || uplink === undefined) return [];
        return found(tooBig, undefined, {
          severity: "note",
          object: `network ${network.name}`,
          title: `Containers on network ${network.name} send packets of up to ${bridge.mtu} bytes, and the host's uplink ${uplink.name} takes ${uplink.mtu}.`,
          explanation:
            "TCP finds that out and goes on with smaller packets, as long as nothing on the way drops the message that says so. Programs " +
            "that send large datagrams get an error. The uplink's MTU has changed since the network was made, or was asked for otherwise.",
          evidence: [
            { source: `ip link show ${uplink.name}`, value: `mtu ${uplink.mtu}`, expected: `at least ${bridge.mtu}` },
            { source: `ip link show ${bridge.name}`, value: `mtu ${bridge.mtu}` },
          ],
          fix: networkOfSize(network.name, uplink.mtu),
        });
      }),

  explain: (context) =>
    obstaclesOfKind(context, "too-big")
      .filter((obstacle) => filtersOf(context, obstacle).length === 0)
      .map((obstacle) => found(tooBig, obstacle, caseOf(context, obstacle))),
};

/** Who sends a packet gets the message that it is too big. */
const filtersOf = ({ view, flow }: FlowContext, { direction }: Obstacle) =>
  icmpFilters(view, direction === "there" ? flow.from : (flow.to ?? flow.from), flow.family);

function caseOf({ view, flow }: FlowContext, obstacle: Obstacle): Case {
  const device = deviceOf(obstacle);
  const mtu =
    number(obstacle, "mtu") ?? view.namespace(placeOf(obstacle))?.links.find(({ name }) => name === device)?.mtu;
  const size = number(obstacle, "size") ?? flow.size;
  const network = view.networkOfAddress(flow.source)?.name;
  return {
    object: `link ${device}`,
    title: `Packets of ${size ?? "that many"} bytes do not fit through ${device || "a link on the way"}, which takes ${mtu ?? "fewer"}; smaller ones pass.`,
    explanation:
      "The kernel tells the sender how much fits. TCP takes that in and goes on with smaller packets; a program that sends " +
      "datagrams has to do so itself, and gets an error (message too long).",
    evidence: [
      {
        source: `ip link show ${device}`,
        value: `mtu ${mtu ?? "unknown"}`,
        expected: `at least ${size ?? "the containers'"}`,
      },
    ],
    fix: networkOfSize(network ?? "net", mtu ?? 1400),
  };
}

const networkOfSize = (name: string, mtu: number): Fix =>
  byHand("Send smaller datagrams, or give the containers a network with the MTU of the way out.", [
    ...["ctr", "net", "create", "-o", `com.docker.network.driver.mtu=${mtu}`, `${name}-2`],
  ]);
