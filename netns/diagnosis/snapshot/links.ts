/** Links with what they are and where they hang. See rtnetlink(7), RTM_GETLINK, and linux/if_link.h. */
import { concat, parseAttributes, readMac, readText, readU32 } from "../../netlink/codec.ts";
import { BridgePortAttribute, IFF_UP, LinkAttribute, LinkInfoAttribute, MessageType } from "../../netlink/constants.ts";
import { ifinfomsg } from "../../netlink/link.ts";
import type { NetlinkSocket } from "../../netlink/transport.ts";
import type { AddressState, BridgePortState, BridgeState, LinkState, QdiscState } from "../types/index.ts";
import { type Attributes, isSet, nestedIn } from "./codec.ts";

export const IFINFOMSG_LENGTH = 16;

const IFF_NOARP = 0x80;
const IFF_LOWER_UP = 0x1_0000;
/** IFLA_* */
const STATISTICS = 23;
const OTHER_NAMESPACE = 37;
const XDP = 43;
/** IFLA_XDP_* */
const XDP_PROGRAM = 4;
/** IFLA_INFO_SLAVE_KIND */
const SLAVE_KIND = 4;
/** IFLA_BR_* */
const BridgeAttribute = { stp: 5, vlanFiltering: 7 } as const;
/** IFLA_BRPORT_*, those that {@link BridgePortAttribute} lacks. */
const PortAttribute = { state: 1, learning: 8, flood: 9, proxyArp: 10 } as const;
/** BR_STATE_* by number. */
const PORT_STATES = ["disabled", "listening", "learning", "forwarding", "blocking"] as const;
/** Places of 64 bit numbers in struct rtnl_link_stats64. */
const Place = { receivedPackets: 0, sentPackets: 1, receivedDropped: 6, sentDropped: 7 } as const;

/** A link whose other end is not looked up yet. */
export interface ReadLink extends Omit<LinkState, "peer" | "lower"> {
  /** IFLA_LINK: the other end of a veth pair, what a macvlan or VLAN hangs on. */
  readonly other: OtherEnd | undefined;
}

export interface OtherEnd {
  readonly index: number;
  /** Number that this namespace knows the other end's by; undefined for the same namespace. */
  readonly namespaceId: number | undefined;
}

/** What is read beside the links, by index. */
export interface LinkParts {
  readonly addresses: ReadonlyMap<number, readonly AddressState[]>;
  readonly qdiscs: ReadonlyMap<number, readonly QdiscState[]>;
  readonly filters: ReadonlyMap<number, readonly string[]>;
}

/** The answer to a question for all links: {@link linksOf} and the parameters of links are read from it. */
export function dumpLinks(netlink: NetlinkSocket): Buffer[] {
  return netlink.dump("list links", MessageType.getLink, concat([ifinfomsg()]));
}

export function linksOf(messages: readonly Buffer[], parts: LinkParts): ReadLink[] {
  const names = new Map(messages.map((message) => [message.readInt32LE(4), nameOf(message)]));
  const masters = messages.map((message) =>
    readU32(parseAttributes(message, IFINFOMSG_LENGTH).get(LinkAttribute.master)),
  );
  return messages.map((message) => linkOf(message, names, masters, parts));
}

export const nameOf = (message: Buffer): string =>
  readText(parseAttributes(message, IFINFOMSG_LENGTH).get(LinkAttribute.name));

function linkOf(
  message: Buffer,
  names: ReadonlyMap<number, string>,
  masters: readonly (number | undefined)[],
  { addresses, qdiscs, filters }: LinkParts,
): ReadLink {
  const index = message.readInt32LE(4);
  const flags = message.readUInt32LE(8);
  const attributes = parseAttributes(message, IFINFOMSG_LENGTH);
  const info = nestedIn(attributes.get(LinkAttribute.linkInfo));
  const kind = readText(info.get(LinkInfoAttribute.kind));
  const master = readU32(attributes.get(LinkAttribute.master));
  return {
    index,
    name: readText(attributes.get(LinkAttribute.name)),
    kind,
    mac: readMac(attributes.get(LinkAttribute.address)),
    mtu: readU32(attributes.get(LinkAttribute.mtu)) ?? 0,
    up: (flags & IFF_UP) !== 0,
    carrier: (flags & IFF_LOWER_UP) !== 0,
    noArp: (flags & IFF_NOARP) !== 0,
    master: master === undefined ? undefined : names.get(master),
    other: otherEnd(attributes),
    addresses: addresses.get(index) ?? [],
    port: readText(info.get(SLAVE_KIND)) === "bridge" ? portOf(info) : undefined,
    bridge: kind === "bridge" ? bridgeOf(info, masters.filter((one) => one === index).length) : undefined,
    xdp: xdpOf(attributes),
    tcFilters: filters.get(index) ?? [],
    qdiscs: qdiscs.get(index) ?? [],
    statistics: statisticsOf(attributes.get(STATISTICS)),
  };
}

function otherEnd(attributes: Attributes): OtherEnd | undefined {
  const index = readU32(attributes.get(LinkAttribute.parent));
  if (index === undefined || index === 0) return undefined;
  return { index, namespaceId: attributes.get(OTHER_NAMESPACE)?.readInt32LE() };
}

function portOf(info: Attributes): BridgePortState {
  const data = nestedIn(info.get(LinkInfoAttribute.portData));
  return {
    state: PORT_STATES[data.get(PortAttribute.state)?.[0] ?? 0] ?? "disabled",
    isolated: isSet(data.get(BridgePortAttribute.isolated)),
    hairpin: isSet(data.get(BridgePortAttribute.hairpin)),
    learning: isSet(data.get(PortAttribute.learning)),
    flood: isSet(data.get(PortAttribute.flood)),
    multicastFlood: isSet(data.get(BridgePortAttribute.multicastFlood)),
    broadcastFlood: isSet(data.get(BridgePortAttribute.broadcastFlood)),
    proxyArp: isSet(data.get(PortAttribute.proxyArp)),
  };
}

function bridgeOf(info: Attributes, ports: number): BridgeState {
  const data = nestedIn(info.get(LinkInfoAttribute.data));
  return {
    stp: (readU32(data.get(BridgeAttribute.stp)) ?? 0) !== 0,
    vlanFiltering: isSet(data.get(BridgeAttribute.vlanFiltering)),
    ports,
  };
}

/** Id of the program that sees packets first. A driver may take one without telling its id: 0 then. */
function xdpOf(attributes: Attributes): number | undefined {
  const parts = nestedIn(attributes.get(XDP));
  const attached = isSet(parts.get(XDP_ATTACHED));
  return attached ? (readU32(parts.get(XDP_PROGRAM)) ?? 0) : undefined;
}

/** IFLA_XDP_ATTACHED: how; 0 for not at all. */
const XDP_ATTACHED = 2;

function statisticsOf(value: Buffer | undefined): LinkState["statistics"] {
  const at = (place: number): number => (value === undefined ? 0 : Number(value.readBigUInt64LE(8 * place)));
  return {
    receivedPackets: at(Place.receivedPackets),
    sentPackets: at(Place.sentPackets),
    receivedDropped: at(Place.receivedDropped),
    sentDropped: at(Place.sentDropped),
  };
}
