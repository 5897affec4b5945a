/** The messages of connection tracking: what is asked for, and the entries that come back. */
import type { Address } from "../ipam/ip.ts";
import { type Attribute, bytes, concat, ip, nested, parseAttributes, u8, u32 } from "../netlink/codec.ts";
import { AF_INET, AF_INET6 } from "../netlink/constants.ts";
import {
  ConntrackAttribute,
  FilterAttribute,
  FilterFlag,
  IPPROTO_UDP,
  IpAttribute,
  ProtocolAttribute,
  TupleAttribute,
} from "./constants.ts";

/** A UDP flow that the kernel remembers, as far as it matters here. Addresses are {@link addressKey}s. */
export interface ConntrackEntry {
  /** Who sent its first packet, and where to, before translation. */
  readonly source: string;
  readonly destination: string;
  readonly destinationPort: number;
  /** Who answers. */
  readonly replySource: string;
}

/** Entries of UDP that have all that is given. */
export interface EntryFilter {
  readonly family: 4 | 6;
  /** Of the first packet, before translation. */
  readonly destinationPort?: number;
  /** Who sent the first packet. */
  readonly source?: Address;
  /** Who answers it: the container, after translation. */
  readonly replySource?: Address;
}

const NFGENMSG_LENGTH = 4;
const NLA_F_NESTED = 0x8000;

/**
 * The request for a list, which may hold more than was asked for. The kernel filters since Linux 5.8; of IPv6 addresses it
 * does not, because there it leaves out what is equal, and lists what is not (`!ipv6_addr_cmp`, seen in Linux 6.18).
 */
export function listRequest({ family, destinationPort, ...addresses }: EntryFilter): Buffer {
  const { source, replySource }: Partial<EntryFilter> = family === 4 ? addresses : {};
  const original = (source ? FilterFlag.source : 0) | (destinationPort ? FilterFlag.destinationPort : 0);
  return concat([
    nfgenmsg(family),
    tuple(ConntrackAttribute.original, source, destinationPort),
    replySource && tuple(ConntrackAttribute.reply, replySource),
    nested(ConntrackAttribute.filter, [
      u32(FilterAttribute.originalFlags, FilterFlag.protocol | original),
      replySource && u32(FilterAttribute.replyFlags, FilterFlag.protocol | FilterFlag.source),
    ]),
  ]);
}

/** @returns undefined for what is not UDP */
export function parseEntry(payload: Buffer): ConntrackEntry | undefined {
  const attributes = parseAttributes(payload, NFGENMSG_LENGTH);
  const original = parseTuple(attributes.get(ConntrackAttribute.original) ?? NOTHING);
  if (original.protocol !== IPPROTO_UDP) return undefined;
  const { source, destination, destinationPort } = original;
  const { source: replySource } = parseTuple(attributes.get(ConntrackAttribute.reply) ?? NOTHING);
  return { source, destination, destinationPort, replySource };
}

/** The request that deletes an entry, and no other one that takes its place. @param payload the entry */
export function deletionOf(payload: Buffer): Buffer {
  const attributes = parseAttributes(payload, NFGENMSG_LENGTH);
  const { original, zone, id } = ConntrackAttribute;
  return concat([payload.subarray(0, NFGENMSG_LENGTH), ...[original, zone, id].map((type) => again(type, attributes))]);
}

/** The bytes of an address, one a character: quickly made and compared. IPv4 has four, IPv6 sixteen. */
export function addressKey({ family, value }: Address): string {
  const hex = value.toString(16).padStart(family === 4 ? 8 : 32, "0");
  return Buffer.from(hex, "hex").toString("latin1");
}

/** How the keys of 127.0.0.0/8 begin. */
export const IPV4_LOOPBACK = "\x7f";

const NOTHING = Buffer.alloc(0);

function parseTuple(tuple: Buffer) {
  const parts = parseAttributes(tuple);
  const addresses = parseAttributes(parts.get(TupleAttribute.ip) ?? NOTHING);
  const protocol = parseAttributes(parts.get(TupleAttribute.protocol) ?? NOTHING);
  const { source4, source6, destination4, destination6 } = IpAttribute;
  return {
    source: keyOf(addresses.get(source4) ?? addresses.get(source6)),
    destination: keyOf(addresses.get(destination4) ?? addresses.get(destination6)),
    destinationPort: protocol.get(ProtocolAttribute.destinationPort)?.readUInt16BE(0) ?? 0,
    protocol: protocol.get(ProtocolAttribute.number)?.readUInt8(0) ?? 0,
  };
}

const keyOf = (value: Buffer | undefined): string => value?.toString("latin1") ?? "";

function again(type: number, attributes: ReadonlyMap<number, Buffer>): Attribute | undefined {
  const value = attributes.get(type);
  return value && bytes(type === ConntrackAttribute.original ? type | NLA_F_NESTED : type, value);
}

function tuple(type: number, source?: Address, destinationPort?: number): Attribute {
  const sourceType = source?.family === 6 ? IpAttribute.source6 : IpAttribute.source4;
  return nested(type, [
    source && nested(TupleAttribute.ip, [ip(sourceType, source)]),
    nested(TupleAttribute.protocol, [
      u8(ProtocolAttribute.number, IPPROTO_UDP),
      destinationPort === undefined ? undefined : port(ProtocolAttribute.destinationPort, destinationPort),
    ]),
  ]);
}

function port(type: number, value: number): Attribute {
  return bytes(type, Uint8Array.of(value >> 8, value & 255));
}

/** struct nfgenmsg */
function nfgenmsg(family: 4 | 6): Buffer {
  return Buffer.from([family === 4 ? AF_INET : AF_INET6, 0, 0, 0]);
}
