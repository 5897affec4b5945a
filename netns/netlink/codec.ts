/**
 * The wire format of netlink: a header of 16 bytes, a fixed structure, then attributes (length, type, value, padded to
 * four bytes) that may nest. Numbers are in host order, which is little endian on every machine that Node supports for
 * Linux but s390x. See netlink(7), rtnetlink(7).
 */

import { type Address, addressBytes } from "../ipam/ip.ts";
import { macBytes } from "../ipam/mac.ts";

export const HEADER_LENGTH = 16;

const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;

const align = (length: number): number => (length + 3) & ~3;

/** One attribute as bytes, padding included. */
export type Attribute = Buffer;

/** An attribute with the value's bytes as they are. */
export function bytes(type: number, value: Uint8Array): Attribute {
  const length = 4 + value.length;
  const buffer = Buffer.alloc(align(length));
  buffer.writeUInt16LE(length, 0);
  buffer.writeUInt16LE(type, 2);
  buffer.set(value, 4);
  return buffer;
}

/** An 8 bit number. */
export function u8(type: number, value: number): Attribute {
  return bytes(type, Uint8Array.of(value));
}

/** A 16 bit number. */
export function u16(type: number, value: number): Attribute {
  return bytes(type, Uint8Array.of(value & 255, value >> 8));
}

/** A 32 bit number. */
export function u32(type: number, value: number): Attribute {
  const buffer = Buffer.allocUnsafe(8);
  buffer.writeUInt16LE(8, 0);
  buffer.writeUInt16LE(type, 2);
  buffer.writeUInt32LE(value, 4);
  return buffer;
}

/** A string with the NUL at its end that the kernel asks for. */
export function text(type: number, value: string): Attribute {
  return bytes(type, Buffer.from(`${value}\0`));
}

/** An IP address of either family, in network order. */
export function ip(type: number, address: Address): Attribute {
  return bytes(type, addressBytes(address));
}

/** A hardware address written `02:42:ac:11:00:02`. */
export function mac(type: number, address: string): Attribute {
  return bytes(type, macBytes(address));
}

/** Attributes within an attribute, with a fixed structure before them where the format has one. */
export function nested(type: number, parts: readonly (Buffer | undefined)[]): Attribute {
  return bytes(type | NLA_F_NESTED, concat(parts));
}

/** Joins a fixed structure and attributes. Absent ones are left out. */
export function concat(parts: readonly (Buffer | undefined)[]): Buffer {
  return Buffer.concat(parts.filter((part) => part !== undefined));
}

/** A complete message. */
export function message(type: number, flags: number, sequence: number, payload: Buffer): Buffer {
  const buffer = Buffer.alloc(HEADER_LENGTH + payload.length);
  buffer.writeUInt32LE(buffer.length, 0);
  buffer.writeUInt16LE(type, 4);
  buffer.writeUInt16LE(flags, 6);
  buffer.writeUInt32LE(sequence, 8);
  buffer.set(payload, HEADER_LENGTH);
  return buffer;
}

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** A view into the buffer that was parsed. */
  readonly payload: Buffer;
}

/** Splits what one recv() brought. A message that says it is longer than the data ends the list. */
export function* parseMessages(data: Buffer): Generator<Message> {
  for (let offset = 0; offset + HEADER_LENGTH <= data.length; ) {
    const length = data.readUInt32LE(offset);
    if (length < HEADER_LENGTH || offset + length > data.length) return;
    yield {
      type: data.readUInt16LE(offset + 4),
      flags: data.readUInt16LE(offset + 6),
      sequence: data.readUInt32LE(offset + 8),
      payload: data.subarray(offset + HEADER_LENGTH, offset + length),
    };
    offset += align(length);
  }
}

/**
 * Reads attributes up to the end of `data`.
 * @param offset bytes of the fixed structure before them
 * @returns values by type, as views into `data`. Of a type that comes twice the last counts, as in the kernel.
 */
export function parseAttributes(data: Buffer, offset = 0): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  for (let at = offset; at + 4 <= data.length; ) {
    const length = data.readUInt16LE(at);
    if (length < 4 || at + length > data.length) break;
    attributes.set(data.readUInt16LE(at + 2) & NLA_TYPE_MASK, data.subarray(at + 4, at + length));
    at += align(length);
  }
  return attributes;
}

/** A string attribute without its NUL; empty when the attribute is absent. */
export function readText(value: Buffer | undefined): string {
  if (value === undefined) return "";
  const end = value.indexOf(0);
  return value.toString("utf8", 0, end < 0 ? value.length : end);
}

/** A 32 bit number, or undefined when the attribute is absent. */
export function readU32(value: Buffer | undefined): number | undefined {
  return value?.readUInt32LE(0);
}

/** An IP address, told apart by its length; undefined when the attribute is absent. */
export function readIp(value: Buffer): Address;
export function readIp(value: Buffer | undefined): Address | undefined;
export function readIp(value: Buffer | undefined): Address | undefined {
  if (value === undefined) return undefined;
  if (value.length < 16) return { family: 4, value: BigInt(value.readUInt32BE(0)) };
  return { family: 6, value: (value.readBigUInt64BE(0) << 64n) | value.readBigUInt64BE(8) };
}

/** A hardware address as `02:42:ac:11:00:02`; empty when the attribute is absent. */
export function readMac(value: Buffer | undefined): string {
  return value === undefined ? "" : (value.toString("hex").match(/../g) ?? []).join(":");
}
