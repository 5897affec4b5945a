/** The network's part of what the engine wants, from its store. */
import type { Store } from "../../lib/store.ts";
import { describeEndpoint } from "../endpoints.ts";
import { NetworkStore } from "../store/index.ts";
import type { Endpoint, Grant, Network, PublishedPort, SandboxDns } from "../types.ts";

export interface StoredNetworks {
  readonly networks: readonly Network[];
  readonly grants: readonly Grant[];
  readonly sandboxes: readonly StoredSandbox[];
  /** Of a container, running or not. */
  readonly endpointsOf: (containerId: string) => readonly Endpoint[];
}

/** A sandbox that is up, as the store has it. */
export interface StoredSandbox {
  readonly containerId: string;
  /** Undefined in host mode. */
  readonly namespacePath: string | undefined;
  readonly dns: SandboxDns;
  /** In force. */
  readonly ports: readonly PublishedPort[];
}

/** @param store may be open for reading only; use the result before it is closed */
export function readStoredNetworks(store: Store): StoredNetworks {
  const stored = new NetworkStore(store);
  return {
    networks: stored.networks(),
    grants: stored.grants(),
    sandboxes: stored.sandboxes().map(({ containerId, namespacePath, dns }) => ({
      ...{ containerId, namespacePath, dns },
      ports: stored.portsOf(containerId),
    })),
    endpointsOf: (containerId) =>
      stored.endpointsOfContainer(containerId).map((record) => describeEndpoint(stored.networkOf(record), record)),
  };
}
