/** The messages of connection tracking: what is asked for, and the entries that come back. */
import { type Address, formatAddress } from "../ipam/ip.ts";
import { type Attribute, bytes, concat, ip, nested, parseAttributes, readIp, u8, u32 } from "../netlink/codec.ts";
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

/** A flow of packets that the kernel remembers, as far as it matters here. */
export interface ConntrackEntry {
  /** Where its first packet was sent to, before translation. */
  readonly destination: string;
  readonly destinationPort: number;
  readonly protocol: number;
  /** Who sent it, and who answers. */
  readonly source: string;
  readonly replySource: string;
  /** The message that deletes it, and no other one that takes its place. */
  readonly deletion: Buffer;
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

/** @returns undefined for an entry without ports */
export function parseEntry(payload: Buffer): ConntrackEntry | undefined {
  const attributes = parseAttributes(payload, NFGENMSG_LENGTH);
  const bytesOfOriginal = attributes.get(ConntrackAttribute.original) ?? NOTHING;
  const original = parseTuple(bytesOfOriginal);
  if (original.destinationPort === undefined) return undefined;
  return {
    ...original,
    destinationPort: original.destinationPort,
    replySource: parseTuple(attributes.get(ConntrackAttribute.reply) ?? NOTHING).source,
    deletion: concat([
      payload.subarray(0, NFGENMSG_LENGTH),
      nested(ConntrackAttribute.original, [bytesOfOriginal]),
      again(ConntrackAttribute.zone, attributes),
      again(ConntrackAttribute.id, attributes),
    ]),
  };
}

const NOTHING = Buffer.alloc(0);

function parseTuple(tuple: Buffer) {
  const parts = parseAttributes(tuple);
  const addresses = parseAttributes(parts.get(TupleAttribute.ip) ?? NOTHING);
  const protocol = parseAttributes(parts.get(TupleAttribute.protocol) ?? NOTHING);
  return {
    source: addressText(addresses.get(IpAttribute.source4) ?? addresses.get(IpAttribute.source6)),
    destination: addressText(addresses.get(IpAttribute.destination4) ?? addresses.get(IpAttribute.destination6)),
    destinationPort: protocol.get(ProtocolAttribute.destinationPort)?.readUInt16BE(0),
    protocol: protocol.get(ProtocolAttribute.number)?.readUInt8(0) ?? 0,
  };
}

function addressText(value: Buffer | undefined): string {
  const address = readIp(value);
  return address === undefined ? "" : formatAddress(address);
}

function again(type: number, attributes: ReadonlyMap<number, Buffer>): Attribute | undefined {
  const value = attributes.get(type);
  return value && bytes(type, value);
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
