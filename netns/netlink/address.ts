/** IPv4 addresses of links. See rtnetlink(7), RTM_NEWADDR. */
import { broadcastOf, type Cidr, formatCidr } from "../ipam/ipv4.ts";
import { concat, ipv4, parseAttributes, readIpv4 } from "./codec.ts";
import { AddressAttribute, AF_INET, MessageFlag, MessageType } from "./constants.ts";
import type { NetlinkSocket } from "./transport.ts";

const IFADDRMSG_LENGTH = 8;

/**
 * Gives a link an address; the kernel adds the route to its subnet once the link is up.
 * @param index of the link
 * @throws {NetlinkError} EEXIST when the link has it already
 */
export function addAddress(netlink: NetlinkSocket, index: number, cidr: Cidr): void {
  const payload = concat([
    ifaddrmsg(index, cidr.prefixLength),
    ipv4(AddressAttribute.local, cidr.address),
    ipv4(AddressAttribute.address, cidr.address),
    // /31 and /32 have no broadcast address (RFC 3021).
    cidr.prefixLength > 30 ? undefined : ipv4(AddressAttribute.broadcast, broadcastOf(cidr)),
  ]);
  const flags = MessageFlag.create | MessageFlag.exclusive;
  netlink.request(`add address ${formatCidr(cidr)} to link ${index}`, MessageType.newAddress, flags, payload);
}

/** @throws {NetlinkError} EADDRNOTAVAIL when the link does not have it */
export function removeAddress(netlink: NetlinkSocket, index: number, cidr: Cidr): void {
  const payload = concat([ifaddrmsg(index, cidr.prefixLength), ipv4(AddressAttribute.local, cidr.address)]);
  netlink.request(`remove address ${formatCidr(cidr)} from link ${index}`, MessageType.deleteAddress, 0, payload);
}

/** The IPv4 addresses of a link. */
export function listAddresses(netlink: NetlinkSocket, index: number): Cidr[] {
  return netlink.dump(`list addresses of link ${index}`, MessageType.getAddress, ifaddrmsg(index, 0)).map((payload) => {
    const attributes = parseAttributes(payload, IFADDRMSG_LENGTH);
    const address = readIpv4(attributes.get(AddressAttribute.local) ?? attributes.get(AddressAttribute.address)) ?? 0;
    return { address, prefixLength: payload.readUInt8(1) };
  });
}

/** struct ifaddrmsg */
function ifaddrmsg(index: number, prefixLength: number): Buffer {
  const buffer = Buffer.alloc(IFADDRMSG_LENGTH);
  buffer.writeUInt8(AF_INET, 0);
  buffer.writeUInt8(prefixLength, 1);
  buffer.writeUInt32LE(index, 4);
  return buffer;
}
