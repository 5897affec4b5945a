/** Asks for a TCP connection. By default nothing is sent over it: the far end's program sees one that is closed again. */
import { rawCall } from "../../../lib/system/libc.ts";
import { SOCK_STREAM } from "../../../lib/system/socket.ts";
import type { Flow } from "../types/index.ts";
import { type Ending, endingOf, type Question, silence } from "./attempt.ts";
import { keepReports } from "./ip-options.ts";
import { IpProtocol } from "./packet.ts";
import { PollFlag, ProbeSocket } from "./probe-socket.ts";

/** SIOCOUTQ: bytes that the far end has not acknowledged. */
const BYTES_UNACKNOWLEDGED = 0x5411;

export class TcpQuestion implements Question {
  readonly socket: ProbeSocket;
  readonly port: number;
  readonly awaits = PollFlag.out | PollFlag.in;
  readonly #flow: Flow;
  readonly #data: Uint8Array | undefined;
  #connected = false;

  /** @param data to send once it is connected @throws {SystemCallError} `EADDRINUSE` for a source port that is taken */
  constructor(flow: Flow, data: Uint8Array | undefined) {
    this.#flow = flow;
    this.#data = data;
    this.socket = new ProbeSocket(flow.family, SOCK_STREAM, IpProtocol.tcp);
    try {
      keepReports(this.socket.fd, flow.family);
      this.socket.bindIfFree(flow.sourcePort, flow.source);
      this.port = this.socket.local().port;
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  ask(): Ending | undefined {
    const errno = this.socket.connect(this.#flow.destination, this.#flow.destinationPort);
    return errno === undefined ? undefined : endingOf(errno, this.socket, undefined);
  }

  look(): Ending | undefined {
    const seen = this.socket.poll(this.awaits);
    if ((seen & (PollFlag.error | PollFlag.hangUp)) !== 0) {
      const errno = this.socket.takeError();
      if (errno !== undefined) return endingOf(errno, this.socket, this.#header());
    }
    if (!this.#connected && (seen & PollFlag.out) !== 0) this.#connect();
    return this.#connected ? this.#afterConnection(seen) : undefined;
  }

  giveUp(): Ending {
    const ending = silence(this.#header(), this.#data && false);
    return this.#connected ? { ...ending, outcome: "connected" } : ending;
  }

  [Symbol.dispose](): void {
    this.socket[Symbol.dispose]();
  }

  #connect(): void {
    this.#connected = true;
    if (this.#data !== undefined) this.socket.send(this.#data);
  }

  #afterConnection(seen: number): Ending | undefined {
    const ending = { ...silence(this.#header()), outcome: "connected" } as const;
    if (this.#data === undefined) return ending;
    if (!this.#isAcknowledged()) return undefined;
    const answered = (seen & PollFlag.in) !== 0 && this.socket.receive().length > 0;
    return { ...ending, outcome: answered ? "answered" : "connected", dataTaken: true };
  }

  #isAcknowledged(): boolean {
    const value = Buffer.alloc(4);
    return rawCall("ioctl", this.socket.fd, BYTES_UNACKNOWLEDGED, value) === 0 && value.readInt32LE(0) === 0;
  }

  #header() {
    return this.socket.header(this.#flow.destination, this.#flow.destinationPort);
  }
}
