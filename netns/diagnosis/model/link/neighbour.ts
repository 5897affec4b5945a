/** Finds the hardware address of the next hop, as the kernel does before it sends anything. */
import { readAddress } from "../../../ipam/ip.ts";
import { HOST, type NeighbourState } from "../../types/index.ts";
import { death } from "../deaths.ts";
import { addressText } from "../packet.ts";
import { end, note, suspect, type Trip } from "../trip.ts";
import type { Port } from "../world.ts";
import { findHolders, type Holder } from "./holders.ts";
import { attachmentOf, findPath, findWayOut, type Path } from "./path.ts";
import { checkQuestion, checkQuestionOut, knownNeighbour } from "./question.ts";

/** @returns the way to the next hop; undefined when nobody can be meant */
export function resolve(trip: Trip, from: Port, nextHop: bigint, isGateway: boolean): Path | undefined {
  const { family } = trip.packet;
  const address = addressText(family, nextHop);
  const holders = findHolders(trip.world, from, family, nextHop);
  const wayOut = findWayOut(trip.world, from);
  const known = from.namespace.neighbour(from.link.name, address);
  if (known?.state === "permanent" && known.mac !== undefined)
    return useKnown(trip, { from, address, mac: known.mac }, holders, wayOut);
  if (isPort(from)) return silent(trip, { from, address, nextHop, isGateway }, "no-holder", undefined);
  if (holders.length === 0 && wayOut !== undefined) return leaveOut(trip, from, nextHop, wayOut);
  if (from.link.noArp) return silent(trip, { from, address, nextHop, isGateway }, "no-arp", holders[0]);
  const [holder] = holders;
  if (holder === undefined) return silent(trip, { from, address, nextHop, isGateway }, "no-holder", undefined);
  if (holders.length > 1) return judgeDuplicates(trip, { from, address, nextHop }, holders);
  if (isSilent(trip, from, nextHop, holder)) {
    trip.isRemembered = isUsable(known, holder);
    const path = silent(trip, { from, address, nextHop, isGateway }, "no-arp", holder);
    trip.isRemembered = false;
    return path;
  }
  checkQuestion(trip, holder.path, nextHop, isUsable(known, holder));
  found(trip, from, address, holder);
  return holder.path;
}

/** It answers no questions, and has not asked itself before, whereby it would be known. */
const isSilent = (trip: Trip, from: Port, nextHop: bigint, { port, ignoredBy }: Holder): boolean =>
  (port.link.noArp || ignoredBy !== undefined) && knownNeighbour(trip, from, nextHop) === undefined;

/** An entry that the kernel goes on using, and asks about later. */
const isUsable = (known: NeighbourState | undefined, { port }: Holder): boolean =>
  known?.mac === port.link.mac && USABLE.has(known.state);

const USABLE = new Set(["reachable", "stale", "delay", "probe"]);

interface Question {
  readonly from: Port;
  readonly address: string;
}

/** What comes back to a port of a bridge is the bridge's: its own questions are never answered. */
const isPort = ({ namespace, link }: Port): boolean => namespace.link(link.master)?.kind === "bridge";

function found(trip: Trip, { namespace, link }: Port, address: string, { port, isProxy }: Holder): void {
  const known = namespace.neighbour(link.name, address);
  note(trip, {
    place: namespace.key,
    stage: "neighbour",
    device: link.name,
    text: `${address} is ${port.link.mac} (${port.link.name} in ${trip.world.view.nameOf(port.namespace.key)}${isProxy ? ", for others" : ""})`,
    evidence: [`ip neigh show ${address}: ${known?.state ?? "no entry"}`],
  });
}

