/** Which subnet a network gets: the first of Docker's default pools that overlaps nothing the host can reach. */
import { conflict, unavailable } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { RouteType } from "../netlink/constants.ts";
import type { Link } from "../netlink/link.ts";
import type { Route } from "../netlink/route.ts";
import { type Cidr, formatAddress, formatCidr, overlaps, parseCidr, subnetOf } from "./ipv4.ts";

/** A range of addresses that is in use, and by what. */
export interface Occupied {
  readonly subnet: Cidr;
  /** For texts: `route 10.8.0.0/16 via 192.168.1.1 dev tun0`. */
  readonly by: string;
}

/** Docker's pools (libnetwork/ipamutils): blocks, and the prefix length of the subnets cut from them. */
const DEFAULT_POOLS: readonly { readonly block: string; readonly prefixLength: number }[] = [
  { block: "172.17.0.0/16", prefixLength: 16 },
  { block: "172.18.0.0/16", prefixLength: 16 },
  { block: "172.19.0.0/16", prefixLength: 16 },
  { block: "172.20.0.0/14", prefixLength: 16 },
  { block: "172.24.0.0/14", prefixLength: 16 },
  { block: "172.28.0.0/14", prefixLength: 16 },
  { block: "192.168.0.0/16", prefixLength: 20 },
];

/**
 * Routes wider than the widest private network (10.0.0.0/8) stand for "everywhere": VPNs write their default route as
 * two halves, 0.0.0.0/1 and 128.0.0.0/1. A subnet of ours within them is the more specific route and hides nothing.
 */
const WIDEST_OCCUPIED_PREFIX = 8;

/** The subnets of the default pools, in the order they are handed out. */
export function* defaultSubnets(): Generator<Cidr> {
  for (const { block, prefixLength } of DEFAULT_POOLS) {
    const { address, prefixLength: blockLength } = parseCidr(block);
    for (let index = 0; index < 2 ** (prefixLength - blockLength); index++) {
      yield { address: address + index * 2 ** (32 - prefixLength), prefixLength };
    }
  }
}

/**
 * The first default subnet that is free. Every one that was passed over is logged with what is in its way.
 * @throws `unavailable` with Docker's text when none is left
 */
export function choosePool(network: string, occupied: readonly Occupied[], logger: Logger): Cidr {
  for (const subnet of defaultSubnets()) {
    const obstacle = findOverlap(subnet, occupied);
    if (obstacle === undefined) return subnet;
    logger.info(`Network ${network} does not take ${formatCidr(subnet)}: it overlaps ${obstacle.by}.`);
  }
  throw unavailable("all predefined address pools have been fully subnetted", {
    code: "CTR_POOLS_EXHAUSTED",
    hint: "give a free subnet, for the default bridge with ctrd --bip",
  });
}

/**
 * Checks a subnet that the user chose.
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

export function findOverlap(subnet: Cidr, occupied: readonly Occupied[]): Occupied | undefined {
  return occupied.find((range) => overlaps(range.subnet, subnet));
}

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
    if (route.destination.prefixLength < WIDEST_OCCUPIED_PREFIX) continue;
    const device = route.link === undefined ? undefined : (nameOf.get(route.link) ?? `link ${route.link}`);
    if (device !== undefined && own.has(device)) continue;
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
