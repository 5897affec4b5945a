/** What the firewall is told: networks, and ports that lead into containers. */
import type { Protocol } from "../types.ts";

export interface FirewallNetwork {
  /** Name of the bridge device. */
  readonly bridge: string;
  /** IPv4 CIDR, `172.17.0.0/16`. */
  readonly subnet: string;
  /** No traffic between this network and anything but the host itself. */
  readonly internal: boolean;
  /** Packets that leave for anywhere but a network of ours get the host's source address. */
  readonly masquerade: boolean;
  /** Containers of this network may talk to each other. Off, it needs br_netfilter: see {@link Firewall}. */
  readonly icc: boolean;
}

export interface FirewallPort {
  readonly protocol: Protocol;
  /** IPv4 address of the host; empty or `0.0.0.0` for all of them. */
  readonly hostIp: string;
  readonly hostPort: number;
  /** IPv4 address of the container. */
  readonly address: string;
  readonly containerPort: number;
  /** Name of the container: people see it beside the element in `nft list table inet ctr`. */
  readonly owner: string;
}

export interface FirewallState {
  readonly networks: readonly FirewallNetwork[];
  readonly ports: readonly FirewallPort[];
}

/**
 * The table `inet ctr`. Every method is one transaction of the kernel: it happens whole, or it throws a `system` error
 * with code `CTR_FIREWALL_FAILED` that names the statement, and nothing has changed.
 *
 * The firewall remembers what it was told since {@link Firewall.sync}. When a change finds the table missing or
 * emptied (`nft flush ruleset`), it writes the whole of it again, the change included.
 *
 * It counts on its surroundings for three things: `net.ipv4.ip_forward=1`; `route_localnet=1` on each bridge for
 * `127.0.0.1:port` from the host; hairpin mode on the bridge ports for a container that talks to its own published
 * port while br_netfilter is on. Packets that are switched inside one bridge only pass here with br_netfilter
 * (`net.bridge.bridge-nf-call-iptables=1`), so `icc: false` needs that, or isolated bridge ports.
 */
export interface Firewall extends Disposable {
  /** Makes the table and its constant rules if they are not there, and keeps all elements. */
  ensure(): void;
  /** Replaces everything in the table by `state`, in one transaction. Run it at start, and to heal. */
  sync(state: FirewallState): void;
  addNetwork(network: FirewallNetwork): void;
  removeNetwork(network: FirewallNetwork): void;
  /** Opens ports, in one transaction. Nothing happens for an empty list. */
  publish(ports: readonly FirewallPort[]): void;
  /** Closes ports, in one transaction; ports that are not open, or lead elsewhere by now, are left alone. */
  unpublish(ports: readonly FirewallPort[]): void;
}
