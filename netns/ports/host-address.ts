/** Addresses of the host, as ports are published on them. */
import { formatAddress, readAddress } from "../ipam/ip.ts";

/** All IPv4 addresses of the host. */
export const ALL_ADDRESSES = "0.0.0.0";
/** All IPv6 addresses of the host. */
export const ALL_ADDRESSES_6 = "::";

/** True for an IPv6 address. */
export const isIpv6 = (address: string): boolean => address.includes(":");

/** True for addresses that only programs of this host reach. */
export const isLoopback = (address: string): boolean => address === "::1" || address.startsWith("127.");

/**
 * The one way to write an address: `0:0::1` is `::1`, and `::ffff:192.0.2.1` is the IPv4 address, as for Docker.
 * @returns undefined when it is none; a zone (`fe80::1%eth0`) is refused, as Docker does
 */
export function canonicalAddress(text: string): string | undefined {
  const address = readAddress(text);
  return address && formatAddress(address);
}
