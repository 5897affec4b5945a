/** Which subnet a network gets: the first of the pools that overlaps nothing the host can reach. */
import { createHash } from "node:crypto";
import { conflict, forbidden, invalid, unavailable } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { RouteType } from "../netlink/constants.ts";
import type { Link } from "../netlink/link.ts";
import type { Route } from "../netlink/route.ts";
import type { AddressPool } from "../types.ts";
import {
  addressOf,
  bitsOf,
  type Cidr,
  contains,
  type Family,
  formatAddress,
  formatCidr,
  lastOf,
  overlaps,
  parseCidr,
  readCidr,
  subnetOf,
} from "./ip.ts";

/** A range of addresses that is in use, and by what. */
export interface Occupied {
  readonly subnet: Cidr;
  /** For texts: `route 10.8.0.0/16 via 192.168.1.1 dev tun0`. */
  readonly by: string;
  /** A network of ours: an overlap is forbidden, not only unwise. */
  readonly isNetwork?: boolean;
}

/** Docker's pools (libnetwork/ipamutils): blocks, and the prefix length of the subnets cut from them. */
export const DEFAULT_POOLS: readonly AddressPool[] = [
  { base: "172.17.0.0/16", size: 16 },
  { base: "172.18.0.0/16", size: 16 },
  { base: "172.19.0.0/16", size: 16 },
  { base: "172.20.0.0/14", size: 16 },
  { base: "172.24.0.0/14", size: 16 },
  { base: "172.28.0.0/14", size: 16 },
  { base: "192.168.0.0/16", size: 20 },
];

/** Of the subnets that are cut from the engine's own IPv6 block. */
const ULA_SUBNET_PREFIX = 64;

/**
 * Routes wider than the widest private network (10.0.0.0/8) stand for "everywhere": VPNs write their default route as
 * two halves, 0.0.0.0/1 and 128.0.0.0/1. A subnet of ours within them is the more specific route and hides nothing. For
 * IPv6, 2000::/3 is all of the internet, and fc00::/7 all private networks.
 */
const WIDEST_OCCUPIED_PREFIX = { 4: 8, 6: 8 } as const;

/**
 * A unique local block (RFC 4193) of this engine's own: fd and 40 bits of its seed's hash, as Docker makes them.
 * @param seed what never changes in the life of the engine's state
 */
export function ulaPool(seed: string): AddressPool {
  const bits = createHash("sha256").update(seed).digest("hex").slice(0, 10);
  const base = `fd${bits.slice(0, 2)}:${bits.slice(2, 6)}:${bits.slice(6, 10)}::/48`;
  return { base: formatCidr(parseCidr(base)), size: ULA_SUBNET_PREFIX };
}

/**
 * Checks the pools of the configuration.
 * @throws `invalid` that names the pool
 */
export function checkPools(pools: readonly AddressPool[]): void {
  for (const { base, size } of pools) {
    const block = readCidr(base);
    const problem =
      block === undefined
        ? "its base is not a subnet"
        : size < block.prefixLength || size > bitsOf(block.family)
          ? `its size must be from ${block.prefixLength} to ${bitsOf(block.family)}`
          : undefined;
    if (problem !== undefined) {
      throw invalid(`invalid default address pool ${base} (size ${size}): ${problem}`, "CTR_POOL_INVALID");
    }
  }
}

export interface PoolRequest {
  /** Name of the network, for texts. */
  readonly network: string;
  readonly family: Family;
  /** Prefix length that was asked for (`0.0.0.0/24`), instead of the pools' own. */
  readonly size?: number;
  readonly pools: readonly AddressPool[];
  readonly occupied: readonly Occupied[];
}

/**
 * The first subnet of the pools that is free. What is in the way of those that were passed over is logged.
 * @throws `unavailable` with Docker's text when none is left
 */
