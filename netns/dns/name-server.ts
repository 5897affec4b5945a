/** The sockets of one sandbox's name server, and what comes in through them. */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import { rawCall } from "../../lib/system/libc.ts";
import { DatagramBatch } from "./datagram-batch.ts";
import { redirectToPort, SERVER_ADDRESS, SERVER_PORT } from "./redirect.ts";
import { closeSocket, openServerSockets, openSocketPair, type ServerSockets, socketAddress } from "./sockets.ts";
import { serveTcpClient } from "./tcp-client.ts";

/** Connections of one sandbox at a time. */
const MAX_CLIENTS = 128;

/** Of all servers of the process: it is empty again whenever one is done with it. */
const batch = new DatagramBatch();

/** Answers one message, whose memory is used again afterwards. Undefined when there is no answer to give; a promise when others are asked. */
export type Responder = (message: Buffer, overUdp: boolean) => Buffer | undefined | Promise<Buffer | undefined>;

export class NameServer implements Disposable {
  readonly port: number;
  readonly #udp: UdpSocket;
  readonly #udpDescriptor: number;
  readonly #tcp: Server;
  readonly #clients = new Set<Socket>();
  readonly #respond: Responder;
  #isClosed = false;

  private constructor(sockets: ServerSockets, respond: Responder) {
    this.port = sockets.port;
    this.#respond = respond;
    this.#udpDescriptor = sockets.udp;
    this.#udp = createSocket("udp4", (message, { address, port }) => this.#onMessage(message, address, port));
    // A client that has closed its socket is reported by the next receive. It is none of ours.
    this.#udp.on("error", () => {});
    this.#udp.bind({ fd: sockets.udp });
    this.#tcp = createServer({ allowHalfOpen: true }, (client) => this.#onClient(client));
    this.#tcp.on("error", () => {});
    this.#tcp.maxConnections = MAX_CLIENTS;
    this.#tcp.listen({ fd: sockets.tcp });
  }

  /**
   * Opens the server in the namespace that the thread is in, with the rules that lead to it.
   * @param redirect makes the rules; tests give another
   * @throws {SystemCallError} or `NftError`; nothing is left then
   */
  static open(respond: Responder, redirect = redirectToPort): NameServer {
    const sockets = openServerSockets(SERVER_ADDRESS);
    try {
      redirect(sockets.port);
      return new NameServer(sockets, respond);
    } catch (error) {
      closeSocket(sockets.udp);
      closeSocket(sockets.tcp);
      return NameServer.#openWithoutRules(respond, error);
    }
  }

  /** Where the kernel has no nftables the port itself is taken, as long as no server of the container's has it. */
  static #openWithoutRules(respond: Responder, reason: unknown): NameServer {
    try {
      return new NameServer(openSocketPair(SERVER_ADDRESS, SERVER_PORT), respond);
    } catch {
      throw reason;
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#udp.close();
    this.#tcp.close();
    for (const client of this.#clients) client.destroy();
  }

  /** Node tells of one message; those that wait behind it are taken and answered together. */
  #onMessage(message: Buffer, address: string, port: number): void {
    this.#answer(message, socketAddress(address, port));
    const count = batch.receive(this.#udpDescriptor);
    for (let index = 0; index < count && !this.#isClosed; index++) {
      const answer = this.#respond(batch.message(index), true);
      if (answer === undefined) continue;
      if (answer instanceof Promise) this.#answerLater(answer, batch.peer(index));
      else if (!batch.reply(index, answer)) this.#send(answer, batch.peer(index));
    }
    batch.send(this.#udpDescriptor);
  }

  #answer(message: Buffer, peer: Buffer): void {
    const answer = this.#respond(message, true);
    if (answer instanceof Promise) this.#answerLater(answer, peer);
    else if (answer !== undefined) this.#send(answer, peer);
  }

  #answerLater(answer: Promise<Buffer | undefined>, peer: Buffer): void {
    void answer.then((late) => {
      if (late !== undefined && !this.#isClosed) this.#send(late, peer);
    });
  }

  /** What the kernel has no room for is lost, as on a wire. */
  #send(answer: Buffer, peer: Buffer): void {
    rawCall("sendto", this.#udpDescriptor, answer, answer.length, 0, peer, peer.length);
  }

  #onClient(client: Socket): void {
    this.#clients.add(client);
    client.once("close", () => this.#clients.delete(client));
    serveTcpClient(client, (message) => this.#respond(message, false));
  }
}
