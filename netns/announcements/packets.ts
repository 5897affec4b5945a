/** What tells neighbours that an address is at a link: ARP for IPv4, neighbour discovery for IPv6. Pure. */
import { type Address, addressBytes } from "../ipam/ip.ts";
import { macBytes } from "../ipam/mac.ts";

/** A packet and where its link has to carry it. */
export interface Announcement {
  /** ETH_P_*. */
  readonly protocol: number;
  /** Hardware address. */
  readonly to: string;
  readonly packet: Buffer;
}

const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;

/**
 * A request for the own address, which nobody answers and everybody who knows the address learns from: RFC 5227,
 * section 3.
 */
export function gratuitousArp(macAddress: string, address: Address): Announcement {
  const own = addressBytes(address);
  // Ethernet, IPv4, their lengths, request.
  const head = Buffer.from([0, 1, 8, 0, 6, 4, 0, 1]);
  const packet = Buffer.concat([head, macBytes(macAddress), own, Buffer.alloc(6), own]);
  return { protocol: ETH_P_ARP, to: "ff:ff:ff:ff:ff:ff", packet };
}

const ALL_NODES = Buffer.from("ff020000000000000000000000000001", "hex");
const ICMPV6 = 58;
/** Whoever has a lower one is not on the link: RFC 4861, section 3.1. */
const HOP_LIMIT = 255;
const NEIGHBOUR_ADVERTISEMENT = 136;
/** Flags: what is known is to be replaced. */
const OVERRIDE = 0x20;
const TARGET_LINK_LAYER_ADDRESS = 2;

/** RFC 4861, sections 4.4 and 7.2.6. */
export function unsolicitedAdvertisement(macAddress: string, address: Address): Announcement {
  const own = addressBytes(address);
  const message = Buffer.concat([
    Buffer.from([NEIGHBOUR_ADVERTISEMENT, 0, 0, 0, OVERRIDE, 0, 0, 0]),
    own,
    Buffer.from([TARGET_LINK_LAYER_ADDRESS, 1]),
    macBytes(macAddress),
  ]);
  const addresses = Buffer.concat([own, ALL_NODES]);
  const pseudoHeader = Buffer.from([0, 0, 0, message.length, 0, 0, 0, ICMPV6]);
  message.writeUInt16BE(internetChecksum(Buffer.concat([addresses, pseudoHeader, message])), 2);
  const header = Buffer.from([0x60, 0, 0, 0, 0, message.length, ICMPV6, HOP_LIMIT]);
  return { protocol: ETH_P_IPV6, to: "33:33:00:00:00:01", packet: Buffer.concat([header, addresses, message]) };
}

/** RFC 1071, of an even number of bytes. */
function internetChecksum(data: Buffer): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) sum += data.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
