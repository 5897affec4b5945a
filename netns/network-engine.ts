/** The network of an engine: its networks, the endpoints of its containers, and their sandboxes. */
import { conflict } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Store } from "../lib/store.ts";
import { type BridgeSpecification, ensureBridge, MAX_BRIDGE_PORTS } from "./bridge.ts";
import { bridgeAddressOf, ensureDefaultNetworks } from "./default-networks.ts";
import { describeEndpoint, findNetwork, reserveEndpoint } from "./endpoints.ts";
import { type FirewallNetwork, openFirewall } from "./firewall/index.ts";
import { parseAddress, parseCidr } from "./ipam/ipv4.ts";
import { namespacePath } from "./namespace.ts";
import { deleteLink } from "./netlink/link.ts";
import { NetlinkSocket } from "./netlink/transport.ts";
import { NetworkOwnership } from "./ownership.ts";
import { HostPorts } from "./ports/index.ts";
import { reconcile } from "./reconcile.ts";
import { type Connection, type SandboxState, type SandboxTools, setUpSandbox, tearDownSandbox } from "./sandbox.ts";
import { type EndpointRecord, NetworkStore } from "./store.ts";
import type { Endpoint, EndpointRequest, Network, NetworkConfig, PortBinding, Sandbox } from "./types.ts";
import { bridgeFull, hostInterfaceOf } from "./veth.ts";

export interface NetworkEngineOptions {
  /** Must have run {@link networkMigrations}. */
  readonly store: Store;
  /** The engine's exec-root: namespaces are bound at `<runDir>/netns/<containerId>`. */
  readonly runDir: string;
  readonly config: NetworkConfig;
  readonly logger: Logger;
}

/**
 * One engine manages the network of one network namespace. What it has set up goes on working when the engine ends,
 * however it ends; the next one takes it over with {@link NetworkEngine.reconcile}.
 */
export class NetworkEngine implements AsyncDisposable {
  readonly #runDir: string;
  readonly #tools: SandboxTools;
  readonly #resources: DisposableStack;

  private constructor(runDir: string, tools: SandboxTools, resources: DisposableStack) {
    this.#runDir = runDir;
    this.#tools = tools;
    this.#resources = resources;
  }

  /**
   * Makes the default networks, the bridge device and the firewall's base. Whole or nothing.
   * @throws `conflict` when another engine manages this namespace, when the bridge's name or subnet is taken;
   *   `invalid` for a wrong configuration
   */
  static async open({ store, runDir, config, logger }: NetworkEngineOptions): Promise<NetworkEngine> {
    using resources = new DisposableStack();
    using undo = new DisposableStack();
    resources.use(NetworkOwnership.take());
    const netlink = resources.use(NetlinkSocket.open());
    const networkStore = new NetworkStore(store);
    const firewall = resources.use(openFirewall({ logger }));
    // One transaction: when the kernel refuses, the store does not hold a configuration that never was.
    networkStore.transaction(() => {
      const network = ensureDefaultNetworks({ store: networkStore, netlink, config, logger });
      const bridge = bridgeOf(network);
      if (ensureBridge(netlink, bridge).created) undo.defer(() => deleteLink(netlink, bridge.name));
      firewall.ensure();
      firewall.addNetwork(firewallNetworkOf(network));
    });
    undo.move();
    const hostPorts = resources.use(new HostPorts({ logger }));
    return new NetworkEngine(runDir, { netlink, store: networkStore, firewall, hostPorts, logger }, resources.move());
  }

  /**
   * Takes over from a former run of the engine: what belongs to containers that run is repaired, everything else of ours
   * is removed from kernel and store, but for the addresses of stopped containers. Call it before the first `setUp`.
   * @param live ids of containers that run
   * @param known ids of all containers; when given, endpoints of any others are released
   * @throws `system` with a list of what could not be cleaned up
   */
  async reconcile(live: ReadonlySet<string>, known?: ReadonlySet<string>): Promise<void> {
    const { store } = this.#tools;
    const sandboxes = store.sandboxes().map(({ containerId }) => this.#recordedState(containerId));
    await reconcile(this.#tools, {
      runDir: this.#runDir,
      live: sandboxes.filter(({ containerId }) => live.has(containerId)),
      dead: sandboxes.filter(({ containerId }) => !live.has(containerId)),
      networks: store.networks().flatMap((network) => (network.driver === "bridge" ? firewallNetworkOf(network) : [])),
    });
    if (known === undefined) return;
    for (const id of store.containersWithEndpoints()) if (!known.has(id) && !live.has(id)) store.removeEndpoints(id);
  }

  /** Oldest first. */
  networks(): Network[] {
    return this.#tools.store.networks();
  }

