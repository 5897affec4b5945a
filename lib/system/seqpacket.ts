/**
 * Client end of a SOCK_SEQPACKET unix socket as an ordinary Node socket. Node opens only stream sockets by descriptor, but
 * its event loop reads any descriptor: so a stream socket is opened and the packet socket put in its place by dup3(2)
 * before the loop has seen it. Each `data` event is then exactly one packet, each `write` sends one, `end()` shuts the
 * sending half, and pausing leaves the data in the kernel, which makes the peer wait.
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

/**
 * @param path of the listening socket, of any length
 * @throws {SystemCallError} when nobody listens there (ECONNREFUSED, ENOENT)
 */
export function connectSeqpacket(path: string): Socket {
  if (Buffer.byteLength(path) <= LONGEST_PATH) return connectTo(path);
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return connectTo(`/proc/self/fd/${directory}/${basename(path)}`);
  } finally {
    closeSync(directory);
  }
}

function connectTo(path: string): Socket {
  const address = Buffer.alloc(ADDRESS_LENGTH);
  address.writeUInt16LE(AF_UNIX, 0);
  address.write(path, 2);
  const packets = systemCall("socket", path, AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  try {
    systemCall("connect", path, packets, address, ADDRESS_LENGTH);
    const placeholder = systemCall("socket", path, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const socket = new Socket({ fd: placeholder, allowHalfOpen: true });
    // dup3 rather than dup2: the new descriptor must not leak into the programs we start.
    systemCall("dup3", path, packets, placeholder, SOCK_CLOEXEC);
    return socket;
  } finally {
    rawCall("close", packets);
  }
}
