/** What the readers of this folder have in common: addresses as text, lists of nested attributes. */
import { formatAddress } from "../../ipam/ip.ts";
import { parseAttributes, readIp } from "../../netlink/codec.ts";

export type Attributes = ReadonlyMap<number, Buffer>;

/** Attributes within an attribute; none when that is absent. */
export const nestedIn = (value: Buffer | undefined): Attributes =>
  value === undefined ? new Map() : parseAttributes(value);

/** An address as text; undefined when the attribute is absent. */
export function addressText(value: Buffer | undefined): string | undefined {
  if (value === undefined) return undefined;
  return value.length === 16 ? textOf(value) : `${value[0]}.${value[1]}.${value[2]}.${value[3]}`;
}

/** The same addresses come again and again, and IPv6 takes some microseconds to write. */
const texts = new Map<string, string>();
const LARGEST_CACHE = 20_000;

function textOf(value: Buffer): string {
  if (texts.size >= LARGEST_CACHE) texts.clear();
  return texts.getOrInsertComputed(value.toString("latin1"), () => formatAddress(readIp(value)));
}

/** An attribute that is a flag of one byte. */
export const isSet = (value: Buffer | undefined): boolean => (value?.[0] ?? 0) !== 0;

/** Names of the bits that are set. */
export const flagNames = (flags: number, names: Readonly<Record<string, number>>): string[] =>
  Object.entries(names).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : name));
