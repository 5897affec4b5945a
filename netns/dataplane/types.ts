import type { NameRecord, NamesSandbox } from "../dns/types.ts";

/** An address and a port of the engine's own network namespace. */
export interface SocketAddress {
  /** IPv4 or IPv6. */
  readonly address: string;
  readonly port: number;
}

/** A port of the host that a program has to listen on, because the kernel cannot redirect it. */
export interface ProxySpecification {
  /** The caller's name for it: one a listening address and protocol. */
  readonly id: string;
  readonly protocol: "tcp" | "udp";
  readonly listen: SocketAddress;
  readonly target: SocketAddress;
}

/** Everything the data plane does. */
export interface DataPlaneState {
  readonly records: readonly NameRecord[];
  readonly sandboxes: readonly NamesSandbox[];
  readonly proxies: readonly ProxySpecification[];
}
