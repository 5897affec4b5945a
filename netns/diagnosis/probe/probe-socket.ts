/** A probe's socket: born in the network namespace that the thread is in, it stays there. See socket(7), ip(7). */
import { hasCode } from "../../../lib/errors.ts";
import { errnoName, lastErrno, rawCall, systemCall } from "../../../lib/system/libc.ts";
import { AF_INET, AF_INET6, SOCK_CLOEXEC, SOCK_NONBLOCK, SOL_SOCKET } from "../../../lib/system/socket.ts";
import { socketAddress } from "../../dns/sockets.ts";
import { addressText } from "../../dns/wire/address.ts";
import type { PacketHeader } from "../types/index.ts";

const SO_ERROR = 4;
const EINPROGRESS = 115;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** Bytes that an answer is read with; what is longer is cut. */
const ANSWER_LENGTH = 64 * 1024;

export const PollFlag = { in: 0x1, out: 0x4, error: 0x8, hangUp: 0x10 } as const;

export class ProbeSocket implements Disposable {
  readonly fd: number;
  readonly #family: 4 | 6;

  /** @param type SOCK_* @param protocol IPPROTO_* @throws {SystemCallError} */
  constructor(family: 4 | 6, type: number, protocol: number) {
    this.#family = family;
    const flags = type | SOCK_CLOEXEC | SOCK_NONBLOCK;
    this.fd = systemCall("socket", "probe", family === 4 ? AF_INET : AF_INET6, flags, protocol);
  }

  /**
   * Takes a port: by default of all addresses, so that the kernel goes on choosing the address as it does for programs.
   * @throws {SystemCallError} `EADDRINUSE`, `EADDRNOTAVAIL`
   */
  bind(port: number, address = ""): void {
    const all = this.#family === 4 ? "0.0.0.0" : "::";
    const bytes = socketAddress(address === "" ? all : address, port);
    systemCall("bind", `port ${port}`, this.fd, bytes, bytes.length);
  }

  /**
   * Takes a port; where the kernel has none left to give away, none: a program that connects may still get one that
   * leads elsewhere already.
   * @param port 0 for any @throws {SystemCallError} for a port that was asked for and is taken
   */
  bindIfFree(port: number, address: string): void {
    try {
      this.bind(port, address);
    } catch (error) {
      if (port !== 0 || !hasCode(error, "EADDRINUSE")) throw error;
    }
  }

  /** @returns the errno's name; undefined when it is connected, or will be */
  connect(address: string, port: number): string | undefined {
    const bytes = socketAddress(address, port);
    if (rawCall("connect", this.fd, bytes, bytes.length) === 0) return undefined;
    const errno = lastErrno();
    return errno === EINPROGRESS ? undefined : errnoName(errno);
  }

  /** @returns the errno's name; undefined when it is sent */
  send(data: Uint8Array): string | undefined {
    return rawCall("send", this.fd, data, data.length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0
      ? errnoName(lastErrno())
      : undefined;
  }

  /** @returns what came, or the errno's name; `EAGAIN` when there is nothing */
  receive(): Buffer | string {
    const buffer = Buffer.allocUnsafeSlow(ANSWER_LENGTH);
    const length = rawCall("recv", this.fd, buffer, buffer.length, MSG_DONTWAIT);
    return length < 0 ? errnoName(lastErrno()) : buffer.subarray(0, length);
  }

  /** What has happened: {@link PollFlag}s. @param wait milliseconds that the thread stands still at most */
  poll(events: number, wait = 0): number {
    const descriptor = Buffer.alloc(8);
    descriptor.writeInt32LE(this.fd, 0);
    descriptor.writeInt16LE(events, 4);
    return rawCall("poll", descriptor, 1, wait) > 0 ? descriptor.readInt16LE(6) : 0;
  }

  /** The error that waits, which is thereby taken. */
  takeError(): string | undefined {
    const value = Buffer.alloc(4);
    rawCall("getsockopt", this.fd, SOL_SOCKET, SO_ERROR, value, Buffer.from([value.length, 0, 0, 0]));
    const errno = value.readInt32LE(0);
    return errno === 0 ? undefined : errnoName(errno);
  }

  /** Its own address and port. */
  local(): { readonly address: string; readonly port: number } {
    const bytes = Buffer.alloc(28);
    const length = Buffer.from([bytes.length, 0, 0, 0]);
    systemCall("getsockname", "probe", this.fd, bytes, length);
    const address = this.#family === 4 ? bytes.subarray(4, 8) : bytes.subarray(8, 24);
    return { address: addressText(address), port: bytes.readUInt16BE(2) };
  }

  header(destination: string, destinationPort: number): PacketHeader {
    const { address, port } = this.local();
    return { source: address, destination, sourcePort: port, destinationPort };
  }

  [Symbol.dispose](): void {
    rawCall("close", this.fd);
  }
}
