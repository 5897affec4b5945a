/** Headers of packets, as the kernel copies them. Pure. See RFC 791, 8200, 768, 9293, 792, 4443. */
import { addressText } from "../../dns/wire/address.ts";
import type { FlowProtocol, PacketHeader } from "../types/index.ts";

export const IpProtocol = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;

export const protocolNumber = (protocol: FlowProtocol, family: 4 | 6): number =>
  protocol === "icmp" && family === 6 ? IpProtocol.icmpv6 : IpProtocol[protocol];

export interface ParsedPacket {
  readonly header: PacketHeader;
  /** Number of the protocol that it carries. */
  readonly protocol: number;
  /** Of an ICMP message. */
  readonly icmp: IcmpMessage | undefined;
  /** TCP alone: nothing but the acknowledgement of what came, or the end of a connection. */
  readonly bare: boolean;
  /** TCP alone: it asks for a connection, grants it or refuses it. */
  readonly opening: boolean;
  /** The same packet has the same key in every namespace, whatever is translated. */
  readonly key: string;
}

export interface IcmpMessage {
  readonly type: number;
  /** Of an echo; 0 for others. */
  readonly id: number;
  /** Number of the protocol that the packet had which an error is about; undefined when this is no error. */
  readonly quoted: number | undefined;
}

interface NetworkHeader {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
}

/**
 * @param network from the first byte of the IP header on
 * @param transport from the header after it on; may be cut short or empty
 */
export function parsePacket(network: Buffer, transport: Buffer): ParsedPacket | undefined {
  const header = parseNetwork(network);
  if (header === undefined) return undefined;
  const { source, destination, protocol } = header;
  const icmp = isIcmp(protocol) ? parseIcmp(transport, protocol === IpProtocol.icmp ? 4 : 6) : undefined;
  const [sourcePort, destinationPort] = hasPorts(protocol) ? portsOf(transport) : [0, 0];
  return {
    header: { source, destination, sourcePort, destinationPort },
    protocol,
    icmp,
    opening: protocol === IpProtocol.tcp && ((transport[FLAGS] ?? 0) & (SYN | RST)) !== 0,
    bare: protocol === IpProtocol.tcp && isBare(network, transport),
    key: `${protocol}:${keyOf(protocol, transport)}`,
  };
}

function parseNetwork(bytes: Buffer): NetworkHeader | undefined {
  const version = (bytes[0] ?? 0) >> 4;
  if (version === 4 && bytes.length >= 20) {
    const source = addressText(bytes.subarray(12, 16));
    return { source, destination: addressText(bytes.subarray(16, 20)), protocol: bytes.readUInt8(9) };
  }
  if (version !== 6 || bytes.length < 40) return undefined;
  const source = addressText(bytes.subarray(8, 24));
  return { source, destination: addressText(bytes.subarray(24, 40)), protocol: bytes.readUInt8(6) };
}

const isIcmp = (protocol: number): boolean => protocol === IpProtocol.icmp || protocol === IpProtocol.icmpv6;
const hasPorts = (protocol: number): boolean => protocol === IpProtocol.tcp || protocol === IpProtocol.udp;

const portsOf = (transport: Buffer): [number, number] =>
  transport.length >= 4 ? [transport.readUInt16BE(0), transport.readUInt16BE(2)] : [0, 0];

const ICMP_HEADER = 8;
/** Where IP headers say what they carry. The kernel's copy ends before the quoted ports. */
const PROTOCOL_OFFSET = { 4: 9, 6: 6 } as const;

function parseIcmp(bytes: Buffer, family: 4 | 6): IcmpMessage | undefined {
  if (bytes.length < ICMP_HEADER) return undefined;
  const type = bytes.readUInt8(0);
  const id = isEcho(type) ? bytes.readUInt16BE(4) : 0;
  return { type, id, quoted: isError(type, family) ? bytes[ICMP_HEADER + PROTOCOL_OFFSET[family]] : undefined };
}

/** Destination unreachable, time exceeded, too big, parameter problem. */
const isError = (type: number, family: 4 | 6): boolean => (family === 4 ? [3, 11, 12].includes(type) : type < 128);

const isEcho = (type: number): boolean => type === 0 || type === 8 || type === 128 || type === 129;

/** Offset of the flags in TCP's header. */
const FLAGS = 13;
const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;

/** No other flag, and no byte behind the header. */
function isBare(network: Buffer, transport: Buffer): boolean {
  if (transport.length < 14 || (transport.readUInt8(FLAGS) & ~FIN) !== ACK) return false;
  const header = (transport.readUInt8(12) >> 4) * 4;
  const isIpv4 = network.readUInt8(0) >> 4 === 4;
  const carried = isIpv4 ? network.readUInt16BE(2) - (network.readUInt8(0) & 15) * 4 : network.readUInt16BE(4);
  return carried === header;
}

/** TCP: sequence number, acknowledgement, flags. Others: what stands behind the ports or checksums. */
function keyOf(protocol: number, transport: Buffer): string {
  if (protocol === IpProtocol.tcp) return transport.toString("hex", 4, 14);
  return isIcmp(protocol)
    ? transport.toString("hex", 0, 2) + transport.toString("hex", 4, 8)
    : transport.toString("hex", 4, 6);
}
