import type { SocketAddress } from "../dataplane/types.ts";

/** What went through a proxy since it was started. */
export interface ProxyCounters {
  /** TCP connections, or UDP clients, that are open now. */
  readonly open: number;
  /** All that there were. */
  readonly total: number;
  /** Of `total`: the container did not answer. */
  readonly failed: number;
  /** Closed or dropped because too many were open. */
  readonly refused: number;
  /** Bytes from clients to the container. */
  readonly received: number;
  /** Bytes from the container to clients. */
  readonly sent: number;
}

/** A proxy that listens. */
export interface PortProxy {
  /** Leads new connections and clients elsewhere. TCP connections that are open stay where they are. */
  retarget(target: SocketAddress): void;
  counters(): ProxyCounters;
  /** Frees the port and closes every connection; when it resolves the port can be bound again. */
  stop(): Promise<void>;
}
