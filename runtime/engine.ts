/** The engine: everything below the API, opened in the right order and closed in reverse. */
import { join } from "node:path";
import { Cgroups, checkDriver, detectHost, engineParent } from "../cgroups/index.ts";
import { invalid } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { Store } from "../lib/store.ts";
import { type NetworkConfig, NetworkEngine, networkMigrations } from "../netns/index.ts";
import type { ApiEngine, EngineInfo, EngineVersion } from "./api/engine-face.ts";
import { cgroupParentOf, DEFAULT_CGROUP_DRIVER } from "./cgroup-parent.ts";
import {
  type ContainerDefaults,
  ContainerService,
  checkDefaults,
  containerMigrations,
  DEFAULT_SHM_SIZE,
  type LifeStep,
} from "./container/index.ts";
import { leaveSettings } from "./diagnosis/settings.ts";
import { EventBus } from "./events.ts";
import { engineId, hasSeccomp, packageVersion } from "./host-facts.ts";
import { ImageService, imageMigrations, SnapshotService } from "./image/index.ts";
import { LimitGroups, limitGroupMigrations } from "./limits/index.ts";
import { Cables, MetricsServer, Sampler } from "./metrics/index.ts";
import { Monitor } from "./monitor/index.ts";
import { NetworkService } from "./network/index.ts";
import { chooseRuntime, detectOciHost, mapRuntimeError, type OciRuntime } from "./oci/index.ts";
import { RootLock } from "./root-lock.ts";
import { VolumeService, volumeMigrations } from "./volume/index.ts";
import { warmUp } from "./warm-up.ts";

/** Bytes. conmon's and runc's sockets below the exec-root have at most 107 bytes of path. */
const LONGEST_EXEC_ROOT = 80;

export interface EngineConfig {
  /** State that lasts: images, containers, logs, the database. */
  readonly dataRoot: string;
  /** State of this boot: bundles, sockets, namespaces. */
  readonly execRoot: string;
  readonly network: NetworkConfig;
  /** Registries that may be asked without TLS: hosts, or IPv4 networks. Loopback ones always may. */
  readonly insecureRegistries?: readonly string[];
  /** `native.cgroupdriver`, `cgroupfs` when absent. */
  readonly cgroupDriver?: string | undefined;
  /** What containers have that ask for nothing else. */
  readonly containerDefaults?: Partial<Omit<ContainerDefaults, "cgroupDriver">>;
  /** `address:port` on which Prometheus gets its metrics; none when absent. */
  readonly metricsAddress?: string | undefined;
  readonly logger: Logger;
  /** That everything is logged, and where the API listens: for `info`. */
  readonly debug?: boolean;
  readonly hosts?: readonly string[];
  readonly build?: { readonly version: string; readonly gitCommit: string; readonly buildTime: string };
  /** Called after each step of a container's life: for measuring, and for tests that crash there. */
  readonly step?: (step: LifeStep, containerId: string) => void;
}

