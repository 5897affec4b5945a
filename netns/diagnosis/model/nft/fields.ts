/** Fields of headers, of the packet's own record in the kernel (meta) and of its connection, as rules ask for them. */
import type { Family } from "../../../ipam/ip.ts";
import type { LinkState } from "../../types/index.ts";
import { IpProtocol, isIcmp, isMulticast, type Packet } from "../packet.ts";
import { number, type Scalar, text } from "../rules/scalar.ts";
import type { RuleContext } from "../rules/types.ts";
import { type Connection, isDestinationTranslated, isSourceTranslated } from "../stack/connection.ts";
import { CtState, CtStatus, type DataType, EtherType, PacketType } from "./datatypes.ts";

/** A part of an expression: its type, and its value for a packet. `absent`: the packet has no such field. */
export interface Field {
  readonly type: DataType;
  readonly read: (context: RuleContext) => Scalar | "absent";
}

const unreadable: Field = { type: "unknown", read: () => "unknown" };

export const hasPorts = ({ protocol }: Packet): boolean =>
  protocol === IpProtocol.tcp || protocol === IpProtocol.udp || protocol === 132 || protocol === 136;

/** 0 is a port of those that clients get. */
export function portScalar(context: RuleContext, port: number): Scalar {
  return port === 0 ? context.namespace.clientPorts : number(port);
}

const PORT_PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132, udplite: 136, dccp: 33 };

export function payloadField(protocol: string, name: string): Field {
  if (protocol === "ip") return networkField(4, name);
  if (protocol === "ip6") return networkField(6, name);
  if (protocol === "th" || protocol in PORT_PROTOCOLS) return transportField(protocol, name);
  if (protocol === "icmp") return icmpField(IpProtocol.icmp, name, "icmpType");
  if (protocol === "icmpv6") return icmpField(IpProtocol.icmp6, name, "icmp6Type");
  if (protocol === "ether") return etherField(name);
  if (protocol === "arp") return arpField(name);
  return unreadable;
}

function networkField(family: Family, name: string): Field {
  const of = (type: DataType, read: (packet: Packet) => Scalar): Field => ({
    type,
    read: ({ packet }) => (packet.arp === undefined && packet.family === family ? read(packet) : "absent"),
  });
  switch (name) {
    case "saddr":
      return of("address", ({ source }) => number(source));
    case "daddr":
      return of("address", ({ destination }) => number(destination));
    case "protocol":
    case "nexthdr":
      return of("protocol", ({ protocol }) => number(protocol));
    case "ttl":
    case "hoplimit":
      return of("number", ({ ttl }) => number(ttl));
    case "length":
      return of("number", ({ size }) => number(family === 4 ? size : size - 40));
    case "frag-off":
      return of("number", ({ dontFragment }) => number(dontFragment ? 0x4000 : 0));
    case "version":
      return of("number", () => number(family));
    case "hdrlength":
      return of("number", () => number(5));
    case "dscp":
    case "ecn":
    case "tos":
    case "flowlabel":
      return of("number", () => number(0));
    default:
      return of("unknown", () => "unknown");
  }
}

function transportField(protocol: string, name: string): Field {
  const wanted = PORT_PROTOCOLS[protocol];
  const of = (type: DataType, read: (context: RuleContext) => Scalar): Field => ({
    type,
    read: (context) => {
      const { packet } = context;
      if (packet.arp !== undefined || (wanted !== undefined && packet.protocol !== wanted)) return "absent";
      // Behind another header there is something else at that place, a checksum for example.
      return hasPorts(packet) ? read(context) : "unknown";
    },
  });
  switch (name) {
    case "sport":
      return of("port", (context) => portScalar(context, context.packet.sourcePort));
    case "dport":
      return of("port", (context) => portScalar(context, context.packet.destinationPort));
    case "flags":
      return of("tcpFlags", ({ packet }) => number(packet.tcpFlags));
    default:
      return of("unknown", () => "unknown");
  }
}

