/** Links: bridges, veth pairs, and what can be read from and changed on any of them. See rtnetlink(7), RTM_NEWLINK. */
import { bytes, concat, mac, nested, parseAttributes, readMac, readText, readU32, text, u32 } from "./codec.ts";
import {
  AF_UNSPEC,
  IFF_LOWER_UP,
  IFF_NOARP,
  IFF_UP,
  LinkAttribute,
  LinkInfoAttribute,
  MessageFlag,
  MessageType,
  SKIP_STATISTICS,
  VETH_INFO_PEER,
} from "./constants.ts";
import { NetlinkError, type NetlinkSocket } from "./transport.ts";

const IFINFOMSG_LENGTH = 16;

/** A network interface as the kernel has it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** `bridge`, `veth` …; empty for hardware and loopback. */
  readonly kind: string;
  /** Lower case, colons. */
  readonly macAddress: string;
  /** Bytes. */
  readonly mtu: number;
  readonly up: boolean;
  /** The other end is there and up. */
  readonly carrier: boolean;
  /** It asks and answers who has an address (ARP, neighbour discovery). */
  readonly arp: boolean;
  /** Index of the bridge this link is a port of. */
  readonly master: number | undefined;
  /** Index of the link below a macvlan, ipvlan or vlan; of a veth's other end, in that one's namespace. */
  readonly parent: number | undefined;
  /** A text for people (`ip link set … alias`). */
  readonly alias: string;
}

export interface BridgeOptions {
  readonly name: string;
  /** Given explicitly it is pinned: the bridge no longer takes the lowest address of its ports. */
  readonly macAddress: string;
  /** Bytes. */
  readonly mtu: number;
}

/**
 * Makes a bridge, down.
 * @throws {NetlinkError} EEXIST when a link has that name
 */
export function createBridge(netlink: NetlinkSocket, { name, macAddress, mtu }: BridgeOptions): void {
  createLink(netlink, `create bridge ${name}`, [
    ifinfomsg(),
    text(LinkAttribute.name, name),
    mac(LinkAttribute.address, macAddress),
    u32(LinkAttribute.mtu, mtu),
    nested(LinkAttribute.linkInfo, [text(LinkInfoAttribute.kind, "bridge")]),
  ]);
}

export interface VethOptions {
  /** Name of the end that stays in the socket's namespace. It is up when this returns. */
  readonly name: string;
  /** Bytes, of both ends. */
  readonly mtu: number;
  /** Index of the bridge that the first end becomes a port of. */
  readonly master?: number;
  readonly peer: VethPeer;
}

export interface VethPeer {
  readonly name: string;
  readonly macAddress: string;
  /** Open file descriptor of the network namespace the peer is born in. */
  readonly namespaceFd: number;
}

/**
 * Makes a veth pair in one request: the first end is up and a port of its bridge, the other is in its namespace under
 * its final name, down. There is no moment at which half of it exists.
 * @throws {NetlinkError} EEXIST when either name is taken, EXFULL when the bridge has no port left
 */
export function createVethPair(netlink: NetlinkSocket, { name, mtu, master, peer }: VethOptions): void {
  const peerLink = nested(VETH_INFO_PEER, [
    ifinfomsg(),
    text(LinkAttribute.name, peer.name),
    mac(LinkAttribute.address, peer.macAddress),
    u32(LinkAttribute.mtu, mtu),
    u32(LinkAttribute.namespaceFd, peer.namespaceFd),
  ]);
  createLink(netlink, `create veth ${name} with peer ${peer.name}`, [
    ifinfomsg(0, IFF_UP, IFF_UP),
    text(LinkAttribute.name, name),
    u32(LinkAttribute.mtu, mtu),
    master === undefined ? undefined : u32(LinkAttribute.master, master),
    nested(LinkAttribute.linkInfo, [text(LinkInfoAttribute.kind, "veth"), nested(LinkInfoAttribute.data, [peerLink])]),
  ]);
}

export interface LinkChange {
  readonly up?: boolean;
  readonly arp?: boolean;
  readonly name?: string;
  readonly mtu?: number;
  readonly macAddress?: string;
  /** Index of a bridge; 0 takes the link out of its bridge. */
  readonly master?: number;
  readonly alias?: string;
}

/**
 * Changes a link.
 * @throws {NetlinkError} ENODEV when it is gone
 */
