/** Which packets are the flow's: the same question for the kernel (trace-table.ts) and for what it tells. Pure. */
import type { FlowProtocol } from "../types/index.ts";
import { IpProtocol, type ParsedPacket, protocolNumber } from "./packet.ts";

/** One end of the flow, under all the names it may have on the way; undefined for any. */
export interface FlowEnd {
  readonly addresses: readonly string[] | undefined;
  /** Addresses that it does not have. */
  readonly except?: readonly string[];
  /** Of an ICMP flow: the echo's number. */
  readonly ports: readonly number[] | undefined;
}

export interface Selection {
  readonly family: 4 | 6;
  readonly protocol: FlowProtocol;
  /** Who asks. */
  readonly near: FlowEnd;
  /** Who is asked. */
  readonly far: FlowEnd;
  /** Of TCP's packets only those by which a connection comes about, or does not. */
  readonly openingOnly: boolean;
}

export const EchoType = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const;

/** Which way a packet of the flow goes; undefined for a packet that is not the flow's. */
export function directionOf(selection: Selection, packet: ParsedPacket): "there" | "back" | undefined {
  if (packet.icmp?.quoted !== undefined) return isErrorOf(selection, packet) ? "back" : undefined;
  if (packet.protocol !== protocolNumber(selection.protocol, selection.family)) return undefined;
  const [source, destination] = endsOf(packet);
  const { request, reply } = EchoType[selection.family];
  if (packet.icmp?.type !== reply && isFrom(selection.near, source) && isFrom(selection.far, destination))
    return "there";
  return packet.icmp?.type !== request && isFrom(selection.near, destination) && isFrom(selection.far, source)
    ? "back"
    : undefined;
}

interface PacketEnd {
  readonly address: string;
  readonly port: number;
}

/** An echo's number stands for the port of who asks; who is asked is asked for none. */
function endsOf({ header, icmp }: ParsedPacket): [PacketEnd, PacketEnd] {
  return [
    { address: header.source, port: icmp?.id ?? header.sourcePort },
    { address: header.destination, port: icmp?.id ?? header.destinationPort },
  ];
}

const isFrom = ({ addresses, except, ports }: FlowEnd, { address, port }: PacketEnd): boolean =>
  (addresses?.includes(address) ?? true) && !(except?.includes(address) ?? false) && (ports?.includes(port) ?? true);

/** An error goes back to who asks. */
const isErrorOf = ({ family, protocol, near }: Selection, { header, icmp }: ParsedPacket): boolean =>
  icmp?.quoted === protocolNumber(protocol, family) &&
  isFrom({ ...near, ports: undefined }, { address: header.destination, port: 0 });

/** Whether a packet of the flow is worth telling. */
export const isOfInterest = ({ openingOnly, protocol }: Selection, packet: ParsedPacket): boolean =>
  !packet.bare && (!openingOnly || protocol !== "tcp" || packet.opening || packet.icmp !== undefined);

export const errorProtocol = (family: 4 | 6): number => (family === 4 ? IpProtocol.icmp : IpProtocol.icmpv6);
