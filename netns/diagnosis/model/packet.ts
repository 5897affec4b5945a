/** The packet that the model carries through the namespaces. Addresses are numbers; 0 stands for a port that is open. */
import { type Family, formatAddress } from "../../ipam/ip.ts";
import type { FlowProtocol, PacketHeader } from "../types/index.ts";

/** Numbers of protocols, see /etc/protocols. */
export const IpProtocol = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const;

/** Types of ICMP (RFC 792) and ICMPv6 (RFC 4443, 4861). */
export const IcmpType = {
  echoReply: 0,
  destinationUnreachable: 3,
  echoRequest: 8,
  packetTooBig6: 2,
  echoRequest6: 128,
  echoReply6: 129,
  neighbourSolicitation: 135,
  neighbourAdvertisement: 136,
} as const;

/** Flags of TCP (RFC 9293). */
export const TcpFlag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;

/** Bytes of a packet whose size nobody asked about: a SYN with its options, a small datagram, a ping. */
export const USUAL_SIZE = 60;

export interface Packet {
  readonly family: Family;
  readonly protocol: number;
  /** Set for ARP, whose addresses are those of its body. */
  readonly arp: "request" | "reply" | undefined;
  source: bigint;
  destination: bigint;
  /** 0: any port that the kernel gives to clients. */
  sourcePort: number;
  destinationPort: number;
  readonly icmpType: number;
  readonly icmpCode: number;
  readonly tcpFlags: number;
  /** Bytes, with the IP header. */
  size: number;
  dontFragment: boolean;
  ttl: number;
  /** Undefined when a rule that may or may not match has set it. */
  mark: bigint | undefined;
  /** Of the frame it is in, while it is in one. */
  sourceMac: string | undefined;
  destinationMac: string | undefined;
  /** An error about another packet of the flow: part of that one's connection. */
  readonly isError: boolean;
}

const BLANK = {
  arp: undefined,
  sourcePort: 0,
  destinationPort: 0,
  icmpType: 0,
  icmpCode: 0,
  tcpFlags: 0,
  size: USUAL_SIZE,
  dontFragment: true,
  ttl: 64,
  mark: 0n,
  sourceMac: undefined,
  destinationMac: undefined,
  isError: false,
} as const;

export function makePacket(fields: Pick<Packet, "family" | "protocol" | "source" | "destination"> & Partial<Packet>) {
  const packet: Packet = { ...BLANK, ...fields };
  return packet;
}

export function protocolNumber(protocol: FlowProtocol, family: Family): number {
  if (protocol !== "icmp") return IpProtocol[protocol];
  return family === 4 ? IpProtocol.icmp : IpProtocol.icmp6;
}

export function protocolName(protocol: number): string {
  const [name] = Object.entries(IpProtocol).find(([, number]) => number === protocol) ?? [];
  return name === "icmp6" ? "icmp" : (name ?? String(protocol));
}

export const isIcmp = ({ protocol }: Packet): boolean => protocol === IpProtocol.icmp || protocol === IpProtocol.icmp6;

/** As formatAddress, but quick for IPv4: each step of a way is written down. */
export function addressText(family: Family, value: bigint): string {
  if (family === 6) return formatAddress({ family, value });
  const number = Number(value);
  return `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
}

export function headerOf({ family, source, destination, sourcePort, destinationPort }: Packet): PacketHeader {
  return {
    source: addressText(family, source),
    destination: addressText(family, destination),
    sourcePort,
    destinationPort,
  };
}

/** 127.0.0.0/8, ::1. */
export const isLoopback = (family: Family, value: bigint): boolean =>
  family === 4 ? value >> 24n === 127n : value === 1n;

/** 224.0.0.0/4, ff00::/8. */
export const isMulticast = (family: Family, value: bigint): boolean =>
  family === 4 ? value >> 28n === 0xen : value >> 120n === 0xffn;

/** 169.254.0.0/16, fe80::/10. */
export const isLinkLocal = (family: Family, value: bigint): boolean =>
  family === 4 ? value >> 16n === 0xa9fen : value >> 118n === 0x3fan;