function icmpField(protocol: number, name: string, type: DataType): Field {
  const of = (of: DataType, read: (packet: Packet) => Scalar): Field => ({
    type: of,
    read: ({ packet }) => (packet.arp === undefined && packet.protocol === protocol ? read(packet) : "absent"),
  });
  if (name === "type") return of(type, ({ icmpType }) => number(icmpType));
  if (name === "code") return of("icmpCode", ({ icmpCode }) => number(icmpCode));
  return of("unknown", () => "unknown");
}

function etherField(name: string): Field {
  const mac = (value: string | undefined): Scalar => (value === undefined ? "unknown" : text(value));
  if (name === "saddr") return { type: "mac", read: ({ packet }) => mac(packet.sourceMac) };
  if (name === "daddr") return { type: "mac", read: ({ packet }) => mac(packet.destinationMac) };
  if (name === "type") return { type: "etherType", read: ({ packet }) => number(etherTypeOf(packet)) };
  return unreadable;
}

const ARP_OPERATIONS = { request: 1, reply: 2 } as const;

function arpField(name: string): Field {
  const of = (type: DataType, read: (packet: Packet) => Scalar): Field => ({
    type,
    read: ({ packet }) => (packet.arp === undefined ? "absent" : read(packet)),
  });
  if (name === "operation") return of("operation", ({ arp }) => (arp ? number(ARP_OPERATIONS[arp]) : "unknown"));
  if (name === "saddr ip") return of("address", ({ source }) => number(source));
  if (name === "daddr ip") return of("address", ({ destination }) => number(destination));
  if (name === "htype") return of("number", () => number(1));
  if (name === "hlen") return of("number", () => number(6));
  if (name === "plen") return of("number", () => number(4));
  if (name === "ptype") return of("etherType", () => number(EtherType.ip));
  return of("unknown", () => "unknown");
}

export function etherTypeOf({ arp, family }: Packet): number {
  if (arp !== undefined) return EtherType.arp;
  return family === 4 ? EtherType.ip : EtherType.ip6;
}

export function metaField(key: string): Field {
  switch (key) {
    case "iifname":
      return { type: "link", read: ({ inputLink }) => nameOf(inputLink) };
    case "oifname":
      return { type: "link", read: ({ outputLink }) => nameOf(outputLink) };
    // A packet that has no such link breaks the rule, other than with the name (see nft_meta_get_eval).
    case "iif":
      return { type: "link", read: ({ inputLink }) => (inputLink ? text(inputLink.name) : "absent") };
    case "oif":
      return { type: "link", read: ({ outputLink }) => (outputLink ? text(outputLink.name) : "absent") };
    case "iifkind":
      return { type: "link", read: ({ inputLink }) => (inputLink ? text(inputLink.kind) : "absent") };
    case "oifkind":
      return { type: "link", read: ({ outputLink }) => (outputLink ? text(outputLink.kind) : "absent") };
    case "ibrname":
      return { type: "link", read: ({ inputLink }) => text(inputLink?.master ?? "") };
    case "obrname":
      return { type: "link", read: ({ outputLink }) => text(outputLink?.master ?? "") };
    case "iiftype":
      return { type: "linkType", read: ({ inputLink }) => linkType(inputLink) };
    case "oiftype":
      return { type: "linkType", read: ({ outputLink }) => linkType(outputLink) };
    case "nfproto":
      return { type: "family", read: ({ packet }) => number(packet.arp ? 3 : packet.family === 4 ? 2 : 10) };
    case "l4proto":
      return { type: "protocol", read: ({ packet }) => (packet.arp ? "absent" : number(packet.protocol)) };
    case "protocol":
      return { type: "etherType", read: ({ packet }) => number(etherTypeOf(packet)) };
    case "mark":
      return { type: "number", read: ({ packet }) => (packet.mark === undefined ? "unknown" : number(packet.mark)) };
    case "length":
      return { type: "number", read: ({ packet }) => number(packet.size) };
    case "pkttype":
      return { type: "packetType", read: packetType };
    // As the kernel counts: by its own clock, which has no time zone. Hours are shown in the reader's zone, and left open.
    case "day":
      return { type: "day", read: ({ namespace }) => dayOf(namespace.takenAt) };
    case "nftrace":
    case "secpath":
    case "ipsec":
      return { type: "number", read: () => number(0) };
    default:
      return unreadable;
  }
}

