/**
 * Client end of a SOCK_SEQPACKET unix socket as an ordinary Node socket. Node opens only stream sockets by descriptor, but
 * its event loop reads any descriptor: so a stream socket is opened and the packet socket put in its place by dup3(2)
 * before the loop has seen it. Each `data` event is then exactly one packet, each `write` sends one, `end()` shuts the
 * sending half, and pausing leaves the data in the kernel, which makes the peer wait.
 *
 * A peer that goes while we write makes the next write fail (EPIPE), or the next read (ECONNRESET: it left our data
 * unread), before what it had sent is read; and Node destroys a socket at its first error. So the descriptor is kept
 * beside, to read the rest from.
 */
import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { basename, dirname } from "node:path";
import { errnoName, lastErrno, rawCall, systemCall } from "./libc.ts";
import { AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_SEQPACKET, SOCK_STREAM } from "./socket.ts";

/** `struct sockaddr_un`, see unix(7): two bytes of family, then the path with its terminating zero. */
const ADDRESS_LENGTH = 110;
const LONGEST_PATH = 107;
/** conmon sends at most 32 KiB and one byte. */
const LONGEST_PACKET = 64 * 1024;

export interface PacketConnection {
  readonly socket: Socket;
  /** For the socket's `error` handler: takes the packets that the peer had sent and that nobody has read. */
  readonly takeUnread: () => Buffer[];
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
    const placeholder = systemCall("socket", path, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const socket = new Socket({ fd: placeholder, allowHalfOpen: true });
    // dup3 rather than dup2: the new descriptor must not leak into the programs we start.
    systemCall("dup3", path, packets, placeholder, SOCK_CLOEXEC);
    socket.once("close", () => rawCall("close", packets));
    return { socket, takeUnread: () => receiveAll(packets) };
  } catch (error) {
    rawCall("close", packets);
    throw error;
  }
}

function receiveAll(fd: number): Buffer[] {
  const packets: Buffer[] = [];
  const buffer = Buffer.alloc(LONGEST_PACKET);
  for (;;) {
    const length = rawCall("recv", fd, buffer, buffer.length, 0);
    if (length > 0) packets.push(Buffer.from(buffer.subarray(0, length)));
    // A reset is reported once, before the packets. Zero is the end; the descriptor does not block, so it may be EAGAIN.
    else if (length === 0 || errnoName(lastErrno()) !== "ECONNRESET") return packets;
  }
}
