/**
 * Sockets on host ports, made by system calls: they are born in the network namespace that the calling thread is in, and
 * have the options that Node does not set. See socket(7), ip(7), ipv6(7).
 */
import { errnoName, lastErrno, rawCall } from "../../lib/system/libc.ts";
import { AF_INET, AF_INET6, SOCK_CLOEXEC, SOCK_NONBLOCK, SOL_SOCKET } from "../../lib/system/socket.ts";
import { type Address, parseAddress } from "../ipam/ip.ts";
import type { Protocol } from "../types.ts";
import { isIpv6 } from "./host-address.ts";

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
  const ipv6 = isIpv6(address);
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

/** Of the addresses that ports were bound to last: most are bound to all of a family, and hundreds at a time. */
const addresses = new Map<string, Buffer>();
const MOST_ADDRESSES = 64;

/** struct sockaddr_in or sockaddr_in6. It holds until the next call. */
function socketAddress(text: string, port: number): Uint8Array {
  let bytes = addresses.get(text);
  if (bytes === undefined) {
    if (addresses.size === MOST_ADDRESSES) addresses.clear();
    bytes = socketAddressOf(parseAddress(text));
    addresses.set(text, bytes);
  }
  bytes.writeUInt16BE(port, 2);
  return bytes;
}

function socketAddressOf({ family, value }: Address): Buffer {
  const bytes = Buffer.alloc(family === 4 ? 16 : 28);
  bytes.writeUInt16LE(family === 4 ? AF_INET : AF_INET6, 0);
  if (family === 4) {
    bytes.writeUInt32BE(Number(value), 4);
  } else {
    bytes.writeBigUInt64BE(value >> 64n, 8);
    bytes.writeBigUInt64BE(value & 0xffff_ffff_ffff_ffffn, 16);
  }
  return bytes;
}
