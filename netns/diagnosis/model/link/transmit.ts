/** A packet leaves by a link: to the next hop's hardware address, over cables and bridges, and in at the other end. */
import { readAddress } from "../../../ipam/ip.ts";
import { ParentOption } from "../../../networks/options.ts";
import type { LinkState } from "../../types/index.ts";
import { death } from "../deaths.ts";
import { findSourceFault } from "../fib/validate-source.ts";
import type { NamespaceModel } from "../namespace.ts";
import { addressText, isMulticast } from "../packet.ts";
import { forwardingFault } from "../stack/forwarding.ts";
import { end, note, type Trip } from "../trip.ts";
import type { Port } from "../world.ts";
import { crossBridge, seesRules } from "./bridge.ts";
import { resolve } from "./neighbour.ts";
import { type Crossing, findWayOut, type Path } from "./path.ts";
import { enter, passLinkRules, passWire } from "./wire.ts";

/** Where the packet is then. */
export type Arrival =
  | { readonly kind: "link"; readonly port: Port; readonly hasPassedRules: boolean }
  /** Out of what the snapshot knows, by that link of the host or of a container. */
  | { readonly kind: "beyond"; readonly port: Port }
  | { readonly kind: "nowhere" };

const NOWHERE: Arrival = { kind: "nowhere" };

/** @param gateway the next hop, unless it is the destination itself */
export function transmit(trip: Trip, namespace: NamespaceModel, link: LinkState, gateway: string | undefined): Arrival {
  const start = { namespace, link };
  const nextHop = (gateway === undefined ? undefined : readAddress(gateway)?.value) ?? trip.packet.destination;
  if (isParented(link)) return leaveParented(trip, start);
  const path = isMulticast(trip.packet.family, nextHop)
    ? findWayOut(trip.world, start)
    : resolve(trip, start, nextHop, gateway !== undefined);
  if (path === undefined) return NOWHERE;
  const { packet } = trip;
  packet.sourceMac = link.mac;
  packet.destinationMac = path.end?.link.mac;
  return follow(trip, path);
}

function follow(trip: Trip, path: Path): Arrival {
  const { start, crossings, end: target } = path;
  if (start.link.kind === "bridge") passLinkRules(trip, start, "egress");
  else passWire(trip, start, trip.world.peerOf(start));
  for (const [index, crossing] of crossings.entries()) {
    const { namespace, to } = crossing;
    if (crossBridge(trip, crossing, target?.link.mac ?? "") === "turned") return turn(trip, crossing);
    if (to === undefined) return goUp(trip, crossing);
    const out = { namespace, link: to };
    passWire(trip, out, trip.world.peerOf(out));
    if (target === undefined && index === crossings.length - 1) return { kind: "beyond", port: out };
  }
  if (target === undefined) return { kind: "beyond", port: start };
  return arriveAt(trip, target, false);
}

const arriveAt = (trip: Trip, port: Port, hasPassedRules: boolean): Arrival => {
  if (!hasPassedRules) trip.attached = undefined;
  return { kind: "link", port, hasPassedRules };
};

/** From a bridge to the namespace that has it. */
function goUp(trip: Trip, crossing: Crossing): Arrival {
  const port = { namespace: crossing.namespace, link: crossing.bridge };
  passLinkRules(trip, port, "ingress");
  return arriveAt(trip, port, seesRules(trip, crossing));
}

/**
 * Rules have given a frame another destination (br_nf_pre_routing_finish): when that is on the same bridge the frame goes
 * straight there, else it goes up, to be routed.
 */
