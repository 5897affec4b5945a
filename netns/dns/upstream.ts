/** One server that names are asked of, from one network namespace. */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { Socket } from "node:net";
import { messageOf } from "../../lib/errors.ts";
import { rawCall } from "../../lib/system/libc.ts";
import { MessageNumbers } from "./message-numbers.ts";
import { connectUdp, startConnectTcp } from "./sockets.ts";
import { firstMessage, lengthOf } from "./tcp-client.ts";
import { answersQuery } from "./wire/message.ts";
import type { Query } from "./wire/query.ts";

const PORT = 53;
/** A socket, and with it the port that an attacker would have to guess, is used for so many questions or milliseconds. */
const QUESTIONS_PER_SOCKET = 512;
const SOCKET_AGE = 5_000;

/** Runs something synchronous in the namespace that the server is asked from. */
export type Enter = <T>(body: () => T extends PromiseLike<unknown> ? never : T) => T;

/** The server cannot be reached, or gave no answer that is one. */
export class UpstreamError extends Error {
  override readonly name: string = "UpstreamError";
}

/** Called once with the answer, or why there is none; not at all after it was cancelled. */
export type Settle = (result: Buffer | UpstreamError) => void;
export type Cancel = () => void;

interface Waiting {
  readonly query: Query;
  readonly settle: Settle;
}

/** A UDP socket and the questions that were sent through it. */
interface Channel {
  readonly socket: UdpSocket;
  readonly descriptor: number;
  readonly waiting: Map<number, Waiting>;
  readonly opened: number;
  sent: number;
}

export class Upstream implements Disposable {
  readonly address: string;
  /** Until when (performance.now) it is asked after all others: it was silent, or could not be reached. */
  suspectUntil = 0;
  readonly #enter: Enter;
  readonly #numbers = new MessageNumbers();
  readonly #channels = new Set<Channel>();
  readonly #connections = new Set<Socket>();
  #current: Channel | undefined;

  constructor(address: string, enter: Enter) {
    this.address = address;
    this.#enter = enter;
  }

  /** Asks once. A server's host that says that nobody listens is a failure at once; silence is none. */
  ask(query: Query, overUdp: boolean, settle: Settle): Cancel {
    try {
      return overUdp ? this.#askUdp(query, settle) : this.#askTcp(query, settle);
    } catch (error) {
      settle(this.#failure(messageOf(error)));
      return () => {};
    }
  }

  #askUdp(query: Query, settle: Settle): Cancel {
    const channel = this.#channel();
    const number = this.#numbers.next(channel.waiting);
    channel.waiting.set(number, { query, settle });
    channel.sent++;
    const message = withNumber(query, number);
    // What became of an earlier packet may be reported here, for which this one is not sent: it is tried once more.
    if (rawCall("send", channel.descriptor, message, message.length, 0) < 0) {
      rawCall("send", channel.descriptor, message, message.length, 0);
    }
    return () => {
      if (channel.waiting.delete(number)) this.#closeWhenDone(channel);
    };
  }

  /** On a connection of its own. */
  #askTcp(query: Query, settle: Settle): Cancel {
    const socket = new Socket({ fd: this.#enter<number>(() => startConnectTcp(this.address, PORT)) });
    this.#connections.add(socket);
    const number = this.#numbers.next(NONE);
    const message = withNumber(query, number);
    let received: Buffer = Buffer.alloc(0);
    let result: Buffer | UpstreamError = this.#failure("closed the connection without an answer");
    let cancelled = false;
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const answer = firstMessage(received);
      if (answer === undefined) return;
      if (answer.length >= 2 && answer.readUInt16BE(0) === number && answersQuery(answer, query)) result = answer;
      socket.destroy();
    });
    socket.on("error", (error) => {
      result = this.#failure(error.message);
    });
    socket.once("close", () => {
      this.#connections.delete(socket);
      if (!cancelled) settle(result);
    });
    socket.write(Buffer.concat([lengthOf(message), message]));
    return () => {
      cancelled = true;
      socket.destroy();
    };
  }

  /** Closes its sockets; what was asked is given up. */
  [Symbol.dispose](): void {
    for (const channel of this.#channels) this.#fail(channel, "given up");
    for (const socket of this.#connections) socket.destroy();
  }

  #channel(): Channel {
    const now = performance.now();
    const current = this.#current;
    if (current !== undefined) {
      if (current.sent < QUESTIONS_PER_SOCKET && now - current.opened < SOCKET_AGE) return current;
      this.#current = undefined;
      this.#closeWhenDone(current);
    }
    const channel = this.#openChannel(now);
    this.#channels.add(channel);
    this.#current = channel;
    // A server that is asked no more needs no socket.
    setTimeout(() => this.#retire(channel), SOCKET_AGE).unref();
    return channel;
  }

  #openChannel(opened: number): Channel {
    const descriptor = this.#enter<number>(() => connectUdp(this.address, PORT));
    const socket = createSocket(this.address.includes(":") ? "udp6" : "udp4");
    const channel: Channel = { socket, descriptor, waiting: new Map(), opened, sent: 0 };
    socket.on("message", (message) => this.#onMessage(channel, message));
    socket.on("error", (error) => this.#fail(channel, error.message));
    socket.bind({ fd: descriptor });
    return channel;
  }

  #onMessage(channel: Channel, message: Buffer): void {
    if (message.length < 2) return;
    const number = message.readUInt16BE(0);
    const waiting = channel.waiting.get(number);
    // Anything else may be forged: the true answer can still come.
    if (waiting === undefined || !answersQuery(message, waiting.query)) return;
    channel.waiting.delete(number);
    waiting.settle(message);
    this.#closeWhenDone(channel);
  }

  #fail(channel: Channel, reason: string): void {
    const waiting = [...channel.waiting.values()];
    channel.waiting.clear();
    this.#retire(channel);
    for (const { settle } of waiting) settle(this.#failure(reason));
  }

  #retire(channel: Channel): void {
    if (this.#current === channel) this.#current = undefined;
    this.#closeWhenDone(channel);
  }

  #closeWhenDone(channel: Channel): void {
    if (this.#current === channel || channel.waiting.size > 0 || !this.#channels.delete(channel)) return;
    channel.socket.close();
  }

  #failure(reason: string): UpstreamError {
    return new UpstreamError(`${this.address}: ${reason}`);
  }
}

const NONE: ReadonlyMap<number, unknown> = new Map();

function withNumber({ message }: Query, number: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(number, 0);
  return copy;
}
