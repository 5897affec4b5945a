/**
 * The kernel's and the engine's state at one moment, as one JSON document: nothing else is asked when a fault is looked
 * for, so that a diagnosis can be repeated elsewhere, later, and without privileges.
 */
import type { Protocol } from "../../types.ts";
import type { Intent } from "./intent.ts";

export const SNAPSHOT_SCHEMA = "ctr.net.snapshot/1";

/** Key of the engine's own network namespace. Every other one has the id of the container that owns it. */
export const HOST = "host";

export interface Snapshot {
  readonly schema: typeof SNAPSHOT_SCHEMA;
  /** RFC 3339. */
  readonly takenAt: string;
  /** `uname -r`. */
  readonly kernel: string;
  readonly ctrVersion: string;
  readonly intent: Intent;
  /** The host's first, then those of containers that run. */
  readonly namespaces: readonly NamespaceState[];
  /** By container id: what its programs may do and what they do. */
  readonly programs: Readonly<Record<string, ProgramState>>;
  /** What could not be read and why: no verdict may rest on it. */
  readonly notRead: readonly NotRead[];
}

export interface NotRead {
  /** `iptables-legacy of the host`, `tracked connections of web`. */
  readonly what: string;
  readonly why: string;
  /** Key of the namespace that it is missing of, where it is one's. */
  readonly place?: string;
}

export interface NamespaceState {
  /** {@link HOST} or a container's id. */
  readonly key: string;
  /** Inode of the namespace. */
  readonly inode: number;
  readonly links: readonly LinkState[];
  readonly routes: readonly RouteState[];
  readonly rules: readonly RoutingRule[];
  readonly neighbours: readonly NeighbourState[];
  readonly fdb: readonly FdbEntry[];
  /** `net.ipv4.ip_forward` → `1`. Those of {@link links} too: `net.ipv4.conf.eth0.forwarding`. Absent keys are not there. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** The array `nftables` of `nft -j list ruleset`, see libnftables-json(5); undefined where it could not be read. */
  readonly nftables: readonly object[] | undefined;
  /** Generation of the ruleset that was read. */
  readonly nftGeneration: number | undefined;
  /** Rules of iptables and ip6tables, where there are any: both of the kernel's implementations. */
  readonly iptables: readonly IptablesState[];
  readonly sockets: readonly SocketState[];
  readonly conntrack: ConntrackState | undefined;
  /** `/proc/net/snmp`, `netstat` and `snmp6`: `Ip.InAddrErrors` → 3. Only what is not 0. */
  readonly counters: Readonly<Record<string, number>>;
  /** Text of /etc/resolv.conf, /etc/hosts as its programs see it; undefined where there is none. */
  readonly resolvConf: string | undefined;
  readonly hosts: string | undefined;
  /** Of /etc/nsswitch.conf the line `hosts:`, where there is one. */
  readonly nameSources?: string | undefined;
}

export interface LinkState {
  readonly index: number;
  readonly name: string;
  /** `veth`, `bridge`, `macvlan` …; empty for hardware and loopback. */
  readonly kind: string;
  readonly mac: string;
  /** Bytes. */
  readonly mtu: number;
  /** IFF_UP: somebody switched it on. */
  readonly up: boolean;
  /** IFF_LOWER_UP: the other end is there and up. */
  readonly carrier: boolean;
  /** IFF_NOARP. */
  readonly noArp: boolean;
  /** Name of the bridge it is a port of. */
  readonly master: string | undefined;
  /** Of a veth pair: the other end, in which namespace when that is known. */
  readonly peer: { readonly namespace: string | undefined; readonly index: number } | undefined;
  /** Of a macvlan, ipvlan or VLAN: the link that it hangs on, in which namespace when that is known. */
  readonly lower?: { readonly namespace: string | undefined; readonly index: number };
  readonly addresses: readonly AddressState[];
  /** Set for ports of a bridge. */
  readonly port: BridgePortState | undefined;
  /** Set for bridges. */
  readonly bridge: BridgeState | undefined;
  /** Programs that see packets before the stack: an XDP program's id, filters and queues of tc as `tc` prints them. */
  readonly xdp: number | undefined;
  readonly tcFilters: readonly string[];
  readonly qdiscs: readonly QdiscState[];
  readonly statistics: {
    readonly receivedPackets: number;
    readonly sentPackets: number;
    readonly receivedDropped: number;
    readonly sentDropped: number;
  };
}

export interface AddressState {
  /** `10.1.0.2`. */
  readonly address: string;
  readonly prefixLength: number;
  /** IPv6 that may not be used yet (duplicate address detection runs), or not at all (it failed). */
  readonly state: "ready" | "tentative" | "failed";
}

/** See `bridge -d link`. */
export interface BridgePortState {
  readonly state: "disabled" | "listening" | "learning" | "forwarding" | "blocking";
  readonly isolated: boolean;
  readonly hairpin: boolean;
  readonly learning: boolean;
  readonly flood: boolean;
  /** Questions for neighbours go there. Undefined in older snapshots. */
  readonly broadcastFlood?: boolean;
  readonly multicastFlood?: boolean;
  readonly proxyArp: boolean;
}

export interface BridgeState {
  readonly stp: boolean;
  readonly vlanFiltering: boolean;
  readonly ports: number;
}

