/** A name server of the tests' own, for the ones that are asked upstream: it says what a function says. */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { queryFor, type ResponseParts, responseTo } from "../../unit/netns/dns/messages.ts";

export interface Asked {
  /** Without the last dot, as it was asked. */
  readonly name: string;
  readonly type: number;
  readonly overUdp: boolean;
  /** Address of who asked. */
  readonly client: string;
}

/** Undefined: it stays silent. */
export type Answer = (asked: Asked) => ResponseParts | undefined;

/** Listens in the network namespace that the thread is in, and is bound there when `start` has resolved. */
export class DnsServer implements AsyncDisposable {
  readonly asked: Asked[] = [];
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #answer: Answer;

  private constructor(answer: Answer) {
    this.#answer = answer;
    this.#udp = createSocket("udp4", (message, { address, port }) => {
      const reply = this.#reply(message, true, address);
      if (reply !== undefined) this.#udp.send(reply, port, address);
    });
    this.#tcp = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", (chunk: Buffer) => {
        const reply = this.#reply(chunk.subarray(2), false, socket.remoteAddress ?? "");
        if (reply !== undefined)
          socket.end(Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 255]), reply]));
      });
    });
  }

  static async start(address: string, answer: Answer): Promise<DnsServer> {
    const server = new DnsServer(answer);
    server.#udp.bind(53, address);
    await once(server.#udp, "listening");
    server.#tcp.listen(53, address);
    await once(server.#tcp, "listening");
    return server;
  }

  /** Names that were asked for, in order. */
  get names(): string[] {
    return this.asked.map(({ name }) => name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#udp.close();
    this.#tcp.close();
  }

  #reply(message: Buffer, overUdp: boolean, client: string): Buffer | undefined {
    const end = message.indexOf(0, 12);
    const labels: string[] = [];
    for (let at = 12; at < end; at += (message[at] ?? 0) + 1) {
      labels.push(message.toString("latin1", at + 1, at + 1 + (message[at] ?? 0)));
    }
    const asked = { name: labels.join("."), type: message.readUInt16BE(end + 1), overUdp, client };
    this.asked.push(asked);
    const parts = this.#answer(asked);
    if (parts === undefined) return undefined;
    return responseTo(queryFor(asked.name, { id: message.readUInt16BE(0), type: asked.type }), parts);
  }
}
