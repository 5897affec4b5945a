/** Connection tracking: which connection a packet belongs to in a namespace, and in which state that is. */
import { death } from "../deaths.ts";
import type { NamespaceModel } from "../namespace.ts";
import { addressText, IpProtocol, isIcmp, type Packet, protocolName, TcpFlag } from "../packet.ts";
import type { TrackingState } from "../rules/types.ts";
import { end, note, type Trip } from "../trip.ts";
import { type Connection, connectionOf, endsOf, openConnection, sameEnds } from "./connection.ts";

export interface Tracked {
  readonly connection: Connection | undefined;
  readonly direction: "original" | "reply";
  readonly state: TrackingState;
}

export const UNTRACKED: Tracked = { connection: undefined, direction: "original", state: "untracked" };

/** What nf_conntrack_in makes of the packet. @param zone in which connections are looked for; undefined for any */
export function track(trip: Trip, namespace: NamespaceModel, zone: bigint | undefined = 0n): Tracked {
  const { packet } = trip;
  if (isOfTheLink(packet)) return UNTRACKED;
  if (packet.isError) return ofError(trip, namespace);
  const known = find(trip, namespace, zone);
  if (known !== undefined && !isForgotten(trip, namespace, known)) return belongsTo(known, packet);
  if (isAnswer(packet)) return { connection: undefined, direction: "original", state: "invalid" };
  checkRoom(trip, namespace);
  const connection = openConnection(packet, zone);
  remember(trip, namespace, connection);
  return { connection, direction: "original", state: "new" };
}

/** A connection that waits for its first answer is dropped from the table after that time, in seconds. */
function isForgotten(trip: Trip, namespace: NamespaceModel, { isOld, replied, original }: Connection): boolean {
  const { packet } = trip;
  if (isOld || replied || isIcmp(packet) || sameEnds(original, endsOf(packet))) return false;
  const key = `net.netfilter.nf_conntrack_${packet.protocol === IpProtocol.tcp ? "tcp_timeout_syn_sent" : "udp_timeout"}`;
  if (namespace.sysctl(key) !== 0) return false;
  note(trip, {
    place: namespace.key,
    stage: "translation",
    text: "the connection is forgotten before its answer comes",
    evidence: [`sysctl ${key} = 0`],
  });
  return true;
}

/** Neighbour and router discovery, group membership: nf_conntrack_proto_icmpv6.c follows none of them. */
const isOfTheLink = ({ protocol, icmpType }: Packet): boolean =>
  protocol === IpProtocol.icmp6 && ((icmpType >= 130 && icmpType <= 136) || icmpType === 143);

/** An ICMP error belongs to the connection that it tells of. */
function ofError(trip: Trip, namespace: NamespaceModel): Tracked {
  const [connection] = trip.connections.get(namespace.key) ?? [];
  const state = connection === undefined ? "invalid" : "related";
  return { connection, direction: "reply", state };
}

function find(trip: Trip, namespace: NamespaceModel, zone: bigint | undefined): Connection | undefined {
  const { packet } = trip;
  const followed = (trip.connections.get(namespace.key) ?? []).find(
    ({ protocol, original, reply, zone: own }) =>
      protocol === packet.protocol &&
      (own === zone || own === undefined || zone === undefined) &&
      (sameEnds(original, packet) || sameEnds(reply, packet)),
  );
  // Of those that were there before only the usual zone was read.
  return followed ?? (zone === 0n ? findOld(trip, namespace) : undefined);
}

/** One that was there before: it decides where the packet goes, whatever the rules say now. */
function findOld(trip: Trip, namespace: NamespaceModel): Connection | undefined {
  const { packet } = trip;
  const { family, protocol, source, destination, sourcePort, destinationPort } = packet;
  if (sourcePort === 0 || isIcmp(packet)) return undefined;
  const ends = `${addressText(family, source)} ${sourcePort} ${addressText(family, destination)} ${destinationPort}`;
  const entry = namespace.connection(`${protocolName(protocol)} ${ends}`);
  const connection = entry && connectionOf(entry, packet);
  if (entry === undefined || connection === undefined) return undefined;
  remember(trip, namespace, connection);
  note(trip, {
    place: namespace.key,
    stage: "translation",
    text: `an older connection is known here: it goes to ${entry.reply.source}:${entry.reply.sourcePort}`,
    evidence: [`conntrack ${entry.protocol} ${entry.original.source} → ${entry.original.destination}`],
  });
  return connection;
}

function remember(trip: Trip, { key }: NamespaceModel, connection: Connection): void {
  const connections = trip.connections.get(key) ?? [];
  connections.push(connection);
  trip.connections.set(key, connections);
}

function belongsTo(connection: Connection, packet: Packet): Tracked {
  const direction =
    sameEnds(connection.reply, endsOf(packet)) && !sameEnds(connection.original, packet) ? "reply" : "original";
  if (direction === "reply") connection.replied = true;
  return { connection, direction, state: connection.replied ? "established" : "new" };
}

/**
 * A packet that begins nothing: without a connection it is invalid. Of UDP nobody can tell; TCP's later packets are taken
 * for a connection that went on while nobody looked (nf_conntrack_tcp_loose).
 */
function isAnswer({ protocol, tcpFlags, icmpType }: Packet): boolean {
  if (protocol === IpProtocol.tcp) return tcpFlags === (TcpFlag.syn | TcpFlag.ack);
  if (protocol === IpProtocol.icmp) return icmpType === 0;
  return protocol === IpProtocol.icmp6 && icmpType === 129;
}

function checkRoom(trip: Trip, { key, state }: NamespaceModel): void {
  const { count = 0, max = 0 } = state.conntrack ?? {};
  if (max === 0 || count < max) return;
  end(trip, {
    place: key,
    stage: "translation",
    text: `no room for another connection: ${count} of ${max}`,
    evidence: ["sysctl net.netfilter.nf_conntrack_count, nf_conntrack_max"],
    death: death("table-full", { place: key, count, max }),
  });
}