/** Nobody is asked: the entry is used as somebody has written it. */
function useKnown(
  trip: Trip,
  { from, address, mac }: Question & { readonly mac: string },
  holders: readonly Holder[],
  wayOut: Path | undefined,
): Path | undefined {
  const right = holders.find(({ port }) => port.link.mac === mac);
  const [holder] = holders;
  if (right === undefined && holder === undefined && wayOut !== undefined) suspectFixed(trip, { from, address }, mac);
  if (right !== undefined || holder === undefined) {
    if (right !== undefined) found(trip, from, address, right);
    return (
      right?.path ?? wayOut ?? silent(trip, { from, address, nextHop: 0n, isGateway: false }, "no-holder", undefined)
    );
  }
  endAsWrong(trip, { from, address }, mac, holder.port.link.mac, "somebody has fixed");
  return holder.path;
}

/** Whoever has the address is out of sight: whether the entry is right shows when somebody answers. */
function suspectFixed(trip: Trip, { from: { namespace, link }, address }: Question, mac: string): void {
  const step = {
    ...({ place: namespace.key, stage: "neighbour", device: link.name } as const),
    text: `somebody has fixed ${mac} for ${address}, which is out of sight`,
    evidence: [`ip neigh show ${address} dev ${link.name}: lladdr ${mac} PERMANENT`],
    death: death("neighbour-wrong", { place: namespace.key, device: link.name, address, mac }),
  };
  suspect(trip, step, `whether ${mac} is the hardware address of ${address}: somebody has fixed it on ${link.name}`);
}

function endAsWrong(trip: Trip, { from, address }: Question, mac: string, expectedMac: string, why: string): void {
  const { namespace, link } = from;
  const isDuplicate = why !== "somebody has fixed";
  end(trip, {
    place: namespace.key,
    stage: "neighbour",
    device: link.name,
    text: `${why} ${mac} for ${address}, which is ${expectedMac}`,
    evidence: [`ip neigh show ${address} dev ${link.name}: lladdr ${mac}`],
    death: death("neighbour-wrong", {
      place: namespace.key,
      device: link.name,
      address,
      mac,
      expectedMac,
      ...(isDuplicate ? { duplicate: true } : {}),
    }),
  });
}

/** Two have the address: whose answer was taken last gets the packets. */
function judgeDuplicates(
  trip: Trip,
  { from, address, nextHop }: Question & { readonly nextHop: bigint },
  holders: readonly Holder[],
): Path | undefined {
  const { namespace, link } = from;
  const intended = trip.world.endpointOf(address);
  const inner = intended && trip.world.innerPort(intended);
  // Who has just asked himself is known by that.
  const asking = knownNeighbour(trip, from, nextHop);
  const expected =
    holders.find(({ port }) => port.link === inner?.link) ??
    holders.find(({ port }) => port.link === asking?.link) ??
    holders[0];
  const known = namespace.neighbour(link.name, address);
  const taken = holders.find(({ port }) => port.link.mac === known?.mac);
  if (expected === undefined) return undefined;
  if (taken !== undefined && taken !== expected && known?.mac !== undefined) {
    endAsWrong(trip, { from, address }, known.mac, expected.port.link.mac, "another one has answered with");
    return expected.path;
  }
  const who = holders.map(({ port }) => trip.world.view.nameOf(port.namespace.key)).join(" and ");
  note(trip, {
    place: namespace.key,
    stage: "neighbour",
    device: link.name,
    verdict: "unknown",
    text: `${address} is held by ${who}`,
    evidence: holders.map(({ port }) => `${port.link.mac} ${port.link.name} in ${port.namespace.key}`),
  });
  trip.journey.doubt(`which of ${who} gets packets for ${address}`, true);
  return expected.path;
}

function leaveOut(trip: Trip, { namespace, link }: Port, nextHop: bigint, wayOut: Path): Path {
  const address = addressText(trip.packet.family, nextHop);
  const known = namespace.neighbour(link.name, address);
  const isKnown = known !== undefined && USABLE.has(known.state);
  if (isDeaf({ namespace, link })) endDeaf(trip, { namespace, link }, address);
  checkQuestionOut(trip, { namespace, link }, nextHop, isKnown);
  note(trip, {
    place: namespace.key,
    stage: "neighbour",
    device: link.name,
    text: `${address} is out of sight, beyond ${wayOut.crossings[0]?.to?.name ?? link.name}`,
    evidence: [`ip neigh show ${address} dev ${link.name}: ${known?.state ?? "no entry"}`],
  });
  return wayOut;
}

