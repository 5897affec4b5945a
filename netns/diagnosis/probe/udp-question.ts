/** Sends one datagram: a question that any name server answers to port 53, something that nobody knows elsewhere. */
import { randomBytes } from "node:crypto";
import { SOCK_DGRAM } from "../../../lib/system/socket.ts";
import { CLASS_IN, Flag, Type } from "../../dns/wire/constants.ts";
import { encodeName } from "../../dns/wire/name.ts";
import type { Flow } from "../types/index.ts";
import { type Ending, endingOf, type Question, silence } from "./attempt.ts";
import { forbidFragments, keepReports } from "./ip-options.ts";
import { IpProtocol } from "./packet.ts";
import { PollFlag, ProbeSocket } from "./probe-socket.ts";

const DNS_PORT = 53;
/** Answered by servers themselves, without a question to others (RFC 6761, 6.3). */
const DNS_NAME = "localhost";
const UDP_HEADER = 8;
export const IP_HEADER = { 4: 20, 6: 40 } as const;

export class UdpQuestion implements Question {
  readonly socket: ProbeSocket;
  readonly port: number;
  readonly awaits = PollFlag.in;
  readonly #flow: Flow;

  /** @throws {SystemCallError} `EADDRINUSE` for a source port that is taken */
  constructor(flow: Flow) {
    this.#flow = flow;
    this.socket = new ProbeSocket(flow.family, SOCK_DGRAM, IpProtocol.udp);
    try {
      keepReports(this.socket.fd, flow.family);
      if (flow.size !== undefined) forbidFragments(this.socket.fd, flow.family);
      this.socket.bindIfFree(flow.sourcePort, flow.source);
      this.port = this.socket.local().port;
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  ask(): Ending | undefined {
    const { destination, destinationPort } = this.#flow;
    const errno = this.socket.connect(destination, destinationPort) ?? this.socket.send(payloadOf(this.#flow));
    return errno === undefined ? undefined : endingOf(errno, this.socket, undefined);
  }

  look(): Ending | undefined {
    if (this.socket.poll(this.awaits) === 0) return undefined;
    const answer = this.socket.receive();
    if (answer === "EAGAIN") return undefined;
    if (typeof answer === "string") return endingOf(answer, this.socket, this.#header());
    return { ...silence(this.#header(), true), outcome: "answered" };
  }

  giveUp(): Ending {
    return silence(this.#header());
  }

  [Symbol.dispose](): void {
    this.socket[Symbol.dispose]();
  }

  #header() {
    return this.socket.header(this.#flow.destination, this.#flow.destinationPort);
  }
}

/** Bytes of the IP packet. */
export const udpLength = (flow: Flow): number => IP_HEADER[flow.family] + UDP_HEADER + payloadOf(flow).length;

function payloadOf({ family, destinationPort, size }: Flow): Buffer {
  const content = destinationPort === DNS_PORT ? dnsQuestion() : unknownContent();
  const wanted = size === undefined ? content.length : Math.max(0, size - IP_HEADER[family] - UDP_HEADER);
  return Buffer.concat([content, Buffer.alloc(Math.max(0, wanted - content.length))]).subarray(0, wanted);
}

const unknownContent = (): Buffer => Buffer.from(`ctr probe ${randomBytes(8).toString("hex")}\n`);

function dnsQuestion(): Buffer {
  const header = Buffer.alloc(12);
  randomBytes(2).copy(header);
  header.writeUInt16BE(Flag.recursionDesired, 2);
  header.writeUInt16BE(1, 4);
  const question = Buffer.alloc(4);
  question.writeUInt16BE(Type.a, 0);
  question.writeUInt16BE(CLASS_IN, 2);
  return Buffer.concat([header, encodeName(DNS_NAME) ?? Buffer.alloc(1), question]);
}
