/** What programs listen on in a namespace. */
import { isLoopback } from "../../../ports/host-address.ts";
import type { FlowContext, NamespaceState, SocketState } from "../../types/index.ts";

export const listenersOf = ({ sockets }: NamespaceState, protocol: string): readonly SocketState[] =>
  sockets.filter(
    (socket) =>
      socket.protocol === protocol && (protocol === "tcp" ? socket.state === "listen" : socket.state !== "established"),
  );

/** `nginx (process 812) on 127.0.0.1:80`. */
export function listenerText({ process, address, port }: SocketState): string {
  const place = `${address.includes(":") ? `[${address}]` : address}:${port}`;
  return process === undefined ? place : `${process.name} (process ${process.pid}) on ${place}`;
}

/** Reached from other machines and containers. The name server of the sandbox is not among them. */
export const openListeners = (namespace: NamespaceState, protocol: string): readonly SocketState[] =>
  listenersOf(namespace, protocol).filter(({ address }) => !isLoopback(address));

/** The flow was led into the container by a published port. */
export const cameByPublishedPort = (
  { flow }: FlowContext,
  arrived: { destination: string; destinationPort: number } | undefined,
): boolean => arrived !== undefined && arrived.destination !== flow.destination;