/** ARP is switched off where links have it: tunnels have none by nature. */
export const isDeaf = ({ link }: Port): boolean => link.noArp && link.mac !== "" && WITH_ARP.has(link.kind);

const WITH_ARP = new Set(["", "veth", "bridge", "vlan", "bond", "macvlan"]);

/** @param address that is asked for, by this link or at it */
export function endDeaf(trip: Trip, { namespace, link }: Port, address: string): void {
  end(trip, {
    place: namespace.key,
    stage: "neighbour",
    device: link.name,
    text: `${link.name} takes no part in address resolution`,
    evidence: [`ip link show ${link.name}: NOARP`],
    death: death("neighbour-silent", { place: namespace.key, device: link.name, address, reason: "no-arp" }),
  });
}

type Reason = "no-holder" | "no-arp" | "wrong-prefix" | "gateway-missing";

interface Silence extends Question {
  readonly nextHop: bigint;
  readonly isGateway: boolean;
}

/** @returns the way that it should take, for what comes after */
function silent(
  trip: Trip,
  { from, address, isGateway }: Silence,
  reason: Reason,
  holder: Holder | undefined,
): Path | undefined {
  const { namespace, link } = from;
  const detail = reason === "no-holder" ? explain(trip, { from, address }, isGateway) : reason;
  const known = namespace.neighbour(link.name, address);
  const asked = holder !== undefined && !link.noArp ? holder.port : from;
  end(trip, {
    place: namespace.key,
    stage: "neighbour",
    device: link.name,
    text:
      reason === "no-arp"
        ? `${asked.link.name} in ${trip.world.view.nameOf(asked.namespace.key)} takes no part in address resolution`
        : `nobody on ${link.name} has the address ${address}`,
    evidence: [
      `ip neigh show ${address} dev ${link.name}: ${known?.state ?? "no entry"}`,
      ...(holder?.ignoredBy === undefined ? [] : [`sysctl ${holder.ignoredBy}`]),
    ],
    death: death("neighbour-silent", {
      place: namespace.key,
      device: link.name,
      address,
      reason: detail,
      key: holder?.ignoredBy,
      ...(holder === undefined ? {} : { holder: asked.namespace.key, holderDevice: asked.link.name }),
    }),
  });
  return holder?.path ?? expectedPath(trip, from, address, isGateway);
}

/** A gateway that is not there; an address that is elsewhere, and that a route takes for one of this link. */
function explain(trip: Trip, { from, address }: Question, isGateway: boolean): Reason {
  if (isGateway) return "gateway-missing";
  const value = readAddress(address);
  const network = trip.world.view.networkOfAddress(address);
  if (value === undefined || from.namespace.key === HOST) return "no-holder";
  const attachment = attachmentOf(trip.world, from);
  const bridge = attachment.kind === "bridge" ? attachment.bridge.name : undefined;
  const isForeign = network === undefined || (bridge !== undefined && network.bridge !== bridge);
  return isForeign && trip.world.view.snapshot.intent.networks.length > 0 ? "wrong-prefix" : "no-holder";
}

/** Where the store says that the address is; a gateway that is nobody's is meant to be the bridge. */
function expectedPath(trip: Trip, from: Port, address: string, isGateway: boolean): Path | undefined {
  const { world } = trip;
  const intended = world.endpointOf(address);
  const inner = intended && world.innerPort(intended);
  if (inner !== undefined && inner.namespace !== from.namespace) return findPath(world, from, inner);
  const attachment = attachmentOf(world, from);
  if (attachment.kind === "bridge" && attachment.port !== undefined && (isGateway || intended === undefined)) {
    return findPath(world, from, { namespace: attachment.namespace, link: attachment.bridge });
  }
  return undefined;
}
