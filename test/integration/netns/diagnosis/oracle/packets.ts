/** Real connections between namespaces, all at once: sockets are made in a namespace and stay in it. */
import { addressOf, lastErrno, rawCall, systemCall } from "../../../../../lib/system/libc.ts";
import { AF_INET, AF_INET6 } from "../../../../../lib/system/socket.ts";
import { enterNetworkNamespace, parseAddress } from "../../../../../netns/index.ts";
import { bindPortSocket, closePortSocket, openPortSocket } from "../../../../../netns/ports/port-socket.ts";

export type Protocol = "tcp" | "udp";

export interface Question {
  /** File of the namespace. */
  readonly from: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** Bytes of a datagram's payload. */
  readonly length: number;
}

const BACKLOG = 128;
const POLLIN = 1;
const POLLOUT = 4;
const SO_ERROR = 4;
const SOL_SOCKET = 1;
const SIOCOUTQ = 0x5411;
const MSG_NOSIGNAL = 0x4000;
/** Milliseconds between looks at what is acknowledged. */
const ROUND = 5;

/** Sockets that answer: TCP's are answered by the kernel alone, UDP's send back what they get. */
export class Servers implements Disposable {
  readonly #listening: number[] = [];
  readonly #datagrams: number[] = [];

  /** On all addresses of both families for TCP, on one for UDP. */
  listen(namespace: string, protocol: Protocol, address: string, port: number): void {
    enterNetworkNamespace(namespace, () => {
      const socket = openPortSocket(protocol, address);
      if (socket.errno !== undefined) throw new Error(`${protocol} ${address}: ${socket.errno}`);
      if (bindPortSocket(socket.fd, address, port) !== undefined) {
        closePortSocket(socket.fd);
        return;
      }
      if (protocol === "udp") {
        this.#datagrams.push(socket.fd);
        return;
      }
      systemCall("listen", address, socket.fd, BACKLOG);
      this.#listening.push(socket.fd);
    });
  }

  get datagramSockets(): readonly number[] {
    return this.#datagrams;
  }

  [Symbol.dispose](): void {
    for (const fd of [...this.#listening, ...this.#datagrams]) closePortSocket(fd);
  }
}

/**
 * @param patience milliseconds that all have together
 * @returns for each question whether it was answered
 */
export function askAll(questions: readonly Question[], servers: Servers, patience: number): boolean[] {
  const asked = questions.map((question) => enterNetworkNamespace(question.from, () => ask(question)));
  const answered = asked.map(() => false);
  const waiting = new Map(asked.flatMap((fd, index) => (fd === undefined ? [] : [[fd, index] as const])));
  try {
    const deadline = performance.now() + patience;
    const acknowledging = new Map<number, number>();
    while ((waiting.size > 0 || acknowledging.size > 0) && performance.now() < deadline) {
      const isDatagram = (fd: number): boolean => questions[waiting.get(fd) ?? 0]?.protocol === "udp";
      const events = [...waiting.keys()].map((fd) => [fd, isDatagram(fd) ? POLLIN : POLLOUT] as const);
      const listening = servers.datagramSockets.map((fd) => [fd, POLLIN] as const);
      const ready = poll([...events, ...listening], acknowledging.size > 0 ? performance.now() + ROUND : deadline);
      for (const fd of ready) {
        const index = waiting.get(fd);
        if (index === undefined) echo(fd);
        else {
          if (isDatagram(fd)) answered[index] = receive(fd);
          else if (errorOf(fd) === 0 && sendByte(fd)) acknowledging.set(fd, index);
          waiting.delete(fd);
        }
      }
      for (const [fd, index] of acknowledging) {
        if (unacknowledged(fd) > 0) continue;
        answered[index] = errorOf(fd) === 0;
        acknowledging.delete(fd);
      }
    }
  } finally {
    for (const fd of asked) if (fd !== undefined) closePortSocket(fd);
  }
  return answered;
}

/** @returns undefined when the kernel refuses at once */
function ask({ address, port, protocol, length }: Question): number | undefined {
  const socket = openPortSocket(protocol, address);
  if (socket.errno !== undefined) return undefined;
  const bytes = socketAddress(address, port);
  const EINPROGRESS = 115;
  const isConnecting = rawCall("connect", socket.fd, bytes, bytes.length) === 0 || lastErrno() === EINPROGRESS;
  const isSent =
    isConnecting && (protocol === "tcp" || rawCall("send", socket.fd, Buffer.alloc(length), length, 0) === length);
  if (isSent) return socket.fd;
  closePortSocket(socket.fd);
  return undefined;
}

const sendByte = (fd: number): boolean => rawCall("send", fd, Buffer.from("?"), 1, MSG_NOSIGNAL) === 1;

/** Bytes that the other end's kernel has not taken yet: without a program there it takes them too. */
function unacknowledged(fd: number): number {
  const bytes = Buffer.alloc(4);
  return rawCall("ioctl", fd, SIOCOUTQ, bytes) < 0 ? 0 : bytes.readInt32LE();
}

function poll(events: readonly (readonly [fd: number, events: number])[], deadline: number): number[] {
  const descriptors = Buffer.alloc(8 * events.length);
  for (const [index, [fd, wanted]] of events.entries()) {
    descriptors.writeInt32LE(fd, 8 * index);
    descriptors.writeInt16LE(wanted, 8 * index + 4);
  }
  const left = Math.max(0, Math.ceil(deadline - performance.now()));
  rawCall("poll", descriptors, events.length, left);
  return events.flatMap(([fd], index) => (descriptors.readInt16LE(8 * index + 6) === 0 ? [] : [fd]));
}

function errorOf(fd: number): number {
  const value = Buffer.alloc(4);
  const length = Buffer.alloc(4);
  length.writeInt32LE(4);
  rawCall("getsockopt", fd, SOL_SOCKET, SO_ERROR, value, length);
  return value.readInt32LE();
}

const receive = (fd: number): boolean => rawCall("recv", fd, Buffer.alloc(16), 16, 0) > 0;

/** Sends a datagram back to where it came from: struct msghdr. */
function echo(fd: number): void {
  const name = Buffer.alloc(128);
  const data = Buffer.alloc(128);
  const vector = Buffer.alloc(128);
  vector.writeBigUInt64LE(addressOf(data), 0);
  vector.writeBigUInt64LE(16n, 8);
  const message = Buffer.alloc(128);
  message.writeBigUInt64LE(addressOf(name), 0);
  message.writeUInt32LE(28, 8);
  message.writeBigUInt64LE(addressOf(vector), 16);
  message.writeBigUInt64LE(1n, 24);
  if (rawCall("recvmsg", fd, message, 0) <= 0) return;
  rawCall("sendto", fd, data, 1, 0, name, message.readUInt32LE(8));
}

/** struct sockaddr_in, sockaddr_in6. */
function socketAddress(text: string, port: number): Buffer {
  const { family, value } = parseAddress(text);
  const bytes = Buffer.alloc(family === 4 ? 16 : 28);
  bytes.writeUInt16LE(family === 4 ? AF_INET : AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  if (family === 4) bytes.writeUInt32BE(Number(value), 4);
  else {
    bytes.writeBigUInt64BE(value >> 64n, 8);
    bytes.writeBigUInt64BE(value & 0xffff_ffff_ffff_ffffn, 16);
  }
  return bytes;
}
