/** IPv4 routes. See rtnetlink(7), RTM_NEWROUTE. */
import { type Cidr, formatAddress, formatCidr } from "../ipam/ipv4.ts";
import { concat, ipv4, parseAttributes, readIpv4, readU32, u32 } from "./codec.ts";
import {
  AF_INET,
  MessageFlag,
  MessageType,
  RouteAttribute,
  RouteType,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RTPROT_BOOT,
} from "./constants.ts";
import type { NetlinkSocket } from "./transport.ts";

const RTMSG_LENGTH = 12;

/** The destination of a default route. */
export const EVERYWHERE: Cidr = { address: 0, prefixLength: 0 };

/** A route as the kernel has it. */
export interface Route {
  readonly destination: Cidr;
  readonly gateway: number | undefined;
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
  readonly gateway?: number;
  /** Index of the link. */
  readonly link: number;
}

/**
 * Adds a unicast route.
 * @throws {NetlinkError} EEXIST when there is one, ENETUNREACH when the gateway cannot be reached
 */
export function addRoute(netlink: NetlinkSocket, { destination, gateway, link }: RouteOptions): void {
  const payload = concat([
    rtmsg(destination.prefixLength, gateway === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE),
    destination.prefixLength === 0 ? undefined : ipv4(RouteAttribute.destination, destination.address),
    gateway === undefined ? undefined : ipv4(RouteAttribute.gateway, gateway),
    u32(RouteAttribute.outputInterface, link),
  ]);
  const via = gateway === undefined ? "" : ` via ${formatAddress(gateway)}`;
  const flags = MessageFlag.create | MessageFlag.exclusive;
  netlink.request(`add route ${formatCidr(destination)}${via}`, MessageType.newRoute, flags, payload);
}

/** Adds the route for everything that no other route matches. @throws {NetlinkError} as {@link addRoute} */
export function addDefaultRoute(netlink: NetlinkSocket, gateway: number, link: number): void {
  addRoute(netlink, { destination: EVERYWHERE, gateway, link });
}

/** Every IPv4 route of the namespace, of all tables. */
export function listRoutes(netlink: NetlinkSocket): Route[] {
  const all = Buffer.alloc(RTMSG_LENGTH);
  all.writeUInt8(AF_INET, 0);
  return netlink.dump("list routes", MessageType.getRoute, all).map((payload) => {
    const attributes = parseAttributes(payload, RTMSG_LENGTH);
    return {
      destination: {
        address: readIpv4(attributes.get(RouteAttribute.destination)) ?? 0,
        prefixLength: payload.readUInt8(1),
      },
      gateway: readIpv4(attributes.get(RouteAttribute.gateway)),
      link: readU32(attributes.get(RouteAttribute.outputInterface)),
      table: readU32(attributes.get(RouteAttribute.table)) ?? payload.readUInt8(4),
      type: payload.readUInt8(7),
      metric: readU32(attributes.get(RouteAttribute.priority)) ?? 0,
    };
  });
}

/** struct rtmsg of a unicast route in the main table. */
function rtmsg(prefixLength: number, scope: number): Buffer {
  const buffer = Buffer.alloc(RTMSG_LENGTH);
  buffer.writeUInt8(AF_INET, 0);
  buffer.writeUInt8(prefixLength, 1);
  buffer.writeUInt8(RT_TABLE_MAIN, 4);
  buffer.writeUInt8(RTPROT_BOOT, 5);
  buffer.writeUInt8(scope, 6);
  buffer.writeUInt8(RouteType.unicast, 7);
  return buffer;
}
