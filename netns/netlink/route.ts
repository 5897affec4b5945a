/** IP routes. See rtnetlink(7), RTM_NEWROUTE. */
import {
  type Address,
  addressOf,
  bitsOf,
  type Cidr,
  type Family,
  formatAddress,
  formatCidr,
  sameCidr,
  subnetOf,
} from "../ipam/ip.ts";
import { concat, ip, parseAttributes, readIp, readU32, u32 } from "./codec.ts";
import {
  AF_INET,
  AF_INET6,
  IP6_RT_PRIO_ADDRCONF,
  MessageFlag,
  MessageType,
  RouteAttribute,
  RouteType,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RTPROT_BOOT,
  RTPROT_KERNEL,
} from "./constants.ts";
import { NetlinkError, type NetlinkSocket } from "./transport.ts";

const RTMSG_LENGTH = 12;

/** The destination of a default route. */
export const everywhere = (family: Family): Cidr => ({ family, address: 0n, prefixLength: 0 });

/** A route as the kernel has it. */
export interface Route {
  readonly destination: Cidr;
  readonly gateway: Address | undefined;
  /** Index of the link packets leave by; undefined for multipath and unreachable routes. */
  readonly link: number | undefined;
  /** 254 is main, 255 local; policy routing and VPNs use others. */
  readonly table: number;
  /** {@link RouteType} */
  readonly type: number;
  /** Lower is preferred. */
  readonly metric: number;
}

/** A route of the main table. */
export interface RouteOptions {
  readonly destination: Cidr;
  /** Without a gateway the destination is reached on the link itself. */
  readonly gateway?: Address;
  /** Index of the link. */
  readonly link: number;
}

/**
 * Adds a unicast route.
 * @throws {NetlinkError} EEXIST when there is one, ENETUNREACH when the gateway cannot be reached
 */
export function addRoute(netlink: NetlinkSocket, route: RouteOptions): void {
  const flags = MessageFlag.create | MessageFlag.exclusive;
  netlink.request(`add ${describe(route)}`, MessageType.newRoute, flags, payloadOf(route));
}

/** As {@link addRoute}, in place of the one that the destination has. There is no moment without a route. */
export function replaceRoute(netlink: NetlinkSocket, route: RouteOptions): void {
  const flags = MessageFlag.create | MessageFlag.replace;
  netlink.request(`set ${describe(route)}`, MessageType.newRoute, flags, payloadOf(route));
}

/**
 * Removes the route of the main table to a destination.
 * @returns false when there is none
 * @throws {NetlinkError}
 */
export function removeRoute(netlink: NetlinkSocket, destination: Cidr): boolean {
  const payload = concat([
    rtmsg(destination, RT_SCOPE_UNIVERSE),
    destination.prefixLength === 0 ? undefined : ip(RouteAttribute.destination, addressOf(destination)),
  ]);
  // RT_SCOPE_NOWHERE stands for any scope (ip-route does the same).
  payload.writeUInt8(255, 6);
  try {
    netlink.request(`remove route ${formatCidr(destination)}`, MessageType.deleteRoute, 0, payload);
    return true;
  } catch (error) {
    if (error instanceof NetlinkError && error.code === "ESRCH") return false;
    throw error;
  }
}

function describe({ destination, gateway }: RouteOptions): string {
  return `route ${formatCidr(destination)}${gateway === undefined ? "" : ` via ${formatAddress(gateway)}`}`;
}

function payloadOf({ destination, gateway, link }: RouteOptions): Buffer {
  return concat([
    rtmsg(destination, gateway === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE),
    destination.prefixLength === 0 ? undefined : ip(RouteAttribute.destination, addressOf(destination)),
    gateway === undefined ? undefined : ip(RouteAttribute.gateway, gateway),
    u32(RouteAttribute.outputInterface, link),
  ]);
}

