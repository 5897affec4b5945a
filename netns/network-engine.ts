/** The network of an engine: its networks, the endpoints of its containers, and their sandboxes. */
import { conflict, messageOf } from "../lib/errors.ts";
import { KeyedLock } from "../lib/keyed-lock.ts";
import { claimAddresses } from "./claims.ts";
import type { NameExplanation } from "./dns/index.ts";
import { describeEndpoint, findNetwork, reserveEndpoint } from "./endpoints.ts";
import { NetworkEvents } from "./events.ts";
import type { FirewallListing } from "./firewall/index.ts";
import { forwardingWarnings } from "./forwarding.ts";
import { Grants } from "./grants.ts";
import { createNetwork, forgetNetwork, removeDevice } from "./networks/create.ts";
import { type NetworkEngineOptions, openTools } from "./open-tools.ts";
import { reconcile, repair } from "./repair/reconcile.ts";
import { connectLive, disconnectLive } from "./sandbox/connect.ts";
import { putNames, removeNames } from "./sandbox/names.ts";
import { openLater, openPorts } from "./sandbox/open-ports.ts";
import { publishLive, unpublishLive } from "./sandbox/publish.ts";
import { portsToGo, withoutPorts } from "./sandbox/selection.ts";
import { shapeSandbox, trafficOf } from "./sandbox/shaping.ts";
import { checkRoom, startSandbox } from "./sandbox/start.ts";
import { recordedState, upSandbox } from "./sandbox/state.ts";
import { keepSandbox, tearDownSandbox } from "./sandbox/tear-down.ts";
import type { SandboxTools } from "./sandbox/types.ts";
import type { EndpointRecord } from "./store/index.ts";
import type {
  Difference,
  Endpoint,
  EndpointRequest,
  Grant,
  Network,
  NetworkEvent,
  NetworkRequest,
  PortBinding,
  PortSelection,
  PublishedPort,
  Sandbox,
  SandboxDns,
  ShapeRequest,
  TrafficRow,
} from "./types.ts";

export interface SetUpOptions {
  readonly dns?: SandboxDns;
  /** The ports are left to {@link NetworkEngine.openPorts}: hundreds take milliseconds, in which the caller has other work. */
  readonly portsLater?: boolean;
}

export interface DisconnectOptions {
  /** What cannot be taken away is logged, and the endpoint goes all the same. */
  readonly force?: boolean;
}

export interface TearDownOptions {
  /** Other containers run in the sandbox: its ports and names go, the namespace and its links stay for them. */
  readonly keep?: boolean;
}

/**
 * One engine manages the network of one network namespace. What it has set up goes on working when the engine ends,
 * however it ends; the next one takes it over with {@link NetworkEngine.reconcile}.
 */
export class NetworkEngine implements AsyncDisposable {
  readonly #runDir: string;
  readonly #tools: SandboxTools;
  readonly #grants: Grants;
  readonly #events: NetworkEvents;
  readonly #resources: AsyncDisposableStack;
  /** What is done to one container's sandbox is done in turn. */
  readonly #lock = new KeyedLock();

  private constructor(runDir: string, tools: SandboxTools, events: NetworkEvents, resources: AsyncDisposableStack) {
    this.#runDir = runDir;
    this.#tools = tools;
    this.#grants = new Grants(tools);
    this.#events = events;
    this.#resources = resources;
  }

  /**
   * Makes the default networks, the bridge devices and the firewall's base. Whole or nothing.
   * @throws `conflict` when another engine manages this namespace, when the bridge's name or subnet is taken;
   *   `invalid` for a wrong configuration
   */
  static async open(options: NetworkEngineOptions): Promise<NetworkEngine> {
    await using resources = new AsyncDisposableStack();
    const events = new NetworkEvents();
    const tools = openTools(options, events, resources);
    return new NetworkEngine(options.runDir, tools, events, resources.move());
  }

