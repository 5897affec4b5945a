/** Routes of all tables, of both families. See rtnetlink(7), RTM_GETROUTE, and linux/rtnetlink.h. */
import { parseAttributes, readU32 } from "../../netlink/codec.ts";
import { AF_INET, AF_INET6, MessageType, RouteAttribute } from "../../netlink/constants.ts";
import type { NetlinkSocket } from "../../netlink/transport.ts";
import type { RouteState } from "../types/index.ts";
import { type Attributes, addressText, flagNames, nestedIn } from "./codec.ts";

const RTMSG_LENGTH = 12;
/** RTA_*, those that {@link RouteAttribute} lacks. */
const Attribute = { preferredSource: 7, metrics: 8, multipath: 9, via: 18 } as const;
/** RTAX_MTU */
const METRIC_MTU = 2;
/** RTNH_F_* */
const FLAGS = { dead: 1, pervasive: 2, onlink: 4, offload: 8, linkdown: 16, unresolved: 32 } as const;
/** RTN_* by number. */
const TYPES = [
  undefined,
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
  "throw",
] as const;
const EVERYWHERE = { 4: "0.0.0.0", 6: "::" } as const;
/** struct rtnexthop: length, flags, hops, index */
const NEXTHOP_LENGTH = 8;

/** @param names of links by index */
export function readRoutes(netlink: NetlinkSocket, names: ReadonlyMap<number, string>): RouteState[] {
  return ([4, 6] as const).flatMap((family) => {
    const request = Buffer.alloc(RTMSG_LENGTH);
    const number = family === 4 ? AF_INET : AF_INET6;
    request.writeUInt8(number, 0);
    return netlink
      .dump("list routes", MessageType.getRoute, request)
      .filter((message) => message.readUInt8(0) === number) // A kernel without IPv6 lists those of IPv4 for it.
      .flatMap((message) => routeOf(message, family, names) ?? []);
  });
}

function routeOf(message: Buffer, family: 4 | 6, names: ReadonlyMap<number, string>): RouteState | undefined {
  const type = TYPES[message.readUInt8(7)];
  if (type === undefined) return undefined;
  const attributes = parseAttributes(message, RTMSG_LENGTH);
  const link = readU32(attributes.get(RouteAttribute.outputInterface));
  const flags = message.readUInt32LE(8);
  return {
    family,
    table: readU32(attributes.get(RouteAttribute.table)) ?? message.readUInt8(4),
    type,
    destination: `${addressText(attributes.get(RouteAttribute.destination)) ?? EVERYWHERE[family]}/${message.readUInt8(1)}`,
    gateway: gatewayOf(attributes),
    device: link === undefined ? undefined : names.get(link),
    preferredSource: addressText(attributes.get(Attribute.preferredSource)),
    metric: readU32(attributes.get(RouteAttribute.priority)) ?? 0,
    mtu: readU32(nestedIn(attributes.get(Attribute.metrics)).get(METRIC_MTU)),
    flags: flagNames(flags, FLAGS),
    nexthops: nexthopsOf(attributes.get(Attribute.multipath), names),
  };
}

function gatewayOf(attributes: Attributes): string | undefined {
  // struct rtvia: a gateway of the other family, after two bytes that name it.
  return addressText(attributes.get(RouteAttribute.gateway) ?? attributes.get(Attribute.via)?.subarray(2));
}

function nexthopsOf(list: Buffer | undefined, names: ReadonlyMap<number, string>): RouteState["nexthops"] {
  if (list === undefined) return [];
  const nexthops: RouteState["nexthops"][number][] = [];
  for (let at = 0; at + NEXTHOP_LENGTH <= list.length; ) {
    const length = list.readUInt16LE(at);
    if (length < NEXTHOP_LENGTH || at + length > list.length) break;
    const attributes = parseAttributes(list.subarray(at, at + length), NEXTHOP_LENGTH);
    nexthops.push({ gateway: gatewayOf(attributes), device: names.get(list.readInt32LE(at + 4)) });
    at += (length + 3) & ~3;
  }
  return nexthops;
}