function turn(trip: Trip, crossing: Crossing): Arrival {
  const { namespace, bridge, from } = crossing;
  const { packet } = trip;
  const { family, destination, source, mark } = packet;
  const route = namespace.fib.look({ family, destination, source, mark, inputDevice: bridge.name });
  if (route.kind !== "unicast" || route.device !== bridge.name || !mayForward(trip, { namespace, link: bridge })) {
    packet.destinationMac = bridge.mac;
    return goUp(trip, crossing);
  }
  const nextHop = (route.gateway === undefined ? undefined : readAddress(route.gateway)?.value) ?? destination;
  const path = resolve(trip, { namespace, link: bridge }, nextHop, route.gateway !== undefined);
  const [first, ...rest] = path?.crossings ?? [];
  if (path?.end === undefined || first === undefined || first.to === undefined || from === undefined) return NOWHERE;
  note(trip, {
    place: namespace.key,
    stage: "bridge",
    device: bridge.name,
    text: `bridge ${bridge.name} sends it on to ${addressText(family, destination)} itself`,
    evidence: ["br_netfilter: the new destination is on the same bridge"],
  });
  packet.sourceMac = bridge.mac;
  packet.destinationMac = path.end.link.mac;
  crossBridge(trip, { ...first, from }, path.end.link.mac, false);
  const out = { namespace, link: first.to };
  passWire(trip, out, trip.world.peerOf(out));
  if (rest.length === 0) return arriveAt(trip, path.end, false);
  return follow(trip, { start: path.start, crossings: rest, end: path.end });
}

const hangsOnTheSame = ({ lower: one }: LinkState, { lower: other }: LinkState): boolean =>
  one?.namespace !== undefined && one.namespace === other?.namespace && one.index === other.index;

/** What would not be forwarded is not sent on by the bridge either, but goes up, to be dropped. Not so with IPv6. */
const mayForward = ({ packet }: Trip, port: Port): boolean =>
  packet.family === 6 ||
  (forwardingFault(port.namespace, 4, port.link) === undefined &&
    findSourceFault(port.namespace, packet, port.link) === undefined);

/** macvlan and ipvlan: the cable is another link's. */
const isParented = ({ kind }: LinkState): boolean => kind === "macvlan" || kind === "ipvlan";

/** Frames from one of the same parent to another are not passed on, see ip-link(8). In vepa mode a switch outside may do it. */
const SEPARATING = new Set(["private", "vepa"]);

const modeOf = ({ world }: Trip, address: string): string =>
  world.view.networkOfAddress(address)?.options[ParentOption.macvlanMode] ?? "";

/** Neighbours of the same kind are reached, the host itself is not: the kernel keeps a parent and its children apart. */
function leaveParented(trip: Trip, from: Port): Arrival {
  const { packet, world } = trip;
  const { key: place } = from.namespace;
  const address = addressText(packet.family, packet.destination);
  const [holder] = world.holdersOf(address).filter(({ namespace }) => namespace !== from.namespace);
  passWire(trip, from, undefined);
  if (holder === undefined) return { kind: "beyond", port: from };
  if (holder.link.kind !== from.link.kind) {
    end(trip, {
      place,
      stage: "link",
      device: from.link.name,
      text: `${from.link.name} is a ${from.link.kind}: the kernel keeps it apart from its own host`,
      evidence: [`ip -d link show ${from.link.name}: ${from.link.kind}`],
      death: death("neighbour-silent", { place, device: from.link.name, address, reason: "no-holder", parented: true }),
    });
    return NOWHERE;
  }
  const mode = modeOf(trip, address);
  if (SEPARATING.has(mode)) {
    end(trip, {
      place,
      stage: "link",
      device: from.link.name,
      text: `${from.link.name} is a ${from.link.kind} in ${mode} mode: the kernel keeps its neighbours apart`,
      evidence: [`ip -d link show ${from.link.name}: mode ${mode}`],
      death: death("neighbour-silent", { place, device: from.link.name, address, reason: "no-holder", parented: mode }),
    });
    return NOWHERE;
  }
  if (!hangsOnTheSame(from.link, holder.link)) {
    trip.journey.doubt(
      `whether ${from.link.name} of ${place} and ${holder.link.name} of ${holder.namespace.key} share a cable`,
    );
  }
  enter(trip, holder);
  return arriveAt(trip, holder, false);
}
