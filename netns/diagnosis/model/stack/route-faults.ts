/** Routes that lead nowhere, or elsewhere than the store says. */

import { isDefaultRoute, MAIN_TABLE, tableName } from "../../routing-tables.ts";
import { type Death, type DeathKind, HOST, type LinkState } from "../../types/index.ts";
import { death } from "../deaths.ts";
import { type FibResult, type Nexthop, routeText } from "../fib/fib.ts";
import type { NamespaceModel } from "../namespace.ts";
import { addressText, isLoopback } from "../packet.ts";
import { end, note, suspect, type Trip } from "../trip.ts";

/** Where a packet goes on. */
export interface Onward {
  readonly link: LinkState;
  readonly gateway: string | undefined;
}

const KINDS: Partial<Record<FibResult["kind"], DeathKind>> = {
  none: "no-route",
  unreachable: "route-unreachable",
  prohibit: "route-prohibited",
  blackhole: "route-blackhole",
};

const WORDS: Partial<Record<FibResult["kind"], string>> = {
  none: "no route leads to",
  unreachable: "a route says unreachable for",
  prohibit: "a route forbids",
  blackhole: "a route swallows packets for",
};

/**
 * Takes note of the route.
 * @param isOwn the namespace sends itself: it is told of errors
 * @returns where the packet goes on; as it should be, when the route ends it; undefined when nobody knows
 */
export function goOn(trip: Trip, namespace: NamespaceModel, route: FibResult, isOwn: boolean): Onward | undefined {
  const { key: place } = namespace;
  checkOtherwise(trip, namespace, route, isOwn);
  const fault = faultOf(trip, namespace, route, isOwn);
  if (fault !== undefined) {
    end(trip, fault);
    return expected(trip, namespace);
  }
  const { device, gateway } = choosePath(trip, route);
  const link = namespace.link(device);
  if (link === undefined) return expected(trip, namespace);
  const text = routeText({ ...route, device, gateway });
  note(trip, {
    place,
    stage: "route",
    device: link.name,
    text: `route ${text}`,
    evidence: [`ip route show table ${tableName(route.table ?? MAIN_TABLE)}: ${text}`, ...ruleText(route)],
  });
  return correct(trip, namespace, route, { link, gateway });
}

/** Packets of one connection keep to one path: each is looked at in a walk of its own. */
function choosePath({ paths }: Trip, { device, gateway, alternatives }: FibResult): Nexthop {
  paths.most = Math.max(paths.most, 1 + alternatives.length);
  return [{ device, gateway }, ...alternatives][paths.taken % (1 + alternatives.length)] ?? { device, gateway };
}

/** A rule that may apply may end the packet. */
function checkOtherwise(trip: Trip, namespace: NamespaceModel, route: FibResult, isOwn: boolean): void {
  if (route.unknown === undefined) return;
  const doubt = `${route.unknown} (in ${namespace.key})`;
  const fault = route.otherwise && faultOf(trip, namespace, route.otherwise, isOwn);
  if (fault === undefined) trip.journey.doubt(doubt, true);
  else suspect(trip, fault, doubt);
}

function faultOf(trip: Trip, { key: place }: NamespaceModel, route: FibResult, isOwn: boolean) {
  const kind = KINDS[route.kind];
  if (kind === undefined) return undefined;
  const destination = addressText(trip.packet.family, trip.packet.destination);
  return {
    place,
    stage: "route" as const,
    text: `${WORDS[route.kind]} ${destination}`,
    evidence: [`ip route get ${destination}`, ...ruleText(route)],
    death: death(kind, factsOf(place, destination, route), seenOf(kind, isOwn)),
  };
}

const ruleText = ({ rule }: FibResult): string[] =>
  rule === undefined || [0, 32_766, 32_767].includes(rule.priority) ? [] : [`ip rule: ${rule.priority}`];

function factsOf(place: string, destination: string, { table, device, rule }: FibResult): Death["facts"] {
  const viaRule = rule === undefined || [0, 32_766, 32_767].includes(rule.priority) ? undefined : rule.priority;
  return { place, table, destination, device, viaRule };
}

function seenOf(kind: DeathKind, isOwn: boolean): Death["seen"] {
  if (kind === "route-blackhole") return isOwn ? "error" : "silence";
  return "unreachable";
}

/** A route that leads away from the network that has the address, or to the outside by a network of containers. */
function correct(trip: Trip, namespace: NamespaceModel, route: FibResult, onward: Onward): Onward {
  if (namespace.key !== HOST) return onward;
  const wanted = intendedDevice(trip, namespace, onward.link);
  if (wanted === undefined || wanted.link === onward.link) return onward;
  const { key: place } = namespace;
  end(trip, {
    place,
    stage: "route",
    device: onward.link.name,
    text: `the route to ${addressText(trip.packet.family, trip.packet.destination)} leads over ${onward.link.name}, not over ${wanted.link.name}`,
    evidence: [`ip route show table ${tableName(route.table ?? MAIN_TABLE)}: ${routeText(route)}`, ...ruleText(route)],
    death: death("misrouted", {
      ...factsOf(place, addressText(trip.packet.family, trip.packet.destination), route),
      device: onward.link.name,
      expectedDevice: wanted.link.name,
    }),
  });
  return wanted;
}

function intendedDevice(trip: Trip, namespace: NamespaceModel, taken: LinkState): Onward | undefined {
  const { family, destination } = trip.packet;
  const address = addressText(family, destination);
  const bridge = trip.world.endpointOf(address)?.network?.bridge;
  const own = namespace.link(bridge);
  if (own !== undefined) return { link: own, gateway: undefined };
  const isOfContainers = trip.world.view.networkOfBridge(taken.name) !== undefined;
  if (!isOfContainers || trip.world.view.networkOfAddress(address) !== undefined) return undefined;
  return byMainTable(namespace, family);
}

/** The host's own way out. */
function byMainTable(namespace: NamespaceModel, family: 4 | 6): Onward | undefined {
  const route = namespace.state.routes.find(
    (each) => each.family === family && each.table === MAIN_TABLE && isDefaultRoute(each),
  );
  const link = namespace.link(route?.device);
  return route === undefined || link === undefined ? undefined : { link, gateway: route.gateway };
}

/** Where the packet should go by the store: the container's cable, the network's bridge, the uplink. */
function expected(trip: Trip, namespace: NamespaceModel): Onward | undefined {
  const { world, packet } = trip;
  const address = addressText(packet.family, packet.destination);
  if (namespace.key === HOST) {
    const own = namespace.link(world.endpointOf(address)?.network?.bridge);
    return own === undefined ? byMainTable(namespace, packet.family) : { link: own, gateway: undefined };
  }
  const [container] = world.view.containersIn(namespace.key);
  const neighbour = world.endpointOf(address)?.endpoint.networkId;
  const endpoints = container?.endpoints ?? [];
  const beside = endpoints.find(({ networkId }) => networkId === neighbour);
  const leading =
    beside ?? endpoints.find(({ gateway, gateway6 }) => (packet.family === 4 ? gateway : gateway6) !== "");
  const link = namespace.link(leading?.interfaceName);
  if (leading === undefined || link === undefined || isLoopback(packet.family, packet.destination)) return undefined;
  const gateway = packet.family === 4 ? leading.gateway : leading.gateway6;
  return { link, gateway: beside !== undefined || gateway === "" ? undefined : gateway };
}
