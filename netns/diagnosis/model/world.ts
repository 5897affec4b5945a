/** The namespaces of a snapshot, and what the engine's store says of links and addresses. */
import type { Endpoint, Network } from "../../types.ts";
import type { AddressHolder, SnapshotView } from "../snapshot-view.ts";
import { HOST, type IntendedContainer, type LinkState, type Snapshot } from "../types/index.ts";
import { NamespaceModel } from "./namespace.ts";

/** A link, in which namespace. */
export interface Port {
  readonly namespace: NamespaceModel;
  readonly link: LinkState;
}

export interface IntendedEndpoint {
  readonly container: IntendedContainer;
  readonly endpoint: Endpoint;
  readonly network: Network | undefined;
}

const worlds = new WeakMap<Snapshot, World>();

export class World {
  readonly view: SnapshotView;
  readonly #namespaces: ReadonlyMap<string, NamespaceModel>;
  readonly #byAddress = new Map<string, IntendedEndpoint>();
  readonly #byHostInterface = new Map<string, IntendedEndpoint>();
  readonly #bridgeOfGateway = new Map<string, Network>();

  /** That of the same snapshot again: what was read of it is kept. */
  static of(view: SnapshotView): World {
    const known = worlds.get(view.snapshot) ?? new World(view);
    worlds.set(view.snapshot, known);
    return known;
  }

  private constructor(view: SnapshotView) {
    this.view = view;
    const { namespaces, intent } = view.snapshot;
    const takenAt = new Date(view.snapshot.takenAt);
    this.#namespaces = new Map(namespaces.map((state) => [state.key, new NamespaceModel(state, takenAt)]));
    const networks = new Map(intent.networks.map((network) => [network.id, network]));
    for (const container of intent.containers) {
      if (!container.running) continue;
      for (const endpoint of container.endpoints) {
        const intended = { container, endpoint, network: networks.get(endpoint.networkId) };
        for (const address of [endpoint.address, endpoint.address6]) {
          if (address !== "") this.#byAddress.set(address, intended);
        }
        if (endpoint.hostInterface !== undefined) this.#byHostInterface.set(endpoint.hostInterface, intended);
      }
    }
    for (const network of intent.networks) {
      for (const { gateway } of network.subnets) if (gateway !== undefined) this.#bridgeOfGateway.set(gateway, network);
    }
  }

  namespace(key: string): NamespaceModel | undefined {
    return this.#namespaces.get(key);
  }

  get host(): NamespaceModel | undefined {
    return this.#namespaces.get(HOST);
  }

  /** Whose address it is, as the store has it. */
  endpointOf(address: string): IntendedEndpoint | undefined {
    return this.#byAddress.get(address);
  }

  endpointOfHostInterface(name: string): IntendedEndpoint | undefined {
    return this.#byHostInterface.get(name);
  }

  networkOfGateway(address: string): Network | undefined {
    return this.#bridgeOfGateway.get(address);
  }

  /** The inner end of an endpoint's cable. */
  innerPort({ container, endpoint }: IntendedEndpoint): Port | undefined {
    const namespace = container.namespace === undefined ? undefined : this.namespace(container.namespace);
    const link =
      namespace?.link(endpoint.interfaceName) ?? namespace?.state.links.find(({ mac }) => mac === endpoint.macAddress);
    return namespace === undefined || link === undefined ? undefined : { namespace, link };
  }

  /** Links that have the address, where it may be used. */
  holdersOf(address: string): readonly Port[] {
    return this.view.holdersOf(address).flatMap((holder) => this.#portOf(holder, address));
  }

  /** The other end of a veth pair. */
  peerOf({ link }: Port): Port | undefined {
    const peer = this.view.peerOf(link);
    const namespace = peer && this.namespace(peer.namespace.key);
    return peer === undefined || namespace === undefined ? undefined : { namespace, link: peer.link };
  }

  /** The bridge that a link should be a port of, where the store says so. */
  intendedBridge({ namespace, link }: Port): string | undefined {
    return namespace.key === HOST ? this.endpointOfHostInterface(link.name)?.network?.bridge : undefined;
  }

  #portOf({ namespace, link }: AddressHolder, address: string): Port[] {
    const model = this.namespace(namespace.key);
    const isReady = link.addresses.some((own) => own.address === address && own.state === "ready");
    return model === undefined || !isReady ? [] : [{ namespace: model, link }];
  }
}
