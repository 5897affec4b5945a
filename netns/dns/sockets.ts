/**
 * Sockets by system calls: they are born in the network namespace that the calling thread is in, and stay there. Node's
 * event loop takes them over by their descriptors. See socket(7), ip(7).
 */
import { isIPv4 } from "node:net";
import { lastErrno, rawCall, SystemCallError, systemCall } from "../../lib/system/libc.ts";
import {
  AF_INET,
  AF_INET6,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../lib/system/socket.ts";
import { addressBytes } from "./wire/address.ts";

const SO_RCVBUFFORCE = 33;
const EINPROGRESS = 115;
const EADDRINUSE = 98;

/** Bytes. Questions of a burst wait here while the process does something else; the memory is taken only then. */
const RECEIVE_BUFFER = 1 << 20;
const BACKLOG = 128;
/** How often another port is tried, when the one of UDP is taken by a TCP server of the container's. */
const PORT_ATTEMPTS = 20;

export interface ServerSockets {
  readonly udp: number;
  readonly tcp: number;
  /** The same for both. */
  readonly port: number;
}

/** Binds UDP and TCP to one port of an IPv4 address, which the kernel chooses. @throws {SystemCallError} */
export function openServerSockets(address: string): ServerSockets {
  for (let attempt = 1; ; attempt++) {
    try {
      return openSocketPair(address, 0);
    } catch (error) {
      const taken = error instanceof SystemCallError && error.errno === EADDRINUSE;
      if (!taken || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** The same, on this very port. @throws {SystemCallError} EADDRINUSE when one of the two is taken */
export function openSocketPair(address: string, wanted: number): ServerSockets {
  using descriptors = new DisposableStack();
  const udp = openSocket(AF_INET, SOCK_DGRAM, address, descriptors);
  setOption(udp, SO_RCVBUFFORCE, RECEIVE_BUFFER);
  bindTo(udp, address, wanted);
  const port = boundPort(udp, address);
  const tcp = openSocket(AF_INET, SOCK_STREAM, address, descriptors);
  bindTo(tcp, address, port);
  systemCall("listen", address, tcp, BACKLOG);
  descriptors.move();
  return { udp, tcp, port };
}

/**
 * A UDP socket that sends to one server and takes packets from it alone, from a port that the kernel chooses.
 * @throws {SystemCallError} ENETUNREACH when there is no route
 */
export function connectUdp(address: string, port: number): number {
  using descriptors = new DisposableStack();
  const fd = openSocket(familyOf(address), SOCK_DGRAM, address, descriptors);
  const bytes = socketAddress(address, port);
  systemCall("connect", `${address} port ${port}`, fd, bytes, bytes.length);
  descriptors.move();
  return fd;
}

/** A TCP socket whose connection is on its way: it can be written to when it is there. @throws {SystemCallError} */
export function startConnectTcp(address: string, port: number): number {
  using descriptors = new DisposableStack();
  const fd = openSocket(familyOf(address), SOCK_STREAM, address, descriptors);
  const bytes = socketAddress(address, port);
  if (rawCall("connect", fd, bytes, bytes.length) < 0) {
    const errno = lastErrno();
    if (errno !== EINPROGRESS) throw new SystemCallError("connect", errno, `${address} port ${port}`);
  }
  descriptors.move();
  return fd;
}

export function closeSocket(fd: number): void {
  rawCall("close", fd);
}

/** `struct sockaddr_in` or `sockaddr_in6`. */
export function socketAddress(address: string, port: number): Buffer {
  const ipv4 = isIPv4(address);
  const bytes = Buffer.alloc(ipv4 ? 16 : 28);
  bytes.writeUInt16LE(familyOf(address), 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(addressBytes(address), ipv4 ? 4 : 8);
  return bytes;
}

const familyOf = (address: string): number => (isIPv4(address) ? AF_INET : AF_INET6);

function openSocket(family: number, type: number, what: string, descriptors: DisposableStack): number {
  const fd = systemCall("socket", what, family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  descriptors.defer(() => closeSocket(fd));
  return fd;
}

function bindTo(fd: number, address: string, port: number): void {
  const bytes = socketAddress(address, port);
  systemCall("bind", `${address} port ${port}`, fd, bytes, bytes.length);
}

function boundPort(fd: number, what: string): number {
  const bytes = Buffer.alloc(16);
  const length = Buffer.from([bytes.length, 0, 0, 0]);
  systemCall("getsockname", what, fd, bytes, length);
  return bytes.readUInt16BE(2);
}

/** Without the right to it the default stays. */
function setOption(fd: number, option: number, value: number): void {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  rawCall("setsockopt", fd, SOL_SOCKET, option, bytes, bytes.length);
}
