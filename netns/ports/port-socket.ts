/**
 * Sockets on host ports, made by system calls: they are born in the network namespace that the calling thread is in, and
 * have the options that Node does not set. See socket(7), ip(7), ipv6(7).
 */
import { isIP } from "node:net";
import { errnoName, lastErrno, rawCall } from "../../lib/system/libc.ts";
import type { Protocol } from "../types.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

/** Options of SOL_SOCKET. */
export const SocketOption = { reuseAddress: 2, receiveBuffer: 8 } as const;

/** Type and protocol of socket(2). */
const SOCKETS: Readonly<Record<Protocol, readonly [number, number]>> = { tcp: [1, 6], udp: [2, 17], sctp: [1, 132] };

/** An open descriptor, or the errno's name. */
export type SocketResult = { readonly fd: number; readonly errno?: undefined } | { readonly errno: string };

/**
 * Opens a socket that is not bound yet. One of IPv6 leaves the IPv4 port of the same number alone.
 * @param address of the family that it is to have
 */
export function openPortSocket(protocol: Protocol, address: string): SocketResult {
  const ipv6 = isIP(address) === 6;
  const [type, number] = SOCKETS[protocol];
  const fd = rawCall("socket", ipv6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, number);
  if (fd < 0) return { errno: errnoName(lastErrno()) };
  if (ipv6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  return { fd };
}

/** @returns the errno's name, or undefined when it is bound */
export function bindPortSocket(fd: number, address: string, port: number): string | undefined {
  const bytes = socketAddress(address, port);
  return rawCall("bind", fd, bytes, bytes.length) === 0 ? undefined : errnoName(lastErrno());
}

export function setSocketOption(fd: number, option: number, value: number): void {
  setOption(fd, SOL_SOCKET, option, value);
}

export function closePortSocket(fd: number): void {
  rawCall("close", fd);
}

const optionValue = Buffer.alloc(4);

function setOption(fd: number, level: number, option: number, value: number): void {
  optionValue.writeInt32LE(value);
  rawCall("setsockopt", fd, level, option, optionValue, optionValue.length);
}

/** struct sockaddr_in or sockaddr_in6. */
function socketAddress(address: string, port: number): Uint8Array {
  if (isIP(address) === 4) {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt16LE(AF_INET, 0);
    bytes.writeUInt16BE(port, 2);
    bytes.set(address.split(".").map(Number), 4);
    return bytes;
  }
  const bytes = Buffer.alloc(28);
  bytes.writeUInt16LE(AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(ipv6Bytes(address), 8);
  return bytes;
}

/** The 16 bytes of an IPv6 address that is known to be one: `::1`, `fd00::1`, `::ffff:192.0.2.1`. */
function ipv6Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  if (text === "::") return bytes;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const hex = (high: string | undefined, low: string | undefined) => (Number(high) * 256 + Number(low)).toString(16);
  const plain = dotted === null ? text : `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}`;
  const [head = "", tail] = plain.split("::");
  const groups = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const first = groups(head);
  const last = groups(tail ?? "");
  const all = [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
  for (const [index, group] of all.entries()) {
    bytes[2 * index] = group >> 8;
    bytes[2 * index + 1] = group & 0xff;
  }
  return bytes;
}