  /**
   * Takes over from a former run of the engine: what belongs to containers that run is repaired, everything else of ours
   * is removed from kernel and store, but for the addresses of stopped containers. Call it before the first `setUp`.
   * @param live ids of containers that run, or whose sandbox others run in
   * @param known ids of all containers; when given, endpoints of any others are released
   * @throws `system` with a list of what could not be cleaned up
   */
  async reconcile(live: ReadonlySet<string>, known?: ReadonlySet<string>): Promise<void> {
    const { store } = this.#tools;
    await reconcile(this.#tools, this.#grants, this.#runDir, live);
    for (const id of known === undefined ? [] : store.containersWithEndpoints()) {
      if (!known?.has(id) && !live.has(id)) this.releaseEndpoints(id);
    }
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

  /**
   * Makes a network, whole or nothing.
   * @returns it, and what the user should know
   * @throws Docker's texts for what is wrong, taken or exhausted; `unsupported` for what the kernel cannot do
   */
  async createNetwork(request: NetworkRequest): Promise<{ network: Network; warnings: string[] }> {
    const created = createNetwork(this.#tools, request, this.#tools.step);
    this.#grants.refresh();
    return created;
  }

  /** @throws `notFound`; `forbidden` with Docker's texts for a predefined network and for one in use */
  async removeNetwork(reference: string): Promise<Network> {
    const { store } = this.#tools;
    const network = findNetwork(store, reference);
    const endpoints = store.endpointsOfNetwork(network.id);
    forgetNetwork(this.#tools, network, this.#tools.step);
    removeNames(this.#tools, endpoints);
    for (const grant of store.grants()) {
      if (grant.from.id === network.id || grant.to.id === network.id) store.removeGrant(grant.id);
    }
    this.#grants.refresh();
    await removeDevice(this.#tools, network, this.#tools.step);
    return network;
  }

  /** Endpoints of all containers on a network, running or not. */
  endpointsOfNetwork(networkId: string): Endpoint[] {
    return this.#tools.store.endpointsOfNetwork(networkId).map((record) => this.#describe(record));
  }

  /** In the order in which they were given, which is that of the interfaces. */
  endpointsOfContainer(containerId: string): Endpoint[] {
    return this.#tools.store.endpointsOfContainer(containerId).map((record) => this.#describe(record));
  }

  /**
   * For `create`: gives a container its place and its addresses on a network. Only the store changes. An address that it
   * asks for and another has is looked for again by {@link NetworkEngine.setUp}.
   * @throws `notFound` for an unknown network; `invalid`, `forbidden` or `conflict` for an address that cannot be had
   */
  reserveEndpoint(request: EndpointRequest): Endpoint {
    const record = reserveEndpoint(this.#tools.store, request, { starts: false });
    this.#grants.refresh();
    putNames(this.#tools, record.containerId, false);
    return this.#describe(record);
  }

  /**
   * Gives a container a further network. One whose sandbox is up gets the link at once: whole or nothing.
   * @throws as {@link NetworkEngine.reserveEndpoint}; `conflict` when the bridge is full
   */
  connect(request: EndpointRequest): Promise<Endpoint> {
    const { containerId } = request;
    return this.#lock.run(containerId, async () => {
      const { store } = this.#tools;
      const up = upSandbox(this.#tools.store, containerId);
      if (up === undefined) return this.reserveEndpoint(request);
      checkRoom(store, findNetwork(store, request.network));
      const record = await connectLive(this.#tools, up, request);
      this.#grants.refresh();
      return this.#describe(record);
    });
  }

  /**
   * Takes a container off a network and frees its address. Of a sandbox that is up the link goes at once.
   * @returns the endpoint as it was
   * @throws `notFound` for an unknown network, Docker's text for one that the container is not on;
   *   `system` with a list of what could not be taken away
   */
  disconnect(containerId: string, reference: string, { force = false }: DisconnectOptions = {}): Promise<Endpoint> {
    return this.#lock.run(containerId, async () => {
      const { store } = this.#tools;
      const network = findNetwork(store, reference);
      const record = store.endpointOn(network.id, containerId);
      if (record === undefined) {
        throw conflict(
          `container ${containerId} is not connected to network ${network.name}`,
          "CTR_ENDPOINT_NOT_FOUND",
        );
      }
      const endpoint = this.#describe(record);
      const up = upSandbox(this.#tools.store, containerId);
      try {
        if (up !== undefined && record.interfaceName !== undefined) {
          await disconnectLive(this.#tools, up, record);
        } else {
          removeNames(this.#tools, [record]);
          store.removeEndpoint(record.id);
        }
      } catch (error) {
        if (!force) throw error;
        this.#tools.logger.error("A network connection could not be taken away entirely.", { error: messageOf(error) });
      } finally {
        this.#grants.refresh();
      }
      return endpoint;
    });
  }

  /** For `rename`: error texts name containers, and others find them by their names. */
  renameContainer(containerId: string, name: string): void {
    const { store } = this.#tools;
    store.renameContainer(containerId, name);
    putNames(this.#tools, containerId, store.sandbox(containerId)?.kept === false);
  }

  /** For `rm`: frees the addresses. Without complaint when there are none. */
  releaseEndpoints(containerId: string): void {
    const { store } = this.#tools;
    removeNames(this.#tools, store.endpointsOfContainer(containerId));
    store.removeContainer(containerId);
    for (const grant of store.grants()) {
      if (grant.from.id === containerId || grant.to.id === containerId) store.removeGrant(grant.id);
    }
    this.#grants.refresh();
  }

  /**
   * For `start`: makes the sandbox, whole or nothing. One that was kept is taken over. An address that was asked for is
   * taken from a container that does not run.
   * @param bindings to publish; ignored in `host` and `none` mode, as Docker does
   * @throws Docker's texts for ports and addresses that are taken; `conflict` when the sandbox is up or a bridge full;
   *   `notFound` when a network of the container was removed
   */
  setUp(
    containerId: string,
    bindings: readonly PortBinding[],
    { dns = {}, portsLater = false }: SetUpOptions = {},
  ): Promise<Sandbox> {
    return this.#lock.run(containerId, async () => {
      if (claimAddresses(this.#tools.store, containerId)) this.#grants.refresh();
      await startSandbox(this.#tools, { containerId, runDir: this.#runDir, bindings, dns, portsLater });
      return this.#sandbox(containerId);
    });
  }

  /**
   * Takes the ports of a sandbox that was set up without, and lets them lead into it. Without complaint when it was taken
   * away meanwhile.
   * @returns those in force
   * @throws Docker's texts for ports that are taken, and when they cannot be opened: take the sandbox away then
   */
  openPorts(containerId: string): Promise<PublishedPort[]> {
    return this.#lock.run(containerId, async () => {
      const { store } = this.#tools;
      const state = recordedState(store, containerId);
      if (state === undefined) return [];
      await openPorts(this.#tools, state, store.sandbox(containerId)?.bindings ?? []);
      return store.portsOf(containerId);
    });
  }

  /** After {@link NetworkEngine.openPorts}, once the container runs: starts what would have held its start up. */
  completePorts(containerId: string): Promise<void> {
    return this.#lock.run(containerId, async () => {
      const { store } = this.#tools;
      const state = recordedState(store, containerId);
      if (state !== undefined) openLater(this.#tools, { state, ports: store.portsOf(containerId) });
    });
  }

  /**
   * For `stop`: takes the sandbox away without trace; the addresses stay the container's. Without complaint when there is
   * none.
   * @throws `system` with a list of what failed, after everything else was done
   */
  tearDown(containerId: string, { keep = false }: TearDownOptions = {}): Promise<void> {
    return this.#lock.run(containerId, async () => {
      const record = this.#tools.store.sandbox(containerId);
      const state = recordedState(this.#tools.store, containerId);
      if (record === undefined || state === undefined) return;
      if (keep && record.namespacePath !== undefined) await keepSandbox(this.#tools, state, record);
      else await tearDownSandbox(this.#tools, state);
    });
  }

  /** The sandbox when it is up, or kept for others. */
  sandboxOf(containerId: string): Sandbox | undefined {
    return this.#tools.store.sandbox(containerId) === undefined ? undefined : this.#sandbox(containerId);
  }

  /**
   * Publishes further ports of a container whose sandbox is up, at once.
   * @returns those in force: none while no network of the container leads out
   * @throws `conflict` when it is not up; Docker's texts for ports that are taken: nothing has changed then
   */
  publish(containerId: string, bindings: readonly PortBinding[]): Promise<PublishedPort[]> {
    return this.#lock.run(containerId, async () => {
      const { record, state } = this.#requireUp(containerId);
      return publishLive(this.#tools, record, state, bindings);
    });
  }

  /**
   * Gives up ports of a container whose sandbox is up, at once. Connections that are open go on.
   * @returns those that were in force
   * @throws `conflict` when it is not up, `system` with a list of what could not be closed
   */
  unpublish(containerId: string, selections: readonly PortSelection[]): Promise<PublishedPort[]> {
    return this.#lock.run(containerId, async () => {
      const { record, state } = this.#requireUp(containerId);
      const ports = this.#tools.store.portsOf(containerId);
      const rest = withoutPorts(record.bindings, ports, selections);
      const gone = portsToGo(ports, rest, selections);
      await unpublishLive(this.#tools, state, gone, rest);
      return gone;
    });
  }

  /** Lets networks or containers that are apart reach each other, from now on and for as long as both exist. */
  allow(grant: Grant): void {
    this.#tools.store.transaction(() => {
      this.#tools.store.saveGrant(grant);
      this.#grants.refresh();
    });
  }

  /** Takes a grant back; one that was not given is no error. */
  deny({ id }: Pick<Grant, "id">): void {
    this.#tools.store.transaction(() => {
      this.#tools.store.removeGrant(id);
      this.#grants.refresh();
    });
  }

  /** Oldest first. */
  grants(): Grant[] {
    return this.#tools.store.grants();
  }

  /**
   * What a program in the container would be answered for a name, and by whom.
   * @throws `notFound` when the container has no name server of ours
   */
  explainName(containerId: string, name: string, type?: string): Promise<NameExplanation> {
    return this.#tools.names.explain(containerId, name, type);
  }

  /** Every rule and element of the firewall, with owner and counters. */
  rules(): Promise<FirewallListing> {
    return this.#tools.firewall.listing();
  }

  /** What each interface of each sandbox sent and received. */
  traffic(): TrafficRow[] {
    const { store } = this.#tools;
    const states = store.sandboxes().flatMap(({ containerId }) => recordedState(store, containerId) ?? []);
    return states.flatMap((state) => trafficOf(this.#tools, state));
  }

  /**
   * Limits the rate of a container's interfaces, from now on and for as long as it exists.
   * @throws `conflict` when its sandbox is not up, or has no interface that can be limited
   */
  shape(containerId: string, request: ShapeRequest): Promise<void> {
    return this.#lock.run(containerId, async () =>
      shapeSandbox(this.#tools, this.#requireUp(containerId).state, request),
    );
  }

  /** Compares what there has to be with what the kernel has. @returns what differs, and whether it is mended */
  repair({ dryRun = false }: { readonly dryRun?: boolean } = {}): Promise<Difference[]> {
    return repair(this.#tools, this.#runDir, { dryRun });
  }

  /** What keeps packets from arriving although all is well here: rules of others, switches that are off. */
  warnings(): string[] {
    const { store, firewall, config } = this.#tools;
    const withIpv6 = store.networks().some(({ enableIPv6 }) => enableIPv6);
    const drops = firewall.foreignDrops().map((place) => `${place} drops packets of containers`);
    return [...(config.ipForward === false ? [] : forwardingWarnings(withIpv6)), ...drops];
  }

  /** Tells of what happens without anybody having asked for it. */
  onEvent(listener: (event: NetworkEvent) => void): void {
    this.#events.add(listener);
  }

  /** Ends the process that answers names and carries ports, which otherwise goes on: for an engine that goes for good. */
  async endDataPlane(): Promise<void> {
    await Promise.all(this.#tools.proxyStarts.values());
    await this.#tools.dataPlane.end();
  }

  /** Closes sockets. The containers' network goes on working. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock.idle();
    await Promise.all(this.#tools.proxyStarts.values());
    await this.#resources.disposeAsync();
  }

  #describe(record: EndpointRecord): Endpoint {
    return describeEndpoint(this.#tools.store.networkOf(record), record);
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

  #requireUp(containerId: string) {
    const up = upSandbox(this.#tools.store, containerId);
    if (up !== undefined && !up.record.kept) return up;
    throw conflict(`the sandbox of ${containerId} is not up`, "CTR_SANDBOX_NOT_UP");
  }
}
