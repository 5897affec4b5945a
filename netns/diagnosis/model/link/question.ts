/**
 * The question for a hardware address and its answer are packets too: ARP frames, which rules of the families arp,
 * bridge and netdev see, and which an interface with strict source checks ignores; for IPv6 solicitations, which pass all
 * rules of IP.
 */
import type { LinkState } from "../../types/index.ts";
import { death } from "../deaths.ts";
import { findSourceFault } from "../fib/validate-source.ts";
import { IcmpType, IpProtocol, isLoopback, makePacket, type Packet } from "../packet.ts";
import { passFrameHook, passHook } from "../stack/hooks.ts";
import { end, type Trip } from "../trip.ts";
import type { Port } from "../world.ts";
import { seesRules } from "./bridge.ts";
import { findFdbFault } from "./fdb.ts";
import type { Crossing, Path } from "./path.ts";
import { passLinkRules } from "./wire.ts";

/** ff02::1:ff00:0/104 (RFC 4291). */
const SOLICITED_NODE = 0xff02_0000_0000_0000_0000_0001_ff00_0000n;

const BROADCAST = "ff:ff:ff:ff:ff:ff";

/** Once for each pair in a walk. */
export function checkQuestion(trip: Trip, path: Path, address: bigint, isRemembered: boolean): void {
  const { start, end: target } = path;
  if (target === undefined) return;
  const key = keyOf(start, address);
  if (trip.resolved.has(key)) return;
  trip.resolved.set(key, target);
  trip.isRemembered = isRemembered;
  const deaths = trip.journey.deaths.length;
  askAndAnswer(trip, path, target, address, () => trip.journey.deaths.length === deaths);
  trip.isRemembered = false;
}

/** @param isWell whether nothing has ended it until now */
function askAndAnswer(trip: Trip, path: Path, target: Port, address: bigint, isWell: () => boolean): void {
  const { start } = path;
  const asker = askerAddress(trip, start);
  if (asker === undefined) return;
  const { family } = trip.packet;
  if (family === 4) checkAnswering(trip, { start, target, asker, address });
  const pair = { source: asker, destination: address };
  ask(trip, path, questionPacket(family, pair, start, target, true));
  // Who is asked learns from the question who asks (arp_process, ndisc_recv_ns).
  if (isWell()) trip.resolved.set(keyOf(target, asker), start);
  ask(
    trip,
    turned(path, target),
    questionPacket(family, { source: address, destination: asker }, target, start, false),
  );
  for (const crossing of turned(path, target).crossings) checkWayBack(trip, crossing, start.link.mac);
}

/** A neighbour that is not in the snapshot: the rules of this end alone. */
export function checkQuestionOut(trip: Trip, port: Port, address: bigint, isRemembered: boolean): void {
  const key = keyOf(port, address);
  const asker = askerAddress(trip, port);
  if (trip.resolved.has(key) || asker === undefined || port.link.mac === "") return;
  trip.resolved.set(key, port);
  trip.isRemembered = isRemembered;
  const { family } = trip.packet;
  const path: Path = { start: port, crossings: [], end: undefined };
  ask(trip, path, questionPacket(family, { source: asker, destination: address }, port, port, true));
  hear(trip, port, questionPacket(family, { source: address, destination: asker }, port, port, false));
  trip.isRemembered = false;
}

/** Somebody out there asks for an address of this end before he sends to it. */
export function checkQuestionIn(trip: Trip, port: Port): void {
  const { family, source, destination } = trip.packet;
  const isOwn = port.namespace.linkWith(family, destination) === port.link;
  if (!isOwn || port.link.mac === "") return;
  trip.resolved.set(keyOf(port, source), port);
  hear(trip, port, questionPacket(family, { source, destination }, port, port, true));
  const path: Path = { start: port, crossings: [], end: undefined };
  ask(trip, path, questionPacket(family, { source: destination, destination: source }, port, port, false));
}

/** Somebody who has been asked for, or who has asked. */
export const knownNeighbour = (trip: Trip, port: Port, address: bigint): Port | undefined =>
  trip.resolved.get(keyOf(port, address));

const keyOf = ({ namespace, link }: Port, address: bigint): string => `${namespace.key} ${link.name} ${address}`;

/** The sender's own address, or the first of the link. A loopback address is never asked with (arp_solicit). */
function askerAddress({ packet }: Trip, { namespace, link }: Port): bigint | undefined {
  const own = namespace.addressesOf(link).filter(({ family, state }) => family === packet.family && state === "ready");
  const isOwn = namespace.fib.addressType(packet.family, packet.source) === "local";
  return isOwn && !isLoopback(packet.family, packet.source) ? packet.source : own[0]?.value;
}

/** arp_process asks for a route back to the asker before it answers. */
function checkAnswering(
  trip: Trip,
  { start, target, asker, address }: { start: Port; target: Port; asker: bigint; address: bigint },
): void {
  const { namespace, link } = target;
  const frame = makePacket({ family: 4, protocol: 0, source: asker, destination: address });
  const fault = findSourceFault(namespace, frame, link);
  if (fault?.kind !== "reverse-path") return;
  end(trip, {
    place: namespace.key,
    stage: "neighbour",
    device: link.name,
    text: `${link.name} in ${trip.world.view.nameOf(namespace.key)} answers no questions of ${start.link.name}: the way back leads over ${fault.expectedDevice ?? "nothing"}`,
    evidence: [`sysctl ${fault.key}`],
    death: death("reverse-path", {
      place: namespace.key,
      device: link.name,
      expectedDevice: fault.expectedDevice,
      key: fault.key,
      protocolArp: true,
    }),
  });
}

