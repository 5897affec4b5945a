/**
 * Holds a host port with a socket that is bound and nothing more, so that no program of the host takes it. It does not
 * listen: the packets of a published port are redirected before they reach a socket, and if the rules are ever away,
 * a client is refused at once instead of waiting for an answer.
 */
import { errnoName, lastErrno, rawCall } from "../../lib/system/libc.ts";
import type { Protocol } from "../types.ts";

const AF_INET = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
/** Type and protocol of socket(2). */
const SOCKETS: Readonly<Record<Protocol, readonly [number, number]>> = { tcp: [1, 6], udp: [2, 17], sctp: [1, 132] };

export type HoldResult =
  /** `fd` is undefined when the kernel does not have the protocol, and thus no program can take the port. */
  { readonly held: true; readonly fd: number | undefined } | { readonly held: false; readonly errno: string };

/** @param hostIp IPv4 address */
export function holdPort(protocol: Protocol, hostIp: string, port: number): HoldResult {
  const [type, number] = SOCKETS[protocol];
  const fd = rawCall("socket", AF_INET, type | SOCK_CLOEXEC, number);
  if (fd < 0) {
    const errno = errnoName(lastErrno());
    if (errno === "EPROTONOSUPPORT" || errno === "ESOCKTNOSUPPORT") return { held: true, fd: undefined };
    return { held: false, errno };
  }
  const errno = bindSocket(fd, protocol, socketAddress(hostIp, port));
  if (errno === undefined) return { held: true, fd };
  releaseHold(fd);
  return { held: false, errno };
}

export function releaseHold(fd: number): void {
  rawCall("close", fd);
}

/** @returns the name of the error number, or undefined */
function bindSocket(fd: number, protocol: Protocol, address: Uint8Array): string | undefined {
  // Nobody reads what arrives while the rules are away: let the kernel keep as little of it as it can.
  if (protocol === "udp") setOption(fd, SO_RCVBUF, 0);
  if (rawCall("bind", fd, address, address.length) === 0) return undefined;
  const errno = errnoName(lastErrno());
  if (protocol !== "tcp" || errno !== "EADDRINUSE") return errno;
  // A connection of a former server in TIME_WAIT is no reason to refuse (Docker's listeners have SO_REUSEADDR). It is
  // taken back at once, because two sockets that both have it and do not listen could share the port.
  setOption(fd, SO_REUSEADDR, 1);
  const again = rawCall("bind", fd, address, address.length);
  const errnoAgain = again === 0 ? undefined : errnoName(lastErrno());
  setOption(fd, SO_REUSEADDR, 0);
  return errnoAgain;
}

function setOption(fd: number, option: number, value: number): void {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  rawCall("setsockopt", fd, SOL_SOCKET, option, buffer, buffer.length);
}

/** struct sockaddr_in, see ip(7). */
function socketAddress(ip: string, port: number): Uint8Array {
  const address = Buffer.alloc(16);
  address.writeUInt16LE(AF_INET, 0);
  address.writeUInt16BE(port, 2);
  address.set(ip.split(".").map(Number), 4);
  return address;
}
