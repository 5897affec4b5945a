/** A network engine in a private network, and containers of it without a runtime: their sandboxes alone. */
import { spawnSync } from "node:child_process";
import { generateId } from "../../../lib/ids.ts";
import { type Logger, silentLogger } from "../../../lib/log.ts";
import { Store } from "../../../lib/store.ts";
import {
  type Endpoint,
  type EndpointRequest,
  type NetworkConfig,
  NetworkEngine,
  networkMigrations,
  type PortBinding,
} from "../../../netns/index.ts";
import { enterNetworkNamespace } from "../../../netns/namespace.ts";
import { PrivateNetwork } from "./private-network.ts";

export class EngineFixture implements AsyncDisposable {
  readonly network: PrivateNetwork;
  readonly store = new Store(":memory:", [networkMigrations]);
  #engine: NetworkEngine | undefined;

  private constructor(network: PrivateNetwork) {
    this.network = network;
  }

  static async start(config: NetworkConfig = {}, prepare: () => void = () => {}): Promise<EngineFixture> {
    const fixture = new EngineFixture(PrivateNetwork.enter());
    try {
      prepare();
      await fixture.open(config);
      return fixture;
    } catch (error) {
      await fixture[Symbol.asyncDispose]();
      throw error;
    }
  }

  get engine(): NetworkEngine {
    if (this.#engine === undefined) throw new Error("the network engine is closed");
    return this.#engine;
  }

  /** Opens the engine on the same store and folder, as ctrd does after a restart. */
  async open(config: NetworkConfig = {}, logger: Logger = silentLogger): Promise<void> {
    this.#engine = await NetworkEngine.open({
      store: this.store,
      runDir: this.network.directory,
      config,
      logger,
    });
  }

  /** The data plane goes on, as it does when ctrd ends. */
  async close(): Promise<void> {
    await this.#engine?.[Symbol.asyncDispose]();
    this.#engine = undefined;
  }

  /** Reserves a place for a container that does not run yet. */
  create(name: string, network = "bridge", more: Partial<EndpointRequest> = {}): Endpoint {
    return this.engine.reserveEndpoint({ containerId: generateId(), containerName: name, network, ...more });
  }

  /** Reserves a place and makes the sandbox. */
  async run(name: string, ports: readonly PortBinding[] = [], network = "bridge"): Promise<Endpoint> {
    const { containerId } = this.create(name, network);
    const { endpoints } = await this.engine.setUp(containerId, ports);
    return endpoints[0] as Endpoint;
  }

  /** Runs a program in a container's sandbox. @returns its output; throws unless it exits with 0 */
  inside(containerId: string, ...argv: readonly [string, ...string[]]): string {
    const path = this.engine.sandboxOf(containerId)?.namespacePath;
    if (path === undefined) throw new Error(`no sandbox of ${containerId}`);
    return enterNetworkNamespace(path, () => run(argv));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine?.endDataPlane();
    await this.close();
    this.store[Symbol.dispose]();
    this.network[Symbol.dispose]();
  }
}

/** Runs a program in the thread's present namespace. @returns its output; throws unless it exits with 0 */
export function run([program, ...args]: readonly [string, ...string[]], input = ""): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", input, timeout: 20_000 });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: exit code ${status}: ${stdout}${stderr}`);
  return stdout;
}

export const ping = (address: string): readonly [string, ...string[]] => ["busybox", "ping", "-c1", "-W2", address];

export const tcp = (containerPort: number, hostPort: number, hostIp = ""): PortBinding => ({
  protocol: "tcp",
  containerPort,
  hostIp,
  hostPort,
});
