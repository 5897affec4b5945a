/** A TCP connection both ends of which are ours, each in its own namespace. */
import { setTimeout as delay } from "node:timers/promises";
import { rawCall, systemCall } from "../../../lib/system/libc.ts";
import { SOCK_CLOEXEC, SOCK_STREAM, SOL_SOCKET } from "../../../lib/system/socket.ts";
import { inPlace, type NamespaceReferences } from "../probe/namespaces.ts";
import { IpProtocol } from "../probe/packet.ts";
import { PollFlag, ProbeSocket } from "../probe/probe-socket.ts";
import type { Place } from "../types/index.ts";

const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const TCP_NODELAY = 1;
const F_SETFL = 4;
/** Milliseconds until it is given up. */
const CONNECT_TIMEOUT = 2000;
/** Seconds that one call may wait: a connection that has broken does not hold it for ever. */
const CALL_TIMEOUT = 2;

export interface Ends {
  readonly namespaces: NamespaceReferences;
  readonly from: Place;
  readonly to: Place;
  /** Of `to`, as `from` reaches it. */
  readonly address: string;
}

export interface Connection extends Disposable {
  /** Descriptors that block. */
  readonly near: number;
  readonly far: number;
}

export const familyOf = (address: string): 4 | 6 => (address.includes(":") ? 6 : 4);

/** @throws {Error} with the reason why no connection comes about */
export async function connectEnds({ namespaces, from, to, address }: Ends): Promise<Connection> {
  using undo = new DisposableStack();
  const family = familyOf(address);
  const socket = (): ProbeSocket => undo.use(new ProbeSocket(family, SOCK_STREAM, IpProtocol.tcp));
  const listener = inPlace(namespaces, to, socket);
  listener.bind(0);
  systemCall("listen", "measurement", listener.fd, 1);
  const { port } = listener.local();
  const near = inPlace(namespaces, from, socket);
  const errno = near.connect(address, port) ?? (await connected(near));
  if (errno !== undefined) throw new Error(`no connection to ${address}: ${errno}`);
  const far = systemCall("accept4", "measurement", listener.fd, null, null, SOCK_CLOEXEC);
  undo.defer(() => rawCall("close", far));
  for (const fd of [near.fd, far]) makePatient(fd);
  const parts = undo.move();
  return { near: near.fd, far, [Symbol.dispose]: () => parts.dispose() };
}

/** @returns the errno's name when it fails */
async function connected(socket: ProbeSocket): Promise<string | undefined> {
  const deadline = performance.now() + CONNECT_TIMEOUT;
  while (performance.now() < deadline) {
    if (socket.poll(PollFlag.out) !== 0) return socket.takeError();
    await delay(1);
  }
  return "ETIMEDOUT";
}

/** From now on calls wait; what is sent is not held back for more. */
function makePatient(fd: number): void {
  systemCall("fcntl", "measurement", fd, F_SETFL, 0);
  const timeout = Buffer.alloc(16);
  timeout.writeBigInt64LE(BigInt(CALL_TIMEOUT), 0);
  for (const option of [SO_RCVTIMEO, SO_SNDTIMEO]) {
    systemCall("setsockopt", "measurement", fd, SOL_SOCKET, option, timeout, timeout.length);
  }
  const on = Buffer.from([1, 0, 0, 0]);
  systemCall("setsockopt", "measurement", fd, IpProtocol.tcp, TCP_NODELAY, on, on.length);
}
