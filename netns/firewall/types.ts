/** What the firewall is told: networks, ports that lead into containers, and permissions between them. */
import type { Protocol } from "../types.ts";

/**
 * How a network's containers are reached, in the words of Docker's option `gateway_mode_ipv4`.
 * `nat`: by ports published on the host, and no other way. `nat-unprotected`: also every port at the container's own
 * address. `routed`: published ports at the container's own address, no translation either way. `isolated`: as an
 * internal network whose bridge has no address.
 */
export type GatewayMode = "nat" | "nat-unprotected" | "routed" | "isolated";

export interface FirewallNetwork {
  /** Name of the bridge device. */
  readonly bridge: string;
  /** For people: it stands beside the network's elements. The bridge's name where it is left out. */
  readonly networkName?: string;
  /** IPv4 CIDR, `172.17.0.0/16`. Without one no IPv4 packet goes out of the bridge or into it. */
  readonly subnet4?: string;
  /** IPv6 CIDR, `fd00::/64`. Without one no IPv6 packet goes out of the bridge or into it. */
  readonly subnet6?: string;
  /** No traffic between this network and anything but the host itself. */
  readonly internal: boolean;
  /** Packets that leave for anywhere but a network of ours get the host's source address. True where left out. */
  readonly masquerade4?: boolean;
  readonly masquerade6?: boolean;
  /** Containers of this network may talk to each other. Off, it needs br_netfilter: see {@link Firewall}. */
  readonly icc: boolean;
  /** `nat` where left out. */
  readonly gatewayMode4?: GatewayMode;
  readonly gatewayMode6?: GatewayMode;
  /** Host interfaces from which published ports are also reached at the container's own address. */
  readonly trustedInterfaces?: readonly string[];
  /** Host address that packets leave with, instead of the one of the interface they leave by. */
  readonly snat4?: string;
  readonly snat6?: string;
}

export interface FirewallPort {
  readonly protocol: Protocol;
  /** Host address; empty or `0.0.0.0` for all IPv4 addresses, `::` for all IPv6 addresses. */
  readonly hostIp: string;
  readonly hostPort: number;
  /** The container's address, of the family of `hostIp`. */
  readonly address: string;
  readonly containerPort: number;
  /** Name of the container: people see it beside the element in `nft list table inet ctr`. */
  readonly owner: string;
  /** Bridge of the network that `address` is on. Left out, the port is one of a `nat` network. */
  readonly bridge?: string;
  /** Other hosts that have a route to the container's own address reach the port there, too. */
  readonly direct?: boolean;
}

/** One end of a {@link FirewallGrant}: a container, by its address, or a whole network. */
export interface FirewallPeer {
  readonly bridge: string;
  /** Left out, everything on the bridge. */
  readonly address?: string;
}

/**
 * Permission for `from` to open connections to `to`, be they on different networks or on one with `icc: false`.
 * Answers need none. Two container addresses must be of one family; without addresses it holds for both families.
 */
export interface FirewallGrant {
  readonly from: FirewallPeer;
  readonly to: FirewallPeer;
  /** With `port`; left out, all protocols. */
  readonly protocol?: Protocol;
  /** Port of `to`. */
  readonly port?: number;
  /** For people: the grant's id or the link's name. */
  readonly owner?: string;
}

export interface FirewallState {
  readonly networks: readonly FirewallNetwork[];
  readonly ports: readonly FirewallPort[];
  readonly grants?: readonly FirewallGrant[];
}

/** Everything in force, as data. */
export interface FirewallListing {
  readonly backend: "nftables" | "iptables";
  /** Which of the kernel's two implementations iptables drives. */
  readonly mode?: "nft" | "legacy";
  /** In the order of evaluation where it matters. */
  readonly rows: readonly FirewallRow[];
  /** See {@link Firewall.foreignDrops}. */
  readonly foreignDrops: readonly string[];
}

export interface FirewallRow {
  readonly kind: "rule" | "element";
  /** Chain, set or map: `forward`, `hp4`; with its table for iptables: `nat CTR-PORTS`. */
  readonly place: string;
  /** In the backend's own language. */
  readonly text: string;
  /** Container, network or grant it is there for; `ctr` for the constant part, `user` for the administrator's rules. */
  readonly owner: string;
  /** Since it was made. Of a published port only first packets count: connections, in other words. */
  readonly packets?: number;
  readonly bytes?: number;
}

/**
 * The host's packet filter and address translation for containers. Every change happens whole, or it throws a `system`
 * error with code `CTR_FIREWALL_FAILED` that names the statement, and nothing has changed.
 *
 * The firewall remembers what it was told since {@link Firewall.sync}. When a change finds its rules missing or emptied
 * (`nft flush ruleset`), it writes all of them again, the change included; {@link Firewall.check} finds out without a
 * change.
 *
 * It counts on its surroundings: forwarding is on; `route_localnet=1` on each bridge for `127.0.0.1:port` from the
 * host; hairpin mode on the bridge ports for a container that talks to its own published port while br_netfilter is on.
 * Packets that are switched inside one bridge only pass here with br_netfilter (`bridge-nf-call-iptables=1`), so
 * `icc: false` needs that, or isolated bridge ports. An accept of ours does not outvote a drop in somebody else's table:
 * see {@link Firewall.foreignDrops}.
 */
export interface Firewall extends Disposable {
  readonly backend: "nftables" | "iptables";
  /** Makes the constant rules if they are not there, and keeps all elements and the administrator's own rules. */
  ensure(): void;
  /** Replaces everything but the administrator's own rules by `state`. Run it at start, and to heal. */
  sync(state: FirewallState): void;
  /** Adds a network, or changes the one with this bridge. */
  addNetwork(network: FirewallNetwork): void;
  /** @param network or its bridge's name; one that is not there is no error */
  removeNetwork(network: FirewallNetwork | string): void;
  /** Opens ports, at once. Nothing happens for an empty list. */
  publish(ports: readonly FirewallPort[]): void;
  /** Closes ports, at once; ports that are not open, or lead elsewhere by now, are left alone. */
  unpublish(ports: readonly FirewallPort[]): void;
  allow(grants: FirewallGrant | readonly FirewallGrant[]): void;
  /** Takes grants back; one that was not given is no error. */
  deny(grants: FirewallGrant | readonly FirewallGrant[]): void;
  /** Reads counters from the kernel: it takes as long as there are elements, so it is for people only. */
  listing(): Promise<FirewallListing>;
  /**
   * Whether our rules are whole. It asks the kernel for one number while nobody else has changed the host's firewall
   * since the last call, and reads our rules back when somebody has. An element that was replaced by one with another value
   * is not noticed.
   */
  check(): boolean;
  /** Writes everything that is remembered again. @returns false before the first `sync`, when there is nothing to go by */
  heal(): boolean;
  /** Chains of others that drop what we accept, in words: `table ip filter, chain FORWARD: policy drop`. */
  foreignDrops(): string[];
}
