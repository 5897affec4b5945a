/** Which address an endpoint gets: the lowest that is free, as Docker, or the one that was asked for. */
import { conflict, forbidden, invalid } from "../../lib/errors.ts";
import type { Subnet } from "../types.ts";
import {
  type Address,
  addressOf,
  type Cidr,
  contains,
  familyName,
  formatAddress,
  lastOf,
  parseAddress,
  parseCidr,
  subnetOf,
} from "./ip.ts";

/** A subnet's addresses, as far as handing them out needs to know. */
export interface LeasePool {
  /** For the error text. */
  readonly network: { readonly name: string; readonly id: string };
  readonly subnet: Cidr;
  /** Where addresses are handed out from: the whole subnet when absent. */
  readonly range?: Cidr;
  /** Never handed out: the gateway, auxiliary addresses. */
  readonly reserved: ReadonlySet<bigint>;
  /** Addresses that endpoints have, ascending. Of other subnets, too. */
  readonly taken: readonly bigint[];
}

export function leasePool(
  network: LeasePool["network"],
  { subnet, gateway, ipRange, auxAddresses = {} }: Subnet,
  taken: readonly bigint[],
): LeasePool {
  const reserved = [...(gateway === undefined ? [] : [gateway]), ...Object.values(auxAddresses)];
  return {
    network,
    subnet: parseCidr(subnet),
    ...(ipRange === undefined ? {} : { range: parseCidr(ipRange) }),
    reserved: new Set(reserved.map((text) => parseAddress(text).value)),
    taken,
  };
}

/** The lowest free address, or undefined when there is none left. */
export function freeAddress({ subnet, range, reserved, taken }: LeasePool): Address | undefined {
  const { first, last } = usableRange(subnet, range);
  let candidate = first;
  let next = taken.findIndex((address) => address >= first);
  if (next < 0) next = taken.length;
  while (candidate <= last) {
    while (next < taken.length && (taken[next] ?? 0n) < candidate) next++;
    if (taken[next] !== candidate && !reserved.has(candidate)) return { family: subnet.family, value: candidate };
    candidate++;
  }
  return undefined;
}

/**
 * The lowest free address of the first pool that has one. Never a network's own, its broadcast, its gateway or an
 * auxiliary address; a /31 has neither of the first two (RFC 3021).
 * @param pools at least one, all of one family
 * @throws `conflict` with Docker's text when none is left
 */
export function lowestFreeAddress(pools: readonly LeasePool[]): Address {
  for (const pool of pools) {
    const address = freeAddress(pool);
    if (address !== undefined) return address;
  }
  const [{ network, subnet } = noPool()] = pools;
  const family = familyName(subnet.family);
  throw conflict(`no available ${family} addresses on this network's address pools: ${network.name} (${network.id})`, {
    code: "CTR_ADDRESSES_EXHAUSTED",
    hint: "remove containers that are no longer needed, or use a network with a larger subnet",
  });
}

/**
 * Checks an address that was asked for. It may lie outside the range that others are handed out from.
 * @param pools the network's, of the address's family; none when it has no such subnet
 * @throws `invalid` when it lies outside, `forbidden` when it is taken or reserved; Docker's texts and statuses
 */
export function requestedAddress(pools: readonly LeasePool[], address: Address): Address {
  const pool = pools.find(({ subnet }) => contains(subnet, address));
  if (pool === undefined) {
    throw invalid(
      `invalid endpoint settings:\nno configured subnet or ip-range contain the IP address ${formatAddress(address)}`,
      "CTR_ADDRESS_OUTSIDE",
    );
  }
  const { first, last } = usableRange(pool.subnet, undefined);
  const { value } = address;
  if (value < first || value > last || pool.reserved.has(value) || pool.taken.includes(value)) {
    throw forbidden("Address already in use", "CTR_ADDRESS_IN_USE");
  }
  return address;
}

/** True when an endpoint has the address. */
export const isTaken = (pools: readonly LeasePool[], { value }: Address): boolean =>
  pools.some(({ taken }) => taken.includes(value));

/** The gateway that a subnet gets when none is given: the first usable address of its range that is not spoken for. */
export function defaultGateway(subnet: Cidr, range?: Cidr, reserved: ReadonlySet<bigint> = new Set()): Address {
  const { first, last } = usableRange(subnet, range);
  let value = first;
  while (reserved.has(value) && value < last) value++;
  return { family: subnet.family, value };
}

/** How many addresses containers can have. */
export function capacityOf({ subnet, range }: LeasePool): bigint {
  const { first, last } = usableRange(subnet, range);
  return last - first + 1n;
}

/** False for the subnet's own address and its broadcast. */
export function isUsable(subnet: Cidr, value: bigint): boolean {
  const { first, last } = usableRange(subnet, undefined);
  return value >= first && value <= last;
}

/** IPv6 has no broadcast address, but the lowest belongs to all routers (RFC 4291, 2.6.1). */
function usableRange(subnet: Cidr, range: Cidr | undefined): { readonly first: bigint; readonly last: bigint } {
  const isPair = subnet.prefixLength >= (subnet.family === 4 ? 31 : 127);
  const low = subnetOf(subnet).address + (isPair ? 0n : 1n);
  const high = lastOf(subnet) - (isPair || subnet.family === 6 ? 0n : 1n);
  if (range === undefined) return { first: low, last: high };
  const first = addressOf(subnetOf(range)).value;
  const last = lastOf(range);
  return { first: first > low ? first : low, last: last < high ? last : high };
}

function noPool(): never {
  throw new TypeError("a network without subnets hands out no addresses");
}
