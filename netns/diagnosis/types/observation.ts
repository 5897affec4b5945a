/** What was seen of a real packet. */
import type { PacketHeader, Place } from "./flow.ts";
import type { NeighbourState, NotRead } from "./snapshot.ts";

export interface Observations {
  readonly attempts: readonly Attempt[];
  /** In the order of time. */
  readonly verdicts: readonly TracedVerdict[];
  /** Where frames of the flow were handed over, in the order of time. */
  readonly devices: readonly DeviceStep[];
  readonly drops: readonly DropEvent[];
  /** Counters of the namespaces on the way that moved: `Ip.InAddrErrors` +2. */
  readonly counters: readonly CounterChange[];
  /** Neighbours on the way as they were afterwards. */
  readonly neighbours: readonly (NeighbourState & { readonly place: Place })[];
  readonly connections: readonly TrackedConnection[];
  /** Connections of the probe that were made, and that no program took for a while; left out where there are none. */
  readonly untaken?: readonly UntakenConnection[];
  /** What could not be watched, and why. */
  readonly notSeen: readonly NotRead[];
}

export interface Attempt {
  readonly outcome: "connected" | "answered" | "refused" | "silence" | "unreachable" | "error";
  /** `ECONNREFUSED` …; undefined for success and silence. */
  readonly errno: string | undefined;
  readonly milliseconds: number;
  readonly local: PacketHeader | undefined;
  /** Whether the far end's kernel acknowledged data that was sent (TCP), or a byte came back. */
  readonly dataTaken: boolean | undefined;
  /** Source of an ICMP error, where the kernel told it. */
  readonly reportedBy: string | undefined;
}

/** A step of nftables' trace (NFT_MSG_TRACE); that of iptables in nft mode too. */
export interface TracedVerdict {
  readonly place: Place;
  readonly direction: "there" | "back";
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly kind: "rule" | "policy" | "return";
  readonly handle: number | undefined;
  readonly verdict: "accept" | "drop" | "continue" | "jump" | "goto" | "return" | "queue" | "stolen";
  readonly target: string | undefined;
  readonly inputDevice: string | undefined;
  readonly outputDevice: string | undefined;
  /** Milliseconds since the probe began. */
  readonly at: number;
  readonly packet: PacketHeader | undefined;
}

export interface DeviceStep {
  readonly place: Place | undefined;
  readonly direction: "there" | "back";
  readonly device: string;
  readonly event: "sent" | "received";
  readonly at: number;
}

export interface DropEvent {
  /** `NETFILTER_DROP`, `IP_INADDRERRORS`, see include/net/dropreason-core.h */
  readonly reason: string;
  /** Function of the kernel. */
  readonly location: string;
  /** The last device on which that packet was seen. */
  readonly device: string | undefined;
  /** Where that is; without a device, where it was sent from. Undefined when it cannot be told. */
  readonly place?: Place | undefined;
  readonly direction?: "there" | "back";
  readonly protocol: number;
  readonly at: number;
}

/** A listener with connections that wait for the program. */
export interface UntakenConnection {
  readonly place: Place;
  readonly port: number;
  readonly waiting: number;
  readonly backlog: number;
}

export interface CounterChange {
  readonly place: Place;
  readonly name: string;
  readonly change: number;
}

export interface TrackedConnection {
  readonly place: Place;
  readonly original: PacketHeader;
  readonly reply: PacketHeader;
  readonly state: string;
  readonly replied: boolean;
}
