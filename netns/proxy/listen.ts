/**
 * The socket that a proxy listens on. The engine has reserved the port already with a socket of its own (netns/ports):
 * ours is bound beside it while both have SO_REUSEPORT, whereupon the engine closes its own. Ours loses the option as
 * soon as it listens: from then on nobody can be bound beside it, whatever options he sets. A proxy that is started
 * without the engine's socket there (after a crash) binds in the same way.
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
  setSocketOption(socket.fd, SocketOption.reusePort, 1);
  // Connections of a former proxy in TIME_WAIT are no reason to refuse. For UDP the option would mean sharing.
  if (protocol === "tcp") setSocketOption(socket.fd, SocketOption.reuseAddress, 1);
  const errno = bindPortSocket(socket.fd, address, port);
  if (errno === undefined) return socket.fd;
  closePortSocket(socket.fd);
  throw bindFailed({ protocol, hostIp: address, port }, errno);
}

/** Call it once the socket listens. */
export function claimPort(fd: number): void {
  setSocketOption(fd, SocketOption.reusePort, 0);
}

/** For a moment at which another socket of ours is bound to the same port, on one of the addresses. */
export function sharePort(fd: number): void {
  setSocketOption(fd, SocketOption.reusePort, 1);
}