function questionPacket(
  family: 4 | 6,
  { source, destination }: { source: bigint; destination: bigint },
  from: Port,
  to: Port,
  isQuestion: boolean,
): Packet {
  const macs = { sourceMac: from.link.mac, destinationMac: isQuestion ? BROADCAST : to.link.mac };
  if (family === 4) {
    return makePacket({
      family,
      protocol: 0,
      arp: isQuestion ? "request" : "reply",
      source,
      destination,
      size: 28,
      ...macs,
    });
  }
  const icmpType = isQuestion ? IcmpType.neighbourSolicitation : IcmpType.neighbourAdvertisement;
  const asked = isQuestion ? SOLICITED_NODE | (destination & 0xff_ffffn) : destination;
  return makePacket({
    family,
    protocol: IpProtocol.icmp6,
    icmpType,
    source,
    destination: asked,
    size: 72,
    ttl: 255,
    ...macs,
  });
}

function turned({ start, crossings }: Path, target: Port): Path {
  return {
    start: target,
    crossings: crossings.map((crossing) => ({ ...crossing, from: crossing.to, to: crossing.from })).toReversed(),
    end: start,
  };
}

/** Through the rules alone: links and ports are looked at when the packet itself comes. */
function ask(trip: Trip, { start, crossings, end: target }: Path, question: Packet): void {
  const { packet, attached } = trip;
  Object.assign(trip, { packet: question, attached: undefined });
  if (question.arp !== undefined) passFrameHook(trip, { ...start, hook: "output", outputLink: start.link }, ["arp"]);
  else leaveAsSolicitation(trip, start);
  passLinkRules(trip, start, "egress");
  for (const crossing of crossings) {
    trip.attached = undefined;
    crossRules(trip, crossing);
  }
  Object.assign(trip, { packet, attached });
  if (target !== undefined) hear(trip, target, question);
}

/** The kernel makes these packets with their link, which rules at the last hook take for the one that they came by. */
function leaveAsSolicitation(trip: Trip, { namespace, link }: Port): void {
  passHook(trip, { namespace, hook: "output", outputLink: link });
  passHook(trip, { namespace, hook: "postrouting", inputLink: link, outputLink: link });
}

function hear(trip: Trip, target: Port, question: Packet): void {
  const { packet, attached } = trip;
  const place = { ...target, inputLink: target.link };
  Object.assign(trip, { packet: question, attached: undefined });
  passLinkRules(trip, target, "ingress");
  if (question.arp === undefined) {
    passHook(trip, { ...place, hook: "prerouting" });
    passHook(trip, { ...place, hook: "input" });
  } else {
    passFrameHook(trip, { ...place, hook: "input" }, ["arp"]);
  }
  Object.assign(trip, { packet, attached });
}

function crossRules(trip: Trip, crossing: Crossing): void {
  const { namespace, bridge, from, to } = crossing;
  // What is for the bridge itself passes the rules of IP where it is heard.
  const isBridged = from !== undefined && to !== undefined && seesRules(trip, crossing);
  if (from !== undefined) {
    passLinkRules(trip, { namespace, link: from }, "ingress");
    passFrameHook(trip, { namespace, hook: "prerouting", inputLink: from }, ["bridge"]);
    if (isBridged) passHook(trip, { namespace, hook: "prerouting", inputLink: bridge, inputPort: from.name });
  }
  if (from !== undefined && to !== undefined) {
    passFrameHook(trip, { namespace, hook: "forward", inputLink: from, outputLink: to }, ["bridge"]);
    const ports = { inputPort: from.name, outputPort: to.name };
    if (isBridged) passHook(trip, { namespace, hook: "forward", inputLink: bridge, outputLink: bridge, ...ports });
  } else if (to === undefined) {
    passFrameHook(trip, { namespace, hook: "input", inputLink: from ?? bridge }, ["bridge"]);
  } else {
    passFrameHook(trip, { namespace, hook: "output", outputLink: to }, ["bridge"]);
  }
  if (to !== undefined) {
    checkFlood(trip, crossing, to);
    if (isBridged) passHook(trip, { namespace, hook: "postrouting", outputLink: bridge, outputPort: to.name });
    passFrameHook(trip, { namespace, hook: "postrouting", outputLink: to }, ["bridge"]);
    passLinkRules(trip, { namespace, link: to }, "egress");
  }
}

/** Whom a question is for is not known yet: it goes to all ports, save those that get nothing of the kind. */
function checkFlood(trip: Trip, { namespace, bridge }: Crossing, to: LinkState): void {
  const { packet } = trip;
  if (packet.destinationMac !== BROADCAST) return;
  const option = packet.family === 4 ? "broadcastFlood" : "multicastFlood";
  if (to.port?.[option] !== false) return;
  const word = packet.family === 4 ? "bcast_flood" : "mcast_flood";
  end(trip, {
    place: namespace.key,
    stage: "bridge",
    device: to.name,
    text: `the bridge ${bridge.name} sends no questions for neighbours to ${to.name}`,
    evidence: [`bridge -d link show dev ${to.name}: ${word} off`],
    death: death("not-flooded", { place: namespace.key, device: to.name }),
  });
}

function checkWayBack(trip: Trip, crossing: Crossing, mac: string): void {
  const fault = findFdbFault(crossing, mac);
  if (fault === undefined) return;
  end(trip, { place: crossing.namespace.key, stage: "neighbour", device: crossing.to?.name, ...fault });
}
