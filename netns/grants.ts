/** Grants: permissions between networks and containers that are apart, as the firewall needs them now. */
import { requireBridge } from "./drivers/bridge.ts";
import type { FirewallGrant, FirewallPeer } from "./firewall/index.ts";
import { formatAddress } from "./ipam/ip.ts";
import type { NetworkTools } from "./networks/types.ts";
import type { NetworkStore } from "./store/index.ts";
import type { Grant, GrantEnd } from "./types.ts";

/**
 * Keeps the firewall's grants in step with the endpoints of containers and with the networks there are. What a grant
 * names may be away for a while: it holds again when it is back.
 */
export class Grants {
  readonly #tools: Pick<NetworkTools, "store" | "firewall">;
  /** What the firewall has, by {@link keyOf}. */
  readonly #inForce = new Map<string, FirewallGrant>();

  constructor(tools: Pick<NetworkTools, "store" | "firewall">) {
    this.#tools = tools;
  }

  /** All that the firewall has to be told, for its `sync`: it counts as told. */
  take(): FirewallGrant[] {
    const wanted = this.#wanted();
    this.#inForce.clear();
    for (const [key, grant] of wanted) this.#inForce.set(key, grant);
    return [...wanted.values()];
  }

  /** Tells the firewall what has changed with endpoints, networks or grants. Costs nothing where there are no grants. */
  refresh(): void {
    const wanted = this.#wanted();
    if (wanted.size === 0 && this.#inForce.size === 0) return;
    const gone = [...this.#inForce].filter(([key]) => !wanted.has(key));
    const added = [...wanted].filter(([key]) => !this.#inForce.has(key));
    const { firewall } = this.#tools;
    if (gone.length > 0) firewall.deny(gone.map(([, grant]) => grant));
    for (const [key] of gone) this.#inForce.delete(key);
    if (added.length > 0) firewall.allow(added.map(([, grant]) => grant));
    for (const [key, grant] of added) this.#inForce.set(key, grant);
  }

  #wanted(): Map<string, FirewallGrant> {
    const { store } = this.#tools;
    return new Map(
      store
        .grants()
        .flatMap((grant) => firewallGrantsOf(store, grant))
        .map((grant) => [keyOf(grant), grant]),
    );
  }
}

/** One for each way that packets can take. */
function firewallGrantsOf(store: NetworkStore, grant: Grant): FirewallGrant[] {
  const { id, protocol, port, both } = grant;
  const [from, to] = [peersOf(store, grant.from), peersOf(store, grant.to)];
  const pairs = from.flatMap((one) =>
    to.filter((other) => sameFamily(one, other)).map((other) => [one, other] as const),
  );
  const narrowed = { ...(protocol === undefined ? {} : { protocol }), ...(port === undefined ? {} : { port }) };
  return pairs.flatMap(([one, other]) => [
    { from: one, to: other, owner: id, ...narrowed },
    ...(both ? [{ from: other, to: one, owner: id, ...narrowed }] : []),
  ]);
}

/** A network as a whole; a container by each of its addresses on bridges. */
function peersOf(store: NetworkStore, { kind, id }: GrantEnd): FirewallPeer[] {
  if (kind === "network") {
    const network = store.network(id);
    return network?.driver === "bridge" ? [{ bridge: requireBridge(network) }] : [];
  }
  return store.endpointsOfContainer(id).flatMap((endpoint) => {
    const network = store.networkOf(endpoint);
    if (network.driver !== "bridge") return [];
    const bridge = requireBridge(network);
    return [endpoint.address, endpoint.address6].flatMap((address) =>
      address === undefined ? [] : { bridge, address: formatAddress(address) },
    );
  });
}

const sameFamily = (a: FirewallPeer, b: FirewallPeer): boolean =>
  a.address === undefined || b.address === undefined || a.address.includes(":") === b.address.includes(":");

const keyOf = ({ from, to, protocol, port }: FirewallGrant): string =>
  [from.bridge, from.address, to.bridge, to.address, protocol, port].join(" ");
