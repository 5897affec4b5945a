/** Rules that choose a routing table. See ip-rule(8) and linux/fib_rules.h. */
import { parseAttributes, readText, readU32 } from "../../netlink/codec.ts";
import { AF_INET, AF_INET6, MessageType } from "../../netlink/constants.ts";
import type { NetlinkSocket } from "../../netlink/transport.ts";
import type { RoutingRule } from "../types/index.ts";
import { type Attributes, addressText, isSet } from "./codec.ts";

/** struct fib_rule_hdr */
const HEADER_LENGTH = 12;
/** FRA_* */
const Attribute = {
  destination: 1,
  source: 2,
  iif: 3,
  goto: 4,
  priority: 6,
  mark: 10,
  tunnel: 12,
  suppressGroup: 13,
  suppressPrefix: 14,
  table: 15,
  mask: 16,
  oif: 17,
  l3mdev: 19,
  users: 20,
  protocol: 22,
  sourcePorts: 23,
  destinationPorts: 24,
  dscp: 25,
} as const;
const NOTHING_SUPPRESSED = 0xffff_ffff;
/** FR_ACT_* by number. */
const ACTIONS: Readonly<Record<number, RoutingRule["action"]>> = {
  1: "table",
  2: "goto",
  3: "nop",
  6: "blackhole",
  7: "unreachable",
  8: "prohibit",
};
/** FIB_RULE_INVERT */
const INVERT = 2;

export function readRules(netlink: NetlinkSocket): RoutingRule[] {
  return ([4, 6] as const).flatMap((family) => {
    const request = Buffer.alloc(HEADER_LENGTH);
    const number = family === 4 ? AF_INET : AF_INET6;
    request.writeUInt8(number, 0);
    return netlink
      .dump("list rules", MessageType.getRule, request)
      .filter((message) => message.readUInt8(0) === number) // A kernel without IPv6 lists those of IPv4 for it.
      .map((message) => ruleOf(message, family));
  });
}

function ruleOf(message: Buffer, family: 4 | 6): RoutingRule {
  const attributes = parseAttributes(message, HEADER_LENGTH);
  const action = ACTIONS[message.readUInt8(7)] ?? "nop";
  const prefix = (type: number, length: number) => {
    const address = addressText(attributes.get(type));
    return address === undefined ? undefined : `${address}/${length}`;
  };
  const mark = readU32(attributes.get(Attribute.mark));
  return {
    family,
    priority: readU32(attributes.get(Attribute.priority)) ?? 0,
    from: prefix(Attribute.source, message.readUInt8(2)),
    to: prefix(Attribute.destination, message.readUInt8(1)),
    iif: nameIn(attributes, Attribute.iif),
    oif: nameIn(attributes, Attribute.oif),
    mark:
      mark === undefined ? undefined : { value: mark, mask: readU32(attributes.get(Attribute.mask)) ?? 0xffff_ffff },
    invert: (message.readUInt32LE(8) & INVERT) !== 0,
    action,
    table: action === "table" ? (readU32(attributes.get(Attribute.table)) ?? message.readUInt8(4)) : undefined,
    others: othersOf(attributes, message.readUInt8(3)),
  };
}

const nameIn = (attributes: Attributes, type: number): string | undefined =>
  attributes.has(type) ? readText(attributes.get(type)) : undefined;

/** In the words of ip-rule(8). */
function othersOf(attributes: Attributes, tos: number): string[] {
  const number = (type: number) => readU32(attributes.get(type));
  const range = (type: number, word: string, width: 2 | 4) => {
    const value = attributes.get(type);
    return value === undefined ? undefined : `${word} ${value.readUIntLE(0, width)}-${value.readUIntLE(width, width)}`;
  };
  const suppressed = number(Attribute.suppressPrefix);
  const group = number(Attribute.suppressGroup);
  const target = number(Attribute.goto);
  const dscp = attributes.get(Attribute.dscp)?.[0];
  return [
    tos === 0 ? undefined : `tos ${tos}`,
    dscp === undefined ? undefined : `dscp ${dscp}`,
    isSet(attributes.get(Attribute.protocol)) ? `ipproto ${attributes.get(Attribute.protocol)?.[0]}` : undefined,
    range(Attribute.sourcePorts, "sport", 2),
    range(Attribute.destinationPorts, "dport", 2),
    range(Attribute.users, "uidrange", 4),
    attributes.has(Attribute.tunnel) ? "tun_id" : undefined,
    isSet(attributes.get(Attribute.l3mdev)) ? "l3mdev" : undefined,
    suppressed === undefined || suppressed === NOTHING_SUPPRESSED ? undefined : `suppress_prefixlength ${suppressed}`,
    group === undefined || group === NOTHING_SUPPRESSED ? undefined : `suppress_ifgroup ${group}`,
    target === undefined ? undefined : `goto ${target}`,
  ].filter((text) => text !== undefined);
}