export function choosePool({ network, family, size, pools, occupied }: PoolRequest, logger: Logger): Cidr {
  const passedOver = new Set<Occupied>();
  for (const { base, size: ownSize } of pools) {
    const block = subnetOf(parseCidr(base));
    const prefixLength = size ?? ownSize;
    if (block.family !== family || prefixLength < block.prefixLength) continue;
    for (let address = block.address; address <= lastOf(block); ) {
      const subnet = { family, address, prefixLength };
      const obstacle = findOverlap(subnet, occupied);
      if (obstacle === undefined) return subnet;
      address = nextAfter(subnet, obstacle.subnet);
      if (passedOver.has(obstacle)) continue;
      passedOver.add(obstacle);
      // That our own networks have theirs is no news; that a route of the host forced the choice is.
      const log = obstacle.isNetwork === true ? logger.debug : logger.info;
      log.call(logger, `Network ${network} does not take ${formatCidr(subnet)}: it overlaps ${obstacle.by}.`);
    }
  }
  throw unavailable("all predefined address pools have been fully subnetted", {
    code: "CTR_POOLS_EXHAUSTED",
    hint: "give the network a --subnet, or ctrd further --default-address-pool ranges",
  });
}

/**
 * Where the next subnet of that size begins behind both. At once: a /64 that is taken has more /120s than could ever be
 * counted.
 */
function nextAfter(subnet: Cidr, obstacle: Cidr): bigint {
  const isWider = obstacle.prefixLength < subnet.prefixLength;
  return lastOf(isWider ? { ...subnet, address: lastOf(obstacle) } : subnet) + 1n;
}

/**
 * Checks a subnet that the user chose for the default bridge.
 * @throws `conflict` that names what it overlaps
 */
export function checkPool(network: string, cidr: Cidr, occupied: readonly Occupied[]): void {
  const obstacle = findOverlap(cidr, occupied);
  if (obstacle === undefined) return;
  throw conflict(`the subnet ${formatCidr(subnetOf(cidr))} of network ${network} overlaps ${obstacle.by}`, {
    code: "CTR_POOL_OVERLAPS",
    hint: "containers would hide that network from the host: choose another subnet, or none to get a free one",
  });
}

/**
 * Checks a subnet that the user chose for a network of theirs. What only the host's routes stand against is allowed, as
 * Docker does: somebody may want just that.
 * @returns a warning, or undefined
 * @throws `forbidden` with Docker's text when another network has some of it
 */
export function checkSubnet(network: string, cidr: Cidr, occupied: readonly Occupied[]): string | undefined {
  const taken = findOverlap(
    cidr,
    occupied.filter(({ isNetwork }) => isNetwork === true),
  );
  if (taken !== undefined) {
    throw forbidden("invalid pool request: Pool overlaps with other one on this address space", {
      code: "CTR_POOL_OVERLAPS",
      hint: `${formatCidr(cidr)} overlaps ${taken.by}`,
    });
  }
  const obstacle = findOverlap(cidr, occupied);
  if (obstacle === undefined) return undefined;
  return `the subnet ${formatCidr(cidr)} of network ${network} hides ${obstacle.by}`;
}

export function findOverlap(subnet: Cidr, occupied: readonly Occupied[]): Occupied | undefined {
  return occupied.find((range) => overlaps(range.subnet, subnet));
}

const LINK_LOCAL = parseCidr("fe80::/10");

/**
 * What the host's routes occupy, of all tables and also those through a gateway (a VPN's, which Docker overlooks).
 * @param own names of bridges whose routes do not count, because they are the network's own
 */
export function occupiedByRoutes(
  routes: readonly Route[],
  links: readonly Link[],
  own: ReadonlySet<string>,
): Occupied[] {
  const nameOf = new Map(links.map(({ index, name }) => [index, name]));
  const occupied: Occupied[] = [];
  for (const route of routes) {
    if (route.destination.prefixLength < WIDEST_OCCUPIED_PREFIX[route.destination.family]) continue;
    const device = route.link === undefined ? undefined : (nameOf.get(route.link) ?? `link ${route.link}`);
    if (device !== undefined && own.has(device)) continue;
    // Every link has fe80::/64: a packet to it says which link it means, so nothing is hidden.
    if (contains(LINK_LOCAL, addressOf(route.destination))) continue;
    occupied.push({ subnet: route.destination, by: describeRoute(route, device) });
  }
  return occupied;
}

/** As `ip route` writes it. */
function describeRoute({ destination, gateway, type }: Route, device: string | undefined): string {
  const via = gateway === undefined ? "" : ` via ${formatAddress(gateway)}`;
  const dev = device === undefined ? "" : ` dev ${device}`;
  const what = type === RouteType.local ? "the host's address" : "the host's route";
  return `${what} ${formatCidr(destination)}${via}${dev}`;
}
