/** A container's own end of a cable: what of it was changed, and how that is undone in place. */
import type { Connection } from "../drivers/index.ts";
import { requireLink } from "../drivers/veth.ts";
import { type Cidr, formatCidr, sameCidr } from "../ipam/ip.ts";
import { addAddress, listAddresses, removeAddress } from "../netlink/address.ts";
import { changeLink, findLink, type Link, type LinkChange } from "../netlink/link.ts";
import type { NetlinkSocket } from "../netlink/transport.ts";

/** @returns what is wrong as a sentence; undefined when all is well */
export function insideFault(inside: NetlinkSocket, connection: Connection): string | undefined {
  const link = findLink(inside, connection.interfaceName);
  if (link === undefined) return undefined;
  const { lost } = compareAddresses(inside, link, connection);
  if (lost.length > 0) return `it has lost the address ${lost.map(formatCidr).join(", ")}`;
  const { arp, macAddress, mtu } = changesOf(link, connection);
  if (arp !== undefined) return "it does not answer who has its address (ARP is off)";
  if (macAddress !== undefined) return `it has the hardware address ${link.macAddress} in place of ${macAddress}`;
  return mtu === undefined ? undefined : `it takes ${link.mtu} bytes in place of ${mtu}`;
}

/** In place: what the container has open goes on. */
export function restoreInside(inside: NetlinkSocket, connection: Connection): void {
  const link = requireLink(inside, connection.interfaceName);
  const { lost, wrong } = compareAddresses(inside, link, connection);
  for (const address of wrong) removeAddress(inside, link.index, address);
  for (const address of lost) addAddress(inside, link.index, address);
  changeLink(inside, link.index, { ...changesOf(link, connection), up: true });
}

/** Links without a cable to a bridge have their parent's settings. */
function changesOf(link: Link, { hostInterface, macAddress, mtu = 0 }: Connection): LinkChange {
  if (hostInterface === undefined) return {};
  return {
    ...(link.arp ? {} : { arp: true }),
    ...(macAddress === "" || link.macAddress === macAddress ? {} : { macAddress }),
    ...(mtu === 0 || link.mtu === mtu ? {} : { mtu }),
  };
}

/** Wrong is an address of ours with another prefix: it makes a route to what is elsewhere. */
function compareAddresses(
  inside: NetlinkSocket,
  { index }: Link,
  { addresses }: Connection,
): { lost: Cidr[]; wrong: Cidr[] } {
  const present = listAddresses(inside, index);
  // Link-local addresses of IPv6 are left out of the list.
  const lost = addresses.filter((cidr) => !isLinkLocal6(cidr) && !present.some((other) => sameCidr(other, cidr)));
  const isOurs = (cidr: Cidr): boolean =>
    lost.some(({ family, address }) => family === cidr.family && address === cidr.address);
  return { lost, wrong: present.filter(isOurs) };
}

const isLinkLocal6 = ({ family, address }: Cidr): boolean => family === 6 && address >> 118n === 0x3fan;