  /**
   * @param reference name, id, or unambiguous id prefix; `default` means `bridge`
   * @throws `notFound` with Docker's text `network … not found`
   */
  findNetwork(reference: string): Network {
    return findNetwork(this.#tools.store, reference);
  }

  /** Endpoints of all containers on a network, running or not. */
  endpointsOfNetwork(networkId: string): Endpoint[] {
    const { store } = this.#tools;
    return store.endpointsOfNetwork(networkId).map((record) => describeEndpoint(store, record));
  }

  endpointsOfContainer(containerId: string): Endpoint[] {
    const { store } = this.#tools;
    return store.endpointsOfContainer(containerId).map((record) => describeEndpoint(store, record));
  }

  /**
   * For `create`: gives a container its place and its address on a network. Only the store changes.
   * @throws `notFound` for an unknown network; `invalid`, `forbidden` or `conflict` for an address that cannot be had
   */
  reserveEndpoint(request: EndpointRequest): Endpoint {
    return reserveEndpoint(this.#tools.store, request);
  }

  /** For `rename`: error texts name containers. */
  renameContainer(containerId: string, name: string): void {
    this.#tools.store.renameContainer(containerId, name);
  }

  /** For `rm`: frees the addresses. Without complaint when there are none. */
  releaseEndpoints(containerId: string): void {
    this.#tools.store.removeEndpoints(containerId);
  }

  /**
   * For `start`: makes the sandbox, whole or nothing.
   * @param ports to publish; ignored in `host` and `none` mode, as Docker does
   * @throws Docker's texts for ports that are taken; `conflict` when the sandbox is up or the bridge full
   */
  async setUp(containerId: string, ports: readonly PortBinding[]): Promise<Sandbox> {
    const { store } = this.#tools;
    if (store.sandbox(containerId) !== undefined) {
      throw conflict(`the sandbox of ${containerId} is up already`, "CTR_SANDBOX_EXISTS");
    }
    const records = store.endpointsOfContainer(containerId);
    for (const record of records) this.#checkRoom(record);
    const hostMode = records.some((record) => store.networkOf(record).driver === "host");
    const path = hostMode ? undefined : namespacePath(this.#runDir, containerId);
    setUpSandbox(this.#tools, { ...this.#stateOf(containerId, records, path), bindings: ports });
    return this.#sandbox(containerId);
  }

  /**
   * For `stop`: takes the sandbox away without trace; the address stays the container's. Without complaint when there is
   * none.
   * @throws `system` with a list of what failed, after everything else was done
   */
  async tearDown(containerId: string): Promise<void> {
    if (this.#tools.store.sandbox(containerId) === undefined) return;
    await tearDownSandbox(this.#tools, this.#recordedState(containerId));
  }

  /** The sandbox when it is up. */
  sandboxOf(containerId: string): Sandbox | undefined {
    return this.#tools.store.sandbox(containerId) === undefined ? undefined : this.#sandbox(containerId);
  }

  /** Closes sockets. The containers' network goes on working. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#resources.dispose();
  }

  #sandbox(containerId: string): Sandbox {
    const { store } = this.#tools;
    const path = store.sandbox(containerId)?.namespacePath;
    return {
      containerId,
      ...(path === undefined ? undefined : { namespacePath: path }),
      endpoints: this.endpointsOfContainer(containerId),
      ports: store.portsOf(containerId),
    };
  }

  #recordedState(containerId: string): SandboxState {
    const { store } = this.#tools;
    const path = store.sandbox(containerId)?.namespacePath;
    return this.#stateOf(containerId, store.endpointsOfContainer(containerId), path);
  }

  #stateOf(containerId: string, records: readonly EndpointRecord[], path: string | undefined): SandboxState {
    const [first] = records;
    return {
      containerId,
      containerName: first?.containerName ?? containerId,
      describe: first === undefined ? containerId : `${first.containerName} (${first.id})`,
      namespacePath: path,
      connections: this.#connectionsOf(records),
    };
  }

  #connectionsOf(records: readonly EndpointRecord[]): Connection[] {
    return records.flatMap((record, index) => {
      const network = this.#tools.store.networkOf(record);
      if (record.address === undefined || network.subnet === undefined || network.gateway === undefined) return [];
      return {
        bridge: requireBridge(network),
        hostInterface: hostInterfaceOf(record.id),
        interfaceName: `eth${index}`,
        address: { address: record.address, prefixLength: parseCidr(network.subnet).prefixLength },
        gateway: parseAddress(network.gateway),
        macAddress: record.macAddress,
        mtu: network.mtu ?? 0,
      };
    });
  }

  /** Before anything is touched: the kernel would find out half way. */
  #checkRoom(record: EndpointRecord): void {
    const { store } = this.#tools;
    const { bridge } = store.networkOf(record);
    if (bridge !== undefined && store.countConnected(record.networkId) >= MAX_BRIDGE_PORTS) throw bridgeFull(bridge);
  }
}

function bridgeOf(network: Network): BridgeSpecification {
  return {
    name: requireBridge(network),
    address: parseCidr(bridgeAddressOf(network)),
    mtu: network.mtu ?? 0,
    networkId: network.id,
  };
}

function requireBridge({ name, bridge }: Network): string {
  if (bridge === undefined) throw new TypeError(`network ${name} has no bridge device`);
  return bridge;
}

function firewallNetworkOf(network: Network): FirewallNetwork {
  return {
    bridge: requireBridge(network),
    subnet: network.subnet ?? "",
    internal: network.internal,
    masquerade: true,
    icc: true,
  };
}
