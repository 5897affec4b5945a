/**
 * Client end of a SOCK_SEQPACKET unix socket as ordinary Node sockets. Node opens only stream sockets by descriptor, but
 * its event loop reads any descriptor: so a stream socket is opened and the packet socket put in its place by dup3(2)
 * before the loop has seen it. Each `data` event is then exactly one packet, each `write` sends one, `end()` shuts the
 * sending half, and pausing leaves the data in the kernel, which makes the peer wait.
 *
 * There are two Node sockets on the one connection, because Node destroys a socket at its first failed write: what the
 * peer sent before it went, and nobody has read yet, would be lost with it.
 */
import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { basename, dirname } from "node:path";
import { rawCall, systemCall } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
/** `struct sockaddr_un`, see unix(7): two bytes of family, then the path with its terminating zero. */
const ADDRESS_LENGTH = 110;
const LONGEST_PATH = 107;

export interface PacketConnection {
  /** Reads; its end is the peer's. */
  readonly incoming: Socket;
  /** Writes. When it fails, `incoming` still has what the peer sent. */
  readonly outgoing: Socket;
}

/**
 * @param path of the listening socket, of any length
 * @throws {SystemCallError} when nobody listens there (ECONNREFUSED, ENOENT)
 */
export function connectSeqpacket(path: string): PacketConnection {
  if (Buffer.byteLength(path) <= LONGEST_PATH) return connectTo(path);
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return connectTo(`/proc/self/fd/${directory}/${basename(path)}`);
  } finally {
    closeSync(directory);
  }
}

function connectTo(path: string): PacketConnection {
  const address = Buffer.alloc(ADDRESS_LENGTH);
  address.writeUInt16LE(AF_UNIX, 0);
  address.write(path, 2);
  const packets = systemCall("socket", path, AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  try {
    systemCall("connect", path, packets, address, ADDRESS_LENGTH);
    return {
      incoming: adopt(path, packets, { readable: true, writable: false }),
      outgoing: adopt(path, packets, { readable: false, writable: true }),
    };
  } finally {
    rawCall("close", packets);
  }
}

function adopt(
  path: string,
  packets: number,
  halves: { readonly readable: boolean; readonly writable: boolean },
): Socket {
  const placeholder = systemCall("socket", path, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const socket = new Socket({ fd: placeholder, allowHalfOpen: true, ...halves });
  // dup3 rather than dup2: the new descriptor must not leak into the programs we start.
  systemCall("dup3", path, packets, placeholder, SOCK_CLOEXEC);
  return socket;
}