const dayOf = (time: Date | undefined): Scalar => (time === undefined ? "unknown" : number(time.getUTCDay()));

const nameOf = (link: LinkState | undefined): Scalar => text(link?.name ?? "");

function linkType(link: LinkState | undefined): Scalar | "absent" {
  if (link === undefined) return "absent";
  if (link.name === "lo") return number(772);
  return link.mac === "" ? "unknown" : number(1);
}

function packetType({ packet }: RuleContext): Scalar {
  if (packet.destinationMac === "ff:ff:ff:ff:ff:ff" || packet.arp === "request") return number(PacketType.broadcast);
  return number(isMulticast(packet.family, packet.destination) ? PacketType.multicast : PacketType.host);
}

/** @param side `original` or `reply`; undefined for keys that both directions have in common */
export function connectionField(key: string, side: string | undefined): Field {
  switch (key) {
    case "state":
      return { type: "state", read: ({ tracking }) => number(CtState[tracking ?? "invalid"]) };
    case "status":
      return of("status", ({ connection }) => number(statusOf(connection)));
    case "direction":
      return of("direction", ({ direction }) => number(direction === "original" ? 0 : 1));
    case "mark":
      return of("number", ({ connection }) => (connection.mark === undefined ? "unknown" : number(connection.mark)));
    case "protocol":
      return of("protocol", ({ connection }) => number(connection.protocol));
    case "l3proto":
      return of("family", ({ connection }) => number(connection.family === 4 ? 2 : 10));
    default:
      return endField(key, side);
  }
}

function endField(key: string, side: string | undefined): Field {
  const [, family, end] = /^(?:(ip6?) )?(saddr|daddr|proto-src|proto-dst)$/.exec(key) ?? [];
  if (end === undefined || side === undefined) return of("unknown", () => "unknown");
  const isAddress = end.endsWith("addr");
  return of(isAddress ? "address" : "port", (context) => {
    const { connection } = context;
    const ends = side === "reply" ? connection.reply : connection.original;
    if (family !== undefined && (family === "ip") !== (connection.family === 4)) return "absent";
    if (isAddress) return number(end === "saddr" ? ends.source : ends.destination);
    if (isIcmp(context.packet)) return "unknown";
    return portScalar(context, end === "proto-src" ? ends.sourcePort : ends.destinationPort);
  });
}

type Tracked = RuleContext & { readonly connection: Connection };

/** Everything but the state breaks the rule for a packet without a connection. */
function of(type: DataType, read: (context: Tracked) => Scalar | "absent"): Field {
  return {
    type,
    read: (context) => {
      const { connection } = context;
      return connection === undefined ? "absent" : read({ ...context, connection });
    },
  };
}

export function statusOf(connection: Connection): number {
  const { settled } = connection;
  return (
    (connection.replied ? CtStatus["seen-reply"] : 0) |
    (connection.isOld ? CtStatus.confirmed : 0) |
    (isSourceTranslated(connection) ? CtStatus.snat : 0) |
    (isDestinationTranslated(connection) ? CtStatus.dnat : 0) |
    (settled.source ? IPS_SRC_NAT_DONE : 0) |
    (settled.destination ? IPS_DST_NAT_DONE : 0)
  );
}

const IPS_SRC_NAT_DONE = 128;
const IPS_DST_NAT_DONE = 256;