/** Adds the route for everything that no other route matches. @throws {NetlinkError} as {@link addRoute} */
export function addDefaultRoute(netlink: NetlinkSocket, gateway: Address, link: number): void {
  addRoute(netlink, { destination: everywhere(gateway.family), gateway, link });
}

/**
 * Which of a link's addresses have lost the route to their subnet that the kernel makes with them.
 * @param link index of a link that is up, and in no VRF
 */
export function addressesWithoutRoute(netlink: NetlinkSocket, link: number, addresses: readonly Cidr[]): Cidr[] {
  const withSubnet = addresses.filter(({ family, prefixLength }) => prefixLength < bitsOf(family));
  if (withSubnet.length === 0) return [];
  const present = listRoutes(netlink).filter((route) => route.table === RT_TABLE_MAIN && route.link === link);
  return withSubnet.filter((address) => !present.some(({ destination }) => sameCidr(destination, subnetOf(address))));
}

/** Makes that route again, as the kernel would: it goes with the address. @throws {NetlinkError} */
export function restoreAddressRoute(netlink: NetlinkSocket, link: number, address: Cidr): void {
  const destination = subnetOf(address);
  const { family } = address;
  const header = rtmsg(destination, family === 4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE);
  header.writeUInt8(RTPROT_KERNEL, 5);
  const payload = concat([
    header,
    ip(RouteAttribute.destination, addressOf(destination)),
    u32(RouteAttribute.outputInterface, link),
    family === 4
      ? ip(RouteAttribute.preferredSource, addressOf(address))
      : u32(RouteAttribute.priority, IP6_RT_PRIO_ADDRCONF),
  ]);
  const flags = MessageFlag.create | MessageFlag.replace;
  netlink.request(`set route ${formatCidr(destination)}`, MessageType.newRoute, flags, payload);
}

/** The routes of a namespace, of all tables, of both families or one. */
export function listRoutes(netlink: NetlinkSocket, family?: Family): Route[] {
  if (family === undefined) return [...listRoutes(netlink, 4), ...listRoutes(netlink, 6)];
  const all = Buffer.alloc(RTMSG_LENGTH);
  all.writeUInt8(kernelFamily(family), 0);
  return netlink.dump("list routes", MessageType.getRoute, all).map((payload) => {
    const attributes = parseAttributes(payload, RTMSG_LENGTH);
    const destination = readIp(attributes.get(RouteAttribute.destination));
    return {
      destination: { family, address: destination?.value ?? 0n, prefixLength: payload.readUInt8(1) },
      gateway: readIp(attributes.get(RouteAttribute.gateway)),
      link: readU32(attributes.get(RouteAttribute.outputInterface)),
      table: readU32(attributes.get(RouteAttribute.table)) ?? payload.readUInt8(4),
      type: payload.readUInt8(7),
      metric: readU32(attributes.get(RouteAttribute.priority)) ?? 0,
    };
  });
}

/** The default route of the main table that is preferred, or undefined. */
export function defaultRoute(netlink: NetlinkSocket, family: Family): Route | undefined {
  return listRoutes(netlink, family)
    .filter(({ table, destination, type }) => {
      return table === RT_TABLE_MAIN && destination.prefixLength === 0 && type === RouteType.unicast;
    })
    .sort((a, b) => a.metric - b.metric)[0];
}

const kernelFamily = (family: Family): number => (family === 4 ? AF_INET : AF_INET6);

/** struct rtmsg of a unicast route in the main table. */
function rtmsg({ family, prefixLength }: Cidr, scope: number): Buffer {
  const buffer = Buffer.alloc(RTMSG_LENGTH);
  buffer.writeUInt8(kernelFamily(family), 0);
  buffer.writeUInt8(prefixLength, 1);
  buffer.writeUInt8(RT_TABLE_MAIN, 4);
  buffer.writeUInt8(RTPROT_BOOT, 5);
  buffer.writeUInt8(scope, 6);
  buffer.writeUInt8(RouteType.unicast, 7);
  return buffer;
}
