/** What the life cycle of containers is made of. */
import { join } from "node:path";
import type { CgroupDriver, Cgroups } from "../../cgroups/index.ts";
import type { KeyedLock } from "../../lib/keyed-lock.ts";
import type { Logger } from "../../lib/log.ts";
import type { NetworkConfig, NetworkEngine } from "../../netns/index.ts";
import type { EventBus } from "../events.ts";
import type { ImageService, SnapshotService } from "../image/index.ts";
import type { LimitGroups } from "../limits/index.ts";
import type { LimitWatch } from "../limits/watch.ts";
import type { Monitor } from "../monitor/index.ts";
import type { OciHost } from "../oci/index.ts";
import type { Ulimit } from "../types.ts";
import type { VolumeService } from "../volume/index.ts";
import type { ContainerRecords } from "./records.ts";
import type { Waiters } from "./waiters.ts";

/**
 * The steps of a container's life, in order, and those of changes to its network. A crash may come between any two; tests make it come, and the start
 * benchmark takes the time at each.
 */
export type LifeStep =
  | "create:files"
  | "create:snapshot"
  | "create:volumes"
  | "start:begun"
  | "start:cgroup"
  | "start:rootfs"
  | "start:network"
  | "start:bundle"
  | "start:created"
  | "start:recorded"
  | "start:started"
  | "exit:noticed"
  | "exit:torn-down"
  | "exit:recorded"
  | "remove:begun"
  | "remove:snapshot"
  | "remove:recorded"
  | "pause:frozen"
  | "unpause:thawed"
  | "connect:connected"
  | "disconnect:disconnected"
  | "publish:published"
  | "unpublish:recorded"
  | "update:begun"
  | "update:applied"
  | "update:recorded";

/** What containers have that ask for nothing else. */
export interface ContainerDefaults {
  readonly cgroupDriver: CgroupDriver;
  /** As `HostConfig.CgroupParent`; the engine's own parent when absent. */
  readonly cgroupParent?: string | undefined;
  /** `private` on hosts with cgroup v2 alone, else `host`, when absent. */
  readonly cgroupnsMode?: "private" | "host" | undefined;
  /** By name, filled in where a container names none. */
  readonly ulimits: readonly Ulimit[];
  /** Bytes of /dev/shm. */
  readonly shmSize: number;
}

export interface Parts {
  readonly records: ContainerRecords;
  readonly waiters: Waiters;
  /** One thing at a time for each container, by id. */
  readonly lock: KeyedLock;
  readonly images: ImageService;
  readonly snapshots: SnapshotService;
  readonly volumes: VolumeService;
  readonly network: NetworkEngine;
  /** Groups directly below the engine's own parent: see `cgroupsOf` for that of a container. */
  readonly cgroups: Cgroups;
  readonly groups: LimitGroups;
  readonly defaults: ContainerDefaults;
  /** Looks at the limits of all containers that run. */
  readonly watch: LimitWatch;
  readonly monitor: Monitor;
  readonly host: OciHost;
  readonly events: EventBus;
  readonly logger: Logger;
  readonly networkConfig: NetworkConfig;
  readonly paths: Paths;
  readonly step: (step: LifeStep, id: string) => void;
}

/** Where a container's files are. */
export class Paths {
  readonly #dataRoot: string;
  readonly #execRoot: string;

  constructor(dataRoot: string, execRoot: string) {
    this.#dataRoot = dataRoot;
    this.#execRoot = execRoot;
  }

  /** Of all containers: what lasts as long as they do. */
  get containers(): string {
    return join(this.#dataRoot, "containers");
  }

  /** Of all containers that run: gone after a reboot. */
  get bundles(): string {
    return join(this.#execRoot, "bundles");
  }

  directory(id: string): string {
    return join(this.containers, id);
  }

  /** OCI bundle, with conmon's pid files and sockets. */
  bundle(id: string): string {
    return join(this.bundles, id);
  }

  log(id: string): string {
    return join(this.directory(id), "container.log");
  }

  /** What is known of the limits at the last exit. */
  exitFacts(id: string): string {
    return join(this.directory(id), "exit-facts.json");
  }

  /** @param name `hostname`, `hosts` or `resolv.conf` */
  file(id: string, name: "hostname" | "hosts" | "resolv.conf"): string {
    return join(this.directory(id), name);
  }
}
