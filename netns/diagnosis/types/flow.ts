/** What is asked about: packets from a program in one place to an address in another. */

/** A namespace's key, {@link HOST}, or what lies beyond the host's uplinks. */
export type Place = string;
export const OUTSIDE: Place = "outside";

export type FlowProtocol = "tcp" | "udp" | "icmp";

export interface Flow {
  readonly from: Place;
  /** Address that it leaves with; empty leaves that to the kernel, as programs do. */
  readonly source: string;
  /** As the program dials it, before any translation. */
  readonly destination: string;
  readonly family: 4 | 6;
  readonly protocol: FlowProtocol;
  /** 0 for icmp. */
  readonly destinationPort: number;
  /** 0 for any: an ephemeral one. */
  readonly sourcePort: number;
  /** Bytes of the IP packet: the first that is sent when undefined (a SYN, a small datagram). */
  readonly size: number | undefined;
  /** Where the user said it goes: the namespace that is meant to get it, when he named one. */
  readonly to: Place | undefined;
  /** As the user wrote both ends: `web`, `api:8080`. */
  readonly fromText: string;
  readonly toText: string;
}

/** Headers on their way: translation changes them. */
export interface PacketHeader {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
}