export interface QdiscState {
  readonly kind: string;
  readonly handle: string;
  readonly parent: string;
  readonly dropped: number;
  readonly overlimits: number;
  /** Bytes a second, where it limits a rate. */
  readonly rate: number | undefined;
}

export interface RouteState {
  readonly family: 4 | 6;
  readonly table: number;
  readonly type:
    | "unicast"
    | "local"
    | "broadcast"
    | "anycast"
    | "multicast"
    | "blackhole"
    | "unreachable"
    | "prohibit"
    | "throw";
  /** `0.0.0.0/0`, `10.1.0.0/16`. */
  readonly destination: string;
  readonly gateway: string | undefined;
  readonly device: string | undefined;
  readonly preferredSource: string | undefined;
  readonly metric: number;
  readonly mtu: number | undefined;
  /** RTNH_F_*: `dead`, `linkdown`, `onlink`. */
  readonly flags: readonly string[];
  /** Of a route over several: each with its device and gateway. */
  readonly nexthops: readonly { readonly gateway: string | undefined; readonly device: string | undefined }[];
}

/** See ip-rule(8). */
export interface RoutingRule {
  readonly family: 4 | 6;
  readonly priority: number;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly iif: string | undefined;
  readonly oif: string | undefined;
  readonly mark: { readonly value: number; readonly mask: number } | undefined;
  readonly invert: boolean;
  readonly action: "table" | "blackhole" | "unreachable" | "prohibit" | "goto" | "nop";
  readonly table: number | undefined;
  /** Conditions that are not among those above: protocol, ports, uid, tos … */
  readonly others: readonly string[];
}

export interface NeighbourState {
  readonly family: 4 | 6;
  readonly address: string;
  readonly device: string;
  readonly mac: string | undefined;
  /** NUD_*: `reachable`, `stale`, `incomplete`, `failed`, `permanent`, `noarp` … */
  readonly state: string;
}

export interface FdbEntry {
  readonly mac: string;
  /** The bridge's port. */
  readonly device: string;
  readonly bridge: string | undefined;
  /** `permanent`, `static`, empty for learned. */
  readonly state: string;
  readonly sticky: boolean;
}

export interface IptablesState {
  readonly family: 4 | 6;
  readonly mode: "legacy" | "nft";
  /** What `iptables-legacy-save -c` or `iptables-nft-save -c` prints. */
  readonly text: string;
}

export interface SocketState {
  readonly protocol: Protocol;
  readonly family: 4 | 6;
  /** `listen`, `established` …; `unconnected` for UDP. Of TCP those that listen alone, and {@link NamespaceState.counters} for the rest. */
  readonly state: string;
  readonly address: string;
  readonly port: number;
  /** Link that it is bound to (SO_BINDTODEVICE): packets that come by others do not reach it. */
  readonly device?: string;
  /** IPV6_V6ONLY; a socket on `::` without it serves IPv4 too. Undefined where the kernel does not tell. */
  readonly v6Only: boolean | undefined;
  /** Of a listener: connections that wait to be accepted, and how many may. */
  readonly waiting: number;
  readonly backlog: number;
  readonly inode: number;
  /** Who has it open, where that could be found. */
  readonly process: SocketHolder | undefined;
}

export interface SocketHolder {
  readonly pid: number;
  readonly name: string;
  /** By a signal (SIGSTOP), or by a debugger. */
  readonly stopped?: boolean;
}

export interface ConntrackState {
  readonly count: number;
  /** 0 for no limit, or when it is not told. */
  readonly max: number;
  /** Sums over the processors: `insert_failed`, `drop`, `early_drop` … */
  readonly statistics: Readonly<Record<string, number>>;
  /** Flows that were translated, or that concern addresses of containers; at most some thousands. */
  readonly entries: readonly ConntrackEntryState[];
  /** Not all of them are here. */
  readonly truncated: boolean;
}

export interface ConntrackEntryState {
  readonly protocol: string;
  readonly family: 4 | 6;
  readonly original: Tuple;
  readonly reply: Tuple;
  /** TCP's: `SYN_SENT`, `ESTABLISHED` …; empty for others. */
  readonly state: string;
  /** IPS_SEEN_REPLY. */
  readonly replied: boolean;
  readonly assured: boolean;
  /** Seconds. */
  readonly timeout: number;
}

export interface Tuple {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** The other half of the heart: what keeps programs from answering. */
export interface ProgramState {
  readonly containerId: string;
  /** The cgroup is frozen (`ctr pause`). */
  readonly frozen: boolean;
  readonly processes: readonly ProcessState[];
  /** CPU quota in CPUs; undefined for none. */
  readonly cpus: number | undefined;
  /** Share of periods in which it was throttled, 0–1, since its start; and microseconds in all. */
  readonly throttledShare: number;
  readonly throttledMicroseconds: number;
  /** Bytes. */
  readonly memory: number | undefined;
  readonly memoryLimit: number | undefined;
  readonly oomKills: number;
  readonly pids: number | undefined;
  readonly pidsLimit: number | undefined;
  /** Microseconds in the last ten seconds' average as share 0–1 (pressure stall information); undefined without it. */
  readonly cpuPressure: number | undefined;
  readonly memoryPressure: number | undefined;
}

export interface ProcessState {
  readonly pid: number;
  readonly name: string;
  /** `R`, `S`, `T` …, see proc_pid_stat(5). */
  readonly state: string;
  readonly openFiles: number;
  readonly openFilesLimit: number;
}
