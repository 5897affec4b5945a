/** What the containers need of the engine, and the parts that their life is made of. */
import type { Cgroups } from "../../cgroups/index.ts";
import { KeyedLock } from "../../lib/keyed-lock.ts";
import type { Logger } from "../../lib/log.ts";
import type { Store } from "../../lib/store.ts";
import type { NetworkConfig, NetworkEngine } from "../../netns/index.ts";
import type { EventBus } from "../events.ts";
import type { ImageService, SnapshotService } from "../image/index.ts";
import type { LimitGroups } from "../limits/index.ts";
import { announcedWatch } from "../limits/watch-bus.ts";
import type { Monitor } from "../monitor/index.ts";
import type { OciHost } from "../oci/index.ts";
import type { VolumeService } from "../volume/index.ts";
import { containersByGroup } from "./group-members.ts";
import { type ContainerDefaults, type LifeStep, type Parts, Paths } from "./parts.ts";
import { ContainerRecords } from "./records.ts";
import { containersWithVolume } from "./volumes.ts";
import { Waiters } from "./waiters.ts";

export interface ContainerServiceOptions {
  /** Must have run {@link containerMigrations}. */
  readonly store: Store;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly images: ImageService;
  readonly snapshots: SnapshotService;
  readonly volumes: VolumeService;
  readonly network: NetworkEngine;
  readonly cgroups: Cgroups;
  readonly groups: LimitGroups;
  readonly defaults: ContainerDefaults;
  readonly monitor: Monitor;
  readonly host: OciHost;
  readonly logger: Logger;
  readonly events: EventBus;
  readonly config: NetworkConfig;
  /** Called after each step of a container's life: for measuring, and for tests that crash there. */
  readonly step?: (step: LifeStep, id: string) => void;
}

export function partsOf(options: ContainerServiceOptions): Parts {
  const records = new ContainerRecords(options.store);
  const parts = {
    ...options,
    records,
    watch: announcedWatch({ records, ...options }),
    waiters: new Waiters(),
    lock: new KeyedLock(),
    networkConfig: options.config,
    paths: new Paths(options.dataRoot, options.execRoot),
    step: options.step ?? (() => {}),
  };
  options.volumes.attach((name) => containersWithVolume(records, name));
  options.groups.attach(() => containersByGroup(parts));
  return parts;
}