export function changeLink(netlink: NetlinkSocket, index: number, change: LinkChange): void {
  const { up, arp, name, mtu, macAddress, master, alias } = change;
  const flags = (up === true ? IFF_UP : 0) | (arp === false ? IFF_NOARP : 0);
  const mask = (up === undefined ? 0 : IFF_UP) | (arp === undefined ? 0 : IFF_NOARP);
  const payload = concat([
    ifinfomsg(index, flags, mask),
    name === undefined ? undefined : text(LinkAttribute.name, name),
    mtu === undefined ? undefined : u32(LinkAttribute.mtu, mtu),
    macAddress === undefined ? undefined : mac(LinkAttribute.address, macAddress),
    master === undefined ? undefined : u32(LinkAttribute.master, master),
    alias === undefined ? undefined : bytes(LinkAttribute.alias, Buffer.from(alias)),
  ]);
  netlink.request(`change link ${index} (${Object.keys(change).join(", ")})`, MessageType.newLink, 0, payload);
}

/**
 * Deletes a link by name; of a veth pair both ends go.
 * @returns false when there is no such link
 * @throws {NetlinkError}
 */
export function deleteLink(netlink: NetlinkSocket, name: string): boolean {
  return unlessAbsent(() => {
    const payload = concat([ifinfomsg(), text(LinkAttribute.name, name)]);
    netlink.request(`delete link ${name}`, MessageType.deleteLink, 0, payload);
    return true;
  }, false);
}

/** The link of that name, or undefined. */
export function findLink(netlink: NetlinkSocket, name: string): Link | undefined {
  return unlessAbsent(() => {
    const payload = concat([ifinfomsg(), text(LinkAttribute.name, name), withoutStatistics()]);
    const [answer] = netlink.request(`find link ${name}`, MessageType.getLink, 0, payload);
    return answer === undefined ? undefined : parseLink(answer);
  }, undefined);
}

/** All links of the namespace, or the ports of one bridge when its index is given. */
export function listLinks(netlink: NetlinkSocket, master?: number): Link[] {
  const filter = master === undefined ? undefined : u32(LinkAttribute.master, master);
  const payload = concat([ifinfomsg(), filter, withoutStatistics()]);
  return netlink.dump("list links", MessageType.getLink, payload).map(parseLink);
}

/** Asks for a new link. @param parts ifinfomsg, then attributes @throws {NetlinkError} EEXIST for a name that is taken */
export function createLink(netlink: NetlinkSocket, operation: string, parts: readonly (Buffer | undefined)[]): void {
  netlink.request(operation, MessageType.newLink, MessageFlag.create | MessageFlag.exclusive, concat(parts));
}

/** The answer to "is it there?" when the kernel says it is not. */
function unlessAbsent<T>(ask: () => T, absent: T): T {
  try {
    return ask();
  } catch (error) {
    if (error instanceof NetlinkError && error.code === "ENODEV") return absent;
    throw error;
  }
}

const withoutStatistics = (): Buffer => u32(LinkAttribute.extendedMask, SKIP_STATISTICS);

/** struct ifinfomsg. Only those flags change that are set in `mask`. */
export function ifinfomsg(index = 0, flags = 0, mask = 0): Buffer {
  const buffer = Buffer.alloc(IFINFOMSG_LENGTH);
  buffer.writeUInt8(AF_UNSPEC, 0);
  buffer.writeInt32LE(index, 4);
  buffer.writeUInt32LE(flags, 8);
  buffer.writeUInt32LE(mask, 12);
  return buffer;
}

function parseLink(payload: Buffer): Link {
  const attributes = parseAttributes(payload, IFINFOMSG_LENGTH);
  const info = attributes.get(LinkAttribute.linkInfo);
  const flags = payload.readUInt32LE(8);
  return {
    index: payload.readInt32LE(4),
    name: readText(attributes.get(LinkAttribute.name)),
    kind: info === undefined ? "" : readText(parseAttributes(info).get(LinkInfoAttribute.kind)),
    macAddress: readMac(attributes.get(LinkAttribute.address)),
    mtu: readU32(attributes.get(LinkAttribute.mtu)) ?? 0,
    up: (flags & IFF_UP) !== 0,
    carrier: (flags & IFF_LOWER_UP) !== 0,
    arp: (flags & IFF_NOARP) === 0,
    master: readU32(attributes.get(LinkAttribute.master)),
    parent: readU32(attributes.get(LinkAttribute.parent)),
    alias: readText(attributes.get(LinkAttribute.alias)),
  };
}
