/** Sends one echo request, over a raw socket: those for everybody are switched off in new namespaces (ping_group_range). */
import { randomInt } from "node:crypto";
import { SOCK_RAW } from "../../../lib/system/socket.ts";
import type { Flow } from "../types/index.ts";
import { type Ending, endingOf, type Question, silence } from "./attempt.ts";
import { forbidFragments, keepReports, takeIcmpTypes } from "./ip-options.ts";
import { protocolNumber } from "./packet.ts";
import { PollFlag, ProbeSocket } from "./probe-socket.ts";
import { EchoType } from "./selection.ts";
import { IP_HEADER } from "./udp-question.ts";

const ICMP_HEADER = 8;
/** Bytes that are sent beside the header when no size is asked for. */
const CONTENT = 32;

export class IcmpQuestion implements Question {
  readonly socket: ProbeSocket;
  /** The echo's number. */
  readonly port = randomInt(1, 0x10000);
  readonly awaits = PollFlag.in;
  readonly #flow: Flow;

  /** @throws {SystemCallError} */
  constructor(flow: Flow) {
    this.#flow = flow;
    const { family, size } = flow;
    this.socket = new ProbeSocket(family, SOCK_RAW, protocolNumber("icmp", family));
    try {
      keepReports(this.socket.fd, family);
      takeIcmpTypes(this.socket.fd, family, [EchoType[family].reply]);
      if (size !== undefined) forbidFragments(this.socket.fd, family);
      if (flow.source !== "") this.socket.bind(0, flow.source);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  ask(): Ending | undefined {
    const errno = this.socket.connect(this.#flow.destination, 0) ?? this.socket.send(this.#message());
    return errno === undefined ? undefined : endingOf(errno, this.socket, undefined);
  }

  look(): Ending | undefined {
    while (this.socket.poll(this.awaits) !== 0) {
      const answer = this.socket.receive();
      if (answer === "EAGAIN") return undefined;
      if (typeof answer === "string") return endingOf(answer, this.socket, this.#header());
      if (this.#isReply(answer)) return { ...silence(this.#header(), true), outcome: "answered" };
    }
    return undefined;
  }

  giveUp(): Ending {
    return silence(this.#header());
  }

  [Symbol.dispose](): void {
    this.socket[Symbol.dispose]();
  }

  #message(): Buffer {
    const { family } = this.#flow;
    const message = Buffer.alloc(icmpLength(this.#flow) - IP_HEADER[family]);
    message.writeUInt8(EchoType[family].request, 0);
    message.writeUInt16BE(this.port, 4);
    message.writeUInt16BE(1, 6);
    // The kernel sums up IPv6's itself: that one has the addresses in it.
    if (family === 4) message.writeUInt16BE(internetChecksum(message), 2);
    return message;
  }

  /** A raw socket gets every reply that comes to its namespace, of IPv4 with the IP header. */
  #isReply(packet: Buffer): boolean {
    const { family } = this.#flow;
    const message = family === 4 ? packet.subarray(((packet[0] ?? 0) & 15) * 4) : packet;
    return (
      message.length >= ICMP_HEADER &&
      message.readUInt8(0) === EchoType[family].reply &&
      message.readUInt16BE(4) === this.port
    );
  }

  #header() {
    return { ...this.socket.header(this.#flow.destination, 0), sourcePort: 0 };
  }
}

/** Bytes of the IP packet. */
export const icmpLength = ({ family, size }: Flow): number =>
  IP_HEADER[family] + (size === undefined ? ICMP_HEADER + CONTENT : Math.max(ICMP_HEADER, size - IP_HEADER[family]));

/** RFC 1071 */
export function internetChecksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
