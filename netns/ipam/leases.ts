/** Which address an endpoint gets: the lowest that is free, as Docker, or the one that was asked for. */
import { conflict, forbidden, invalid } from "../../lib/errors.ts";
import { broadcastOf, type Cidr, contains, formatAddress, parseAddress, subnetOf } from "./ipv4.ts";

/** A network's addresses, as far as handing them out needs to know. */
export interface LeasePool {
  /** For the error text. */
  readonly network: { readonly name: string; readonly id: string };
  readonly subnet: Cidr;
  readonly gateway: number;
  /** Addresses that endpoints have, ascending. */
  readonly taken: readonly number[];
}

/**
 * The lowest free address. Never the network's own, its broadcast or its gateway address; a /31 has neither of the first
 * two (RFC 3021).
 * @throws `conflict` with Docker's text when none is left
 */
export function lowestFreeAddress({ network, subnet, gateway, taken }: LeasePool): number {
  const { first, last } = usableRange(subnet);
  let candidate = first;
  let next = 0;
  while (candidate <= last) {
    while (next < taken.length && (taken[next] ?? 0) < candidate) next++;
    if (candidate !== gateway && taken[next] !== candidate) return candidate;
    candidate++;
  }
  const text = `no available IPv4 addresses on this network's address pools: ${network.name} (${network.id})`;
  throw conflict(text, { code: "CTR_ADDRESSES_EXHAUSTED", hint: "remove containers that are no longer needed" });
}

/**
 * Checks an address that was asked for.
 * @throws `invalid` when it lies outside the subnet, `forbidden` when it is taken or reserved; Docker's texts and statuses
 */
export function requestedAddress({ subnet, gateway, taken }: LeasePool, text: string): number {
  const address = parseAddress(text);
  if (!contains(subnet, address)) {
    throw invalid(
      `invalid endpoint settings:\nno configured subnet contains IP address ${formatAddress(address)}`,
      "CTR_ADDRESS_OUTSIDE",
    );
  }
  const { first, last } = usableRange(subnet);
  if (address < first || address > last || address === gateway || taken.includes(address)) {
    throw forbidden("Address already in use", "CTR_ADDRESS_IN_USE");
  }
  return address;
}

/** The gateway that a subnet gets when none is given: its first usable address. */
export function defaultGateway(subnet: Cidr): number {
  return usableRange(subnet).first;
}

function usableRange(subnet: Cidr): { readonly first: number; readonly last: number } {
  const low = subnetOf(subnet).address;
  const high = broadcastOf(subnet);
  return subnet.prefixLength >= 31 ? { first: low, last: high } : { first: low + 1, last: high - 1 };
}
