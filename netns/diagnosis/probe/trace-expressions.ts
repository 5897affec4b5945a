/**
 * Expressions of nftables rules in the kernel's own form: a rule is a list of them, and each either goes on or ends the rule.
 * Source of the numbers: linux/netfilter/nf_tables.h
 */
import { bytes, nested, text } from "../../netlink/codec.ts";

const LIST_ELEMENT = 1;
const Expression = { name: 1, data: 2 } as const;
const DATA_VALUE = 1;
const Payload = { destination: 1, base: 2, offset: 3, length: 4 } as const;
const Meta = { destination: 1, key: 2, source: 3 } as const;
const Compare = { source: 1, operation: 2, data: 3 } as const;
const Lookup = { set: 1, source: 2, setId: 4, flags: 5 } as const;
/** NFT_LOOKUP_F_INV */
const NOT_IN = 1;
const Immediate = { destination: 1, data: 2 } as const;
const Limit = { rate: 1, unit: 2, burst: 3 } as const;

/** The first of the 16 byte registers. */
const REGISTER = 1;
const EQUAL = 0;
const SECOND = 1n;

export const MetaKey = { trace: 12, protocol: 16 } as const;
/** Where an offset counts from. */
export const Base = { network: 1, transport: 2 } as const;

/** A 32 bit number in network order, as nftables has them. */
export function be32(type: number, value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value | 0);
  return bytes(type, buffer);
}

export function be64(type: number, value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(value);
  return bytes(type, buffer);
}

function expression(name: string, attributes: readonly Buffer[]): Buffer {
  return nested(LIST_ELEMENT, [text(Expression.name, name), nested(Expression.data, attributes)]);
}

/** The number of the protocol above IP is `value`. */
export const isProtocol = (value: number): Buffer[] => [
  expression("meta", [be32(Meta.destination, REGISTER), be32(Meta.key, MetaKey.protocol)]),
  compare(Uint8Array.of(value)),
];

/** Bytes of the packet are `value`. */
export const hasBytes = (base: number, offset: number, value: Uint8Array): Buffer[] => [
  load(base, offset, value.length),
  compare(value),
];

/** Bytes of the packet are in a set of the rule's table, or are not. */
export const inSet = (base: number, offset: number, length: number, set: NamedSet): Buffer[] => [
  load(base, offset, length),
  expression("lookup", [
    text(Lookup.set, set.name),
    be32(Lookup.source, REGISTER),
    be32(Lookup.setId, set.id),
    be32(Lookup.flags, set.isExcluded ? NOT_IN : 0),
  ]),
];

/** A set, and its number within the transaction that makes it. */
export interface NamedSet {
  readonly name: string;
  readonly id: number;
  /** What is in it does not match. */
  readonly isExcluded: boolean;
}

/** At most so many packets a second. */
export const atMost = (perSecond: number): Buffer =>
  expression("limit", [be64(Limit.rate, BigInt(perSecond)), be64(Limit.unit, SECOND), be32(Limit.burst, perSecond)]);

/** From here on the kernel tells what becomes of the packet. */
export const startTrace = (): Buffer[] => [
  expression("immediate", [be32(Immediate.destination, REGISTER), nested(Immediate.data, [value(Uint8Array.of(1))])]),
  expression("meta", [be32(Meta.key, MetaKey.trace), be32(Meta.source, REGISTER)]),
];

const load = (base: number, offset: number, length: number): Buffer =>
  expression("payload", [
    be32(Payload.destination, REGISTER),
    be32(Payload.base, base),
    be32(Payload.offset, offset),
    be32(Payload.length, length),
  ]);

const compare = (data: Uint8Array): Buffer =>
  expression("cmp", [
    be32(Compare.source, REGISTER),
    be32(Compare.operation, EQUAL),
    nested(Compare.data, [value(data)]),
  ]);

const value = (data: Uint8Array): Buffer => bytes(DATA_VALUE, data);

/** An element of a set: its key alone. */
export const element = (key: Uint8Array): Buffer => nested(LIST_ELEMENT, [nested(1, [value(key)])]);
