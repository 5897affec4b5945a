/** A connection as one namespace follows it: its two directions with what translation made of them. */
import { type Family, readAddress } from "../../../ipam/ip.ts";
import type { ConntrackEntryState } from "../../types/index.ts";
import type { Packet } from "../packet.ts";

export interface Ends {
  source: bigint;
  destination: bigint;
  sourcePort: number;
  destinationPort: number;
}

export interface Connection {
  readonly family: Family;
  readonly protocol: number;
  readonly original: Ends;
  /** As the answer comes in. */
  readonly reply: Ends;
  /** Whether translation of either side is settled: nat chains are asked for the first packet alone. */
  readonly settled: { source: boolean; destination: boolean };
  /** A packet has come the other way. */
  replied: boolean;
  /** Undefined when a rule that may or may not match has set it. */
  mark: bigint | undefined;
  /** It was there before this packet. */
  readonly isOld: boolean;
  /** 0 unless rules say otherwise; undefined when it cannot be told which. */
  readonly zone: bigint | undefined;
}

export const endsOf = ({ source, destination, sourcePort, destinationPort }: Ends): Ends => ({
  source,
  destination,
  sourcePort,
  destinationPort,
});

export const inverse = ({ source, destination, sourcePort, destinationPort }: Ends): Ends => ({
  source: destination,
  destination: source,
  sourcePort: destinationPort,
  destinationPort: sourcePort,
});

export const sameEnds = (one: Ends, other: Ends): boolean =>
  one.source === other.source &&
  one.destination === other.destination &&
  one.sourcePort === other.sourcePort &&
  one.destinationPort === other.destinationPort;

export function openConnection(packet: Packet, zone: bigint | undefined): Connection {
  return {
    family: packet.family,
    protocol: packet.protocol,
    original: endsOf(packet),
    reply: inverse(packet),
    settled: { source: false, destination: false },
    replied: false,
    mark: 0n,
    isOld: false,
    zone,
  };
}

/** @returns undefined when an address cannot be read */
export function connectionOf(entry: ConntrackEntryState, packet: Packet): Connection | undefined {
  const [original, reply] = [entry.original, entry.reply].map(readEnds);
  if (original === undefined || reply === undefined) return undefined;
  return {
    family: packet.family,
    protocol: packet.protocol,
    original,
    reply,
    settled: { source: true, destination: true },
    replied: entry.replied,
    mark: undefined,
    isOld: true,
    zone: 0n,
  };
}

function readEnds(tuple: ConntrackEntryState["original"]): Ends | undefined {
  const source = readAddress(tuple.source)?.value;
  const destination = readAddress(tuple.destination)?.value;
  if (source === undefined || destination === undefined) return undefined;
  return { source, destination, sourcePort: tuple.sourcePort, destinationPort: tuple.destinationPort };
}

/** Its destination was rewritten. */
export const isDestinationTranslated = ({ original, reply }: Connection): boolean =>
  original.destination !== reply.source || original.destinationPort !== reply.sourcePort;

/** Its source was rewritten. */
export const isSourceTranslated = ({ original, reply }: Connection): boolean =>
  original.source !== reply.destination || original.sourcePort !== reply.destinationPort;
