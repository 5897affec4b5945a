/** Arithmetic with IP addresses of both families. Within the code an address is a number; at the borders it is text. */
import { isIPv4, isIPv6 } from "node:net";
import { invalid } from "../../lib/errors.ts";

export type Family = 4 | 6;

export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** An address with the length of its network's prefix: `172.17.0.1/16`. A subnet is one whose host bits are zero. */
export interface Cidr {
  readonly family: Family;
  readonly address: bigint;
  readonly prefixLength: number;
}

/** Bits of an address. */
export const bitsOf = (family: Family): 32 | 128 => (family === 4 ? 32 : 128);

/** How people call the family in texts. */
export const familyName = (family: Family): string => (family === 4 ? "IPv4" : "IPv6");

/**
 * Reads an address as people write it. Leading zeros in IPv4 are refused, because some programs would read them as octal;
 * so are zones (`fe80::1%eth0`). `::ffff:192.0.2.1` is the IPv4 address.
 * @throws `invalid`
 */
export function parseAddress(text: string): Address {
  const address = readAddress(text);
  if (address === undefined) throw invalid(`invalid IP address: ${text}`, "CTR_ADDRESS_INVALID");
  return address;
}

/** As {@link parseAddress}, with undefined for what is none. */
export function readAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, value: readIpv4(text) };
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const value = readIpv6(text);
  return value >> 32n === 0xffffn ? { family: 4, value: value & 0xffffffffn } : { family: 6, value };
}

const readIpv4 = (text: string): bigint => BigInt(text.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0));

function readIpv6(text: string): bigint {
  const [head = "", tail] = text.split("::");
  const front = groupsOf(head);
  const back = tail === undefined ? [] : groupsOf(tail);
  const zeros = new Array<bigint>(8 - front.length - back.length).fill(0n);
  return [...front, ...zeros, ...back].reduce((sum, group) => (sum << 16n) | group, 0n);
}

/** An IPv4 address may stand at the end, as in `64:ff9b::192.0.2.1`. */
function groupsOf(text: string): bigint[] {
  if (text === "") return [];
  return text.split(":").flatMap((part) => {
    if (!part.includes(".")) return [BigInt(`0x${part}`)];
    const value = readIpv4(part);
    return [value >> 16n, value & 0xffffn];
  });
}

/** IPv6 as RFC 5952 wants it: lower case, the first longest run of zeros left out. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join(".");
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(112 - index * 16)) & 0xffffn).toString(16),
  ).join(":");
  const zeros = groups.match(/\b0(?::0)+\b/g) ?? [];
  const longest = zeros.reduce((best, run) => (run.length > best.length ? run : best), "");
  if (longest === "") return groups;
  const start = groups.search(new RegExp(`(?<![^:])${longest}(?![^:])`));
  const before = groups.slice(0, start).replace(/:$/, "");
  const after = groups.slice(start + longest.length).replace(/^:/, "");
  return `${before}::${after}`;
}

/** In network order. */
export function addressBytes({ family, value }: Address): Buffer {
  const bytes = Buffer.allocUnsafe(family === 4 ? 4 : 16);
  if (family === 4) {
    bytes.writeUInt32BE(Number(value), 0);
  } else {
    bytes.writeBigUInt64BE(value >> 64n, 0);
    bytes.writeBigUInt64BE(value & 0xffffffffffffffffn, 8);
  }
  return bytes;
}

/**
 * Reads `address/prefix`.
 * @throws `invalid` with Go's text, which Docker passes on: `invalid CIDR address: …`
 */
export function parseCidr(text: string): Cidr {
  const cidr = readCidr(text);
  if (cidr !== undefined) return cidr;
  throw invalid(`invalid CIDR address: ${text}`, {
    code: "CTR_ADDRESS_INVALID",
    hint: "write an address and a prefix length: 172.17.0.1/16",
  });
}

/** As {@link parseCidr}, with undefined for what is none. */
export function readCidr(text: string): Cidr | undefined {
  const [host = "", prefix = "", rest] = text.split("/");
  const address = readAddress(host);
  if (address === undefined || rest !== undefined || !/^(?:0|[1-9]\d{0,2})$/.test(prefix)) return undefined;
  const prefixLength = Number(prefix);
  // `::ffff:10.0.0.0/104` would be an IPv4 subnet under another name.
  if (prefixLength > bitsOf(address.family) || (address.family === 4 && host.includes(":"))) return undefined;
  return { family: address.family, address: address.value, prefixLength };
}

export const formatCidr = (cidr: Cidr): string => `${formatAddress(addressOf(cidr))}/${cidr.prefixLength}`;

export const addressOf = ({ family, address }: Cidr): Address => ({ family, value: address });

/** An address on a subnet, as a link has it. */
export const onSubnet = ({ family, value }: Address, { prefixLength }: Cidr): Cidr => ({
  family,
  address: value,
  prefixLength,
});

/** The address alone, as a range of one. */
export const hostOnly = ({ family, value }: Address): Cidr => ({
  family,
  address: value,
  prefixLength: bitsOf(family),
});

/** The host part's mask. */
function hostMask({ family, prefixLength }: Cidr): bigint {
  return (1n << BigInt(bitsOf(family) - prefixLength)) - 1n;
}

/** The subnet an address is in: host bits cleared. */
export function subnetOf(cidr: Cidr): Cidr {
  return { ...cidr, address: cidr.address & ~hostMask(cidr) };
}

/** The highest address of the subnet. */
export function lastOf(cidr: Cidr): bigint {
  return cidr.address | hostMask(cidr);
}

export function contains(subnet: Cidr, { family, value }: Address): boolean {
  if (family !== subnet.family) return false;
  const mask = hostMask(subnet);
  return (value & ~mask) === (subnet.address & ~mask);
}

/** True when the two have an address in common: one then contains the other. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.prefixLength <= b.prefixLength ? contains(a, addressOf(b)) : contains(b, addressOf(a));
}

export const sameCidr = (a: Cidr, b: Cidr): boolean =>
  a.family === b.family && a.address === b.address && a.prefixLength === b.prefixLength;
