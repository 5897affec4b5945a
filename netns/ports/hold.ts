/**
 * Holds a host port with a socket that is bound and nothing more, so that no program of the host takes it. It does not
 * listen: the packets of a published port are redirected before they reach a socket, and if the rules are ever away,
 * a client is refused at once instead of waiting for an answer.
 */
import type { Protocol } from "../types.ts";
import { bindPortSocket, closePortSocket, openPortSocket, SocketOption, setSocketOption } from "./port-socket.ts";

export type HoldResult =
  /** `fd` is undefined when the kernel does not have the protocol, and thus no program can take the port. */
  { readonly held: true; readonly fd: number | undefined } | { readonly held: false; readonly errno: string };

/** @param hostIp IPv4 or IPv6 address */
export function holdPort(protocol: Protocol, hostIp: string, port: number): HoldResult {
  const socket = openPortSocket(protocol, hostIp);
  if (socket.errno !== undefined) {
    const isUnknown = socket.errno === "EPROTONOSUPPORT" || socket.errno === "ESOCKTNOSUPPORT";
    return isUnknown ? { held: true, fd: undefined } : { held: false, errno: socket.errno };
  }
  const errno = bindHold(socket.fd, protocol, hostIp, port);
  if (errno === undefined) return { held: true, fd: socket.fd };
  closePortSocket(socket.fd);
  return { held: false, errno };
}

export const releaseHold = closePortSocket;

/**
 * Lets a socket of ours that has SO_REUSEADDR be bound beside the hold, or nobody any more. (Not SO_REUSEPORT: the kernel
 * remembers for a TCP port that it was once shared so, and lets others in even after both sockets have lost the option.)
 */
export function shareHold(fd: number, isShared: boolean): void {
  setSocketOption(fd, SocketOption.reuseAddress, isShared ? 1 : 0);
}

/** @returns the name of the error number, or undefined */
function bindHold(fd: number, protocol: Protocol, hostIp: string, port: number): string | undefined {
  // Nobody reads what arrives while the rules are away: let the kernel keep as little of it as it can.
  if (protocol === "udp") setSocketOption(fd, SocketOption.receiveBuffer, 0);
  const errno = bindPortSocket(fd, hostIp, port);
  if (protocol !== "tcp" || errno !== "EADDRINUSE") return errno;
  // A connection of a former server in TIME_WAIT is no reason to refuse (Docker's listeners have SO_REUSEADDR). It is
  // taken back at once, because two sockets that both have it and do not listen could share the port.
  setSocketOption(fd, SocketOption.reuseAddress, 1);
  const errnoAgain = bindPortSocket(fd, hostIp, port);
  setSocketOption(fd, SocketOption.reuseAddress, 0);
  return errnoAgain;
}