export class Engine implements ApiEngine, AsyncDisposable {
  readonly containers: ContainerService;
  readonly images: ImageService;
  readonly volumes: VolumeService;
  readonly network: NetworkEngine;
  readonly networks: NetworkService;
  readonly cgroups: Cgroups;
  readonly limitGroups: LimitGroups;
  readonly events: EventBus;
  /** What containers use. */
  readonly sampler: Sampler;
  readonly #config: EngineConfig;
  readonly #runtime: OciRuntime;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    config: EngineConfig,
    parts: Pick<
      Engine,
      "containers" | "images" | "volumes" | "network" | "networks" | "cgroups" | "limitGroups" | "events" | "sampler"
    >,
    runtime: OciRuntime,
    resources: AsyncDisposableStack,
  ) {
    this.containers = parts.containers;
    this.images = parts.images;
    this.volumes = parts.volumes;
    this.network = parts.network;
    this.networks = parts.networks;
    this.cgroups = parts.cgroups;
    this.limitGroups = parts.limitGroups;
    this.events = parts.events;
    this.sampler = parts.sampler;
    this.#config = config;
    this.#runtime = runtime;
    this.#resources = resources;
  }

  /**
   * Opens the state below both roots and takes over the containers that run.
   * @throws `conflict` when another engine works on one of the roots; `system` for what the host lacks
   */
  static async open(config: EngineConfig): Promise<Engine> {
    const { dataRoot, execRoot, logger } = config;
    checkRoots(config);
    await using resources = new AsyncDisposableStack();
    resources.use(RootLock.take(dataRoot));
    resources.use(RootLock.take(execRoot));
    const migrations = [
      ...[imageMigrations, networkMigrations, containerMigrations, limitGroupMigrations],
      volumeMigrations,
    ];
    const store = resources.use(new Store(join(dataRoot, "ctr.db"), migrations));
    const cgroupHost = detectHost();
    const cgroupDriver = checkDriver(config.cgroupDriver ?? DEFAULT_CGROUP_DRIVER, cgroupHost);
    const parent = engineParent(cgroupHost, cgroupParentOf(execRoot, cgroupDriver));
    const cgroups = new Cgroups({ host: cgroupHost, parent, logger });
    const groups = new LimitGroups({ store, cgroups, logger });
    const host = detectOciHost();
    const defaults = { ulimits: [], shmSize: DEFAULT_SHM_SIZE, ...config.containerDefaults, cgroupDriver };
    checkDefaults({ cgroups, groups, defaults, host });
    const network = resources.use(
      await NetworkEngine.open({ store, runDir: execRoot, config: config.network, logger }),
    );
    leaveSettings(execRoot, config.network);
    const { insecureRegistries = [] } = config;
    const events = new EventBus();
    const [images, runtime] = await Promise.all([
      ImageService.open({ store, dataRoot, logger, insecureRegistries, events }),
      chooseRuntime(),
    ]);
    resources.use(images);
    const snapshots = new SnapshotService({ store, dataRoot, images, logger });
    const monitor = resources.use(new Monitor({ runtime, runDir: execRoot, mapError: mapRuntimeError }));
    const volumes = await VolumeService.open({ store, dataRoot, events, logger });
    const networks = new NetworkService({ network, events });
    const containers = resources.use(
      await ContainerService.open({
        ...{ store, dataRoot, execRoot, images, snapshots, volumes, network, cgroups, groups, monitor, logger, events },
        host,
        config: config.network,
        defaults,
        ...(config.step === undefined ? {} : { step: config.step }),
      }),
    );
    await warmUp(cgroups, host);
    const cables = new Cables((id) => network.endpointsOfContainer(id));
    network.onEvent(() => cables.changed());
    const sampler = resources.use(new Sampler({ containers, cablesOf: (container) => cables.of(container) }));
    const { metricsAddress: address, build } = config;
    if (address !== undefined) {
      const version = build?.version ?? packageVersion();
      resources.use(await MetricsServer.open({ address, sampler, version, logger }));
    }
    const parts = { containers, images, volumes, network, networks, cgroups, limitGroups: groups, events, sampler };
    return new Engine(config, parts, runtime, resources.move());
  }

  version(): EngineVersion {
    const build = this.#config.build ?? { version: packageVersion(), gitCommit: "unknown", buildTime: "" };
    return { ...build, runtime: this.#runtime };
  }

  info(): EngineInfo {
    const { dataRoot, execRoot, cgroupDriver = DEFAULT_CGROUP_DRIVER, insecureRegistries = [] } = this.#config;
    const { debug = false, hosts = [], network } = this.#config;
    const { firewallBackend = "nftables" } = network;
    const roots = { id: engineId(dataRoot), dataRoot, execRoot };
    return { ...roots, seccomp: hasSeccomp(), cgroupDriver, insecureRegistries, firewallBackend, debug, hosts };
  }

  /** Lets go of everything. Containers go on; the next engine on these roots finds them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
    this.limitGroups.releaseAll();
    this.cgroups.removeParent();
  }
}

function checkRoots({ dataRoot, execRoot }: EngineConfig): void {
  for (const [flag, path] of [
    ["--data-root", dataRoot],
    ["--exec-root", execRoot],
  ] as const) {
    if (!path.startsWith("/")) throw invalid(`${flag} must be an absolute path: ${path}`, "CTR_ROOT_INVALID");
    // overlayfs separates layers by colons and options by commas, conmon its log driver by a colon.
    if (/[:,\\\s]/.test(path)) {
      throw invalid(`${flag} must not contain colons, commas, backslashes or spaces: ${path}`, "CTR_ROOT_INVALID");
    }
  }
  if (Buffer.byteLength(execRoot) > LONGEST_EXEC_ROOT) {
    throw invalid(`--exec-root is longer than ${LONGEST_EXEC_ROOT} bytes: ${execRoot}`, {
      code: "CTR_ROOT_INVALID",
      hint: "sockets are made in it, and the path of a socket has at most 107 bytes",
    });
  }
}
