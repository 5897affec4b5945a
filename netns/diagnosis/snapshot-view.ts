/** Finds things in a snapshot. */
import { type Cidr, contains, parseAddress, parseCidr } from "../ipam/ip.ts";
import type { Network } from "../types.ts";
import { isDefaultRoute, MAIN_TABLE } from "./routing-tables.ts";
import { HOST, type IntendedContainer, type LinkState, type NamespaceState, type Snapshot } from "./types/index.ts";

export class SnapshotView {
  readonly snapshot: Snapshot;
  readonly #namespaces: ReadonlyMap<string, NamespaceState>;
  #subnets: readonly { readonly network: Network; readonly subnet: Cidr }[] | undefined;
  readonly #holders = new Map<string, AddressHolder[]>();

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
    this.#namespaces = new Map(snapshot.namespaces.map((namespace) => [namespace.key, namespace]));
    for (const namespace of snapshot.namespaces) {
      for (const link of namespace.links) {
        for (const { address } of link.addresses) {
          const holders = this.#holders.get(address) ?? [];
          this.#holders.set(address, [...holders, { namespace, link }]);
        }
      }
    }
  }

  get host(): NamespaceState {
    const host = this.#namespaces.get(HOST);
    if (host === undefined) throw new Error("the snapshot has no host");
    return host;
  }

  /** Links by which the host's default routes lead, of either family. */
  get uplinks(): readonly LinkState[] {
    const routes = this.host.routes.filter((route) => isDefaultRoute(route) && route.type === "unicast");
    const names = new Set(
      routes.flatMap(({ table, device, nexthops }) =>
        table === MAIN_TABLE ? [device, ...nexthops.map((hop) => hop.device)] : [],
      ),
    );
    return this.host.links.filter(({ name }) => names.has(name));
  }

  namespace(key: string): NamespaceState | undefined {
    return this.#namespaces.get(key);
  }

  /** Links that have the address, in all namespaces. */
  holdersOf(address: string): readonly AddressHolder[] {
    return this.#holders.get(address) ?? [];
  }

  /** @param reference name, id, or prefix of an id */
  container(reference: string): IntendedContainer | undefined {
    const { containers } = this.snapshot.intent;
    return (
      containers.find(({ id, name }) => id === reference || name === reference) ??
      containers.find(({ id }) => id.startsWith(reference))
    );
  }

  /** Containers that use a namespace; the owner first. */
  containersIn(key: string): readonly IntendedContainer[] {
    return this.snapshot.intent.containers
      .filter(({ namespace }) => namespace === key)
      .toSorted((one, other) => Number(other.id === key) - Number(one.id === key));
  }

  /** For people: `host`, `web`. */
  nameOf(key: string): string {
    return this.snapshot.intent.containers.find(({ id }) => id === key)?.name ?? key;
  }

  networkOfBridge(bridge: string): Network | undefined {
    return this.snapshot.intent.networks.find((network) => network.bridge === bridge);
  }

  /** The network whose subnet has the address. */
  networkOfAddress(address: string): Network | undefined {
    this.#subnets ??= this.snapshot.intent.networks.flatMap((network) =>
      network.subnets.map(({ subnet }) => ({ network, subnet: parseCidr(subnet) })),
    );
    const parsed = parseAddress(address);
    return this.#subnets.find(({ subnet }) => contains(subnet, parsed))?.network;
  }

  /** Other end of a veth pair, where its namespace is in the snapshot. */
  peerOf(link: LinkState): AddressHolder | undefined {
    const { peer } = link;
    if (peer?.namespace === undefined) return undefined;
    const namespace = this.namespace(peer.namespace);
    const other = namespace?.links.find(({ index }) => index === peer.index);
    return namespace === undefined || other === undefined ? undefined : { namespace, link: other };
  }
}

export interface AddressHolder {
  readonly namespace: NamespaceState;
  readonly link: LinkState;
}
