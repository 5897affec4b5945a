/** IP addresses of links. See rtnetlink(7), RTM_NEWADDR. */
import { addressOf, type Cidr, type Family, formatCidr, lastOf } from "../ipam/ip.ts";
import { concat, ip, parseAttributes, readIp } from "./codec.ts";
import {
  AddressAttribute,
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  IFA_F_NODAD,
  IFAPROT_KERNEL_LL,
  MessageFlag,
  MessageType,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
} from "./constants.ts";
import type { NetlinkSocket } from "./transport.ts";

const IFADDRMSG_LENGTH = 8;

/**
 * Gives a link an address; the kernel adds the route to its subnet once the link is up. An IPv6 address is in use at
 * once: who hands it out knows that nobody else has it.
 * @param index of the link
 * @throws {NetlinkError} EEXIST when the link has it already
 */
export function addAddress(netlink: NetlinkSocket, index: number, cidr: Cidr): void {
  const flags = MessageFlag.create | MessageFlag.exclusive;
  netlink.request(
    `add address ${formatCidr(cidr)} to link ${index}`,
    MessageType.newAddress,
    flags,
    payloadOf(index, cidr),
  );
}

function payloadOf(index: number, cidr: Cidr): Buffer {
  const address = addressOf(cidr);
  // IPv6 has no broadcast, nor have /31 and /32 (RFC 3021).
  const hasBroadcast = cidr.family === 4 && cidr.prefixLength <= 30;
  return concat([
    ifaddrmsg(index, cidr),
    ip(AddressAttribute.local, address),
    ip(AddressAttribute.address, address),
    hasBroadcast ? ip(AddressAttribute.broadcast, { family: 4, value: lastOf(cidr) }) : undefined,
  ]);
}

/** @throws {NetlinkError} EADDRNOTAVAIL when the link does not have it */
export function removeAddress(netlink: NetlinkSocket, index: number, cidr: Cidr): void {
  const payload = concat([ifaddrmsg(index, cidr), ip(AddressAttribute.local, addressOf(cidr))]);
  netlink.request(`remove address ${formatCidr(cidr)} from link ${index}`, MessageType.deleteAddress, 0, payload);
}

/** The addresses of a link, of both families or one, without those that the kernel gave it itself (fe80::/64). */
export function listAddresses(netlink: NetlinkSocket, index: number, family?: Family): Cidr[] {
  const request = Buffer.alloc(IFADDRMSG_LENGTH);
  request.writeUInt8(family === undefined ? AF_UNSPEC : kernelFamily(family), 0);
  request.writeUInt32LE(index, 4);
  const answers = netlink.dump(`list addresses of link ${index}`, MessageType.getAddress, request);
  return answers.flatMap((payload) => {
    const attributes = parseAttributes(payload, IFADDRMSG_LENGTH);
    const address = readIp(attributes.get(AddressAttribute.local) ?? attributes.get(AddressAttribute.address));
    if (address === undefined) return [];
    const cidr = { family: address.family, address: address.value, prefixLength: payload.readUInt8(1) };
    const isLinkLocal = address.family === 6 && payload.readUInt8(3) === RT_SCOPE_LINK;
    return isLinkLocal && isKernels(cidr, attributes.get(AddressAttribute.protocol)?.readUInt8(0)) ? [] : cidr;
  });
}

/** Where the kernel does not say so: one of the range that it takes its own from. */
const isKernels = ({ address }: Cidr, protocol: number | undefined): boolean =>
  protocol === undefined ? address >> 64n === 0xfe80n << 48n : protocol === IFAPROT_KERNEL_LL;

const kernelFamily = (family: Family): number => (family === 4 ? AF_INET : AF_INET6);

/** fe80::/10 and 169.254.0.0/16 count for their link alone. */
function scopeOf({ family, address }: Cidr): number {
  const isLinkLocal = family === 4 ? address >> 16n === 0xa9fen : address >> 118n === 0x3fan;
  return isLinkLocal ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

/** struct ifaddrmsg */
function ifaddrmsg(index: number, cidr: Cidr): Buffer {
  const buffer = Buffer.alloc(IFADDRMSG_LENGTH);
  buffer.writeUInt8(kernelFamily(cidr.family), 0);
  buffer.writeUInt8(cidr.prefixLength, 1);
  buffer.writeUInt8(cidr.family === 6 ? IFA_F_NODAD : 0, 2);
  buffer.writeUInt8(scopeOf(cidr), 3);
  buffer.writeUInt32LE(index, 4);
  return buffer;
}
