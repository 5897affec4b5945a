import { addressOf, contains, overlaps, parseCidr } from "../../../ipam/ip.ts";
import { bridgeNetworks } from "../../intended.ts";
import { type Obstacle, obstaclesOfKind } from "../../obstacles.ts";
import { MAIN_TABLE } from "../../routing-tables.ts";
import { type Cause, type FlowContext, HOST, type RouteState, type StateContext } from "../../types/index.ts";
import { placeOf, text } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { routeDeletion, routeText } from "./policy-rules.ts";

interface Overlap {
  readonly route: RouteState;
  readonly network: string;
  readonly bridge: string;
  readonly subnet: string;
}

export const overlappingSubnet: Cause = {
  code: "CTRN405",
  severity: "error",
  heading: "Another network of the host has the containers' addresses",

  inspect: (context) => overlapsOf(context).map((overlap) => found(overlappingSubnet, undefined, caseOf(overlap))),

  explain: (context) =>
    obstaclesOfKind(context, "misrouted", "answer-misrouted", "reverse-path").flatMap((obstacle) => {
      const overlap = overlapAt(context, obstacle);
      return overlap === undefined ? [] : found(overlappingSubnet, obstacle, caseOf(overlap));
    }),
};

/** Packets for a container that leave by another link than its bridge. */
function overlapAt(context: FlowContext, obstacle: Obstacle): Overlap | undefined {
  if (placeOf(obstacle) !== HOST) return undefined;
  const { view, flow } = context;
  const { source = flow.source, destination = flow.destination } = obstacle.packet ?? {};
  const wanted = obstacle.kind === "reverse-path" ? source : destination;
  const network = wanted === "" ? undefined : view.networkOfAddress(wanted);
  if (network?.bridge === undefined) return undefined;
  // Where its own route is gone nothing is taken in place of it.
  const own = view.host.routes.filter(({ device, type }) => device === network.bridge && type === "unicast");
  if (!own.some(({ destination }) => isIn(destination, wanted))) return undefined;
  return (
    overlapsOf(context).find(({ bridge, route }) => bridge === network.bridge && isIn(route.destination, wanted)) ??
    told(obstacle, network.name, network.bridge, network.subnets[0]?.subnet ?? "")
  );
}

const isIn = (subnet: string, address: string): boolean =>
  subnet.includes(":") === address.includes(":") &&
  overlaps(parseCidr(subnet), parseCidr(`${address}/${address.includes(":") ? 128 : 32}`));

/** What the model says of it, where the route is in a table that a rule leads to. */
function told(obstacle: Obstacle, network: string, bridge: string, subnet: string): Overlap | undefined {
  const device = text(obstacle, "device");
  if (obstacle.kind === "reverse-path" || device === "" || device === bridge) return undefined;
  const route: RouteState = {
    ...{
      family: subnet.includes(":") ? 6 : 4,
      table: Number(text(obstacle, "table") || 254),
      type: "unicast",
      destination: subnet,
    },
    ...{ gateway: undefined, device, preferredSource: undefined, metric: 0, mtu: undefined, flags: [], nexthops: [] },
  };
  return { route, network, bridge, subnet };
}

/** Routes of the main table that are taken in place of the network's own. */
function overlapsOf({ snapshot, view }: StateContext): Overlap[] {
  return bridgeNetworks(snapshot)
    .filter(({ used }) => used)
    .flatMap(({ network, bridge }) =>
      network.subnets.flatMap(({ subnet }) => {
        const own = parseCidr(subnet);
        return view.host.routes
          .filter(({ type, table, device, destination }) => {
            if (type !== "unicast" || table !== MAIN_TABLE || device === undefined || device === bridge) return false;
            const cidr = parseCidr(destination);
            return (
              cidr.family === own.family && cidr.prefixLength >= own.prefixLength && contains(own, addressOf(cidr))
            );
          })
          .map((route) => ({ route, network: network.name, bridge, subnet }));
      }),
    );
}

function caseOf({ route, network, bridge, subnet }: Overlap): Case {
  return {
    object: `route of the host: ${routeText(route)}`,
    title: `The host sends what is for containers of network ${network} to ${route.device}, because another network has the same addresses.`,
    explanation:
      `Network ${network} has ${subnet} on the bridge ${bridge}. A VPN, another engine or the office network uses an overlapping ` +
      "range, and its route is as exact or more exact, so that it is taken.",
    evidence: [{ source: "ip route", value: routeText(route), expected: `${subnet} dev ${bridge}` }],
    fix: byHand(
      "Take the route away, or give the containers a network with other addresses (ctr net create --subnet).",
      routeDeletion(route),
    ),
  };
}
