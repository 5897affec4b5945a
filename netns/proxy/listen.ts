/**
 * The socket that a proxy listens on. The engine has reserved the port already with a socket of its own (netns/ports):
 * ours is bound beside it while both have SO_REUSEADDR, whereupon the engine closes its own. Two TCP sockets may share a
 * port in this way as long as neither listens, so that nobody else gets in once ours does; two UDP sockets may as long as
 * both have the option, so that ours loses it at once. A proxy that is started without the engine's socket there (after
 * a crash) binds in the same way.
 */
import type { ProxySpecification, SocketAddress } from "../dataplane/types.ts";
import { bindFailed } from "../ports/failures.ts";
import {
  bindPortSocket,
  closePortSocket,
  openPortSocket,
  SocketOption,
  setSocketOption,
} from "../ports/port-socket.ts";

type Protocol = ProxySpecification["protocol"];

/**
 * @returns a descriptor for `listen({ fd })` or `bind({ fd })`, which then own it; see {@link claimPort}
 * @throws `system` (`CTR_PORT_IN_USE`) with Docker's text
 */
export function bindProxySocket(protocol: Protocol, { address, port }: SocketAddress): number {
  const socket = openPortSocket(protocol, address);
  if (socket.errno !== undefined) throw bindFailed({ protocol, hostIp: address, port }, socket.errno);
  sharePort(socket.fd);
  const errno = bindPortSocket(socket.fd, address, port);
  if (errno === undefined) return socket.fd;
  closePortSocket(socket.fd);
  throw bindFailed({ protocol, hostIp: address, port }, errno);
}

/**
 * UDP: call it once the socket is bound. A TCP socket keeps the option, for the sake of the next one: connections that
 * are still in TIME_WAIT then are no reason to refuse it.
 */
export function claimPort(fd: number): void {
  setSocketOption(fd, SocketOption.reuseAddress, 0);
}

/** UDP: for a moment at which another socket of ours is bound to the same port, on one of the addresses. */
export function sharePort(fd: number): void {
  setSocketOption(fd, SocketOption.reuseAddress, 1);
}
