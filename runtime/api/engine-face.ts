/**
 * What the API server needs of the engine, and nothing more. The engine satisfies these by its shape; unit tests bring
 * an engine in memory.
 */
import type { Readable } from "node:stream";
import type { Cgroups } from "../../cgroups/index.ts";
import type { NetworkEngine } from "../../netns/index.ts";
import type { ContainerNetworks, ContainerService } from "../container/index.ts";
import type { EventBus } from "../events.ts";
import type { LimitInsight } from "../limits/explain.ts";
import type { LimitGroups } from "../limits/index.ts";
import type { Sampler } from "../metrics/index.ts";
import type { NetworkService } from "../network/index.ts";
import type { Image, Platform, Progress } from "../types.ts";
import type { VolumeService } from "../volume/index.ts";

export interface ApiEngine {
  readonly containers: ContainerOperations;
  readonly images: ImageOperations;
  readonly volumes: Pick<VolumeService, "list" | "find" | "ensure" | "remove" | "prune" | "isUsed">;
  readonly network: NetworkOperations;
  readonly networks: Pick<NetworkService, "create" | "remove" | "prune" | "allow" | "deny">;
  readonly cgroups: Pick<Cgroups, "host" | "processes">;
  readonly limitGroups: Pick<LimitGroups, "list" | "find" | "limits" | "stats" | "set" | "remove" | "repair">;
  readonly sampler: Pick<Sampler, "now" | "every">;
  readonly events: EventSource;
  version(): EngineVersion;
  info(): EngineInfo | Promise<EngineInfo>;
}

/** What this build is. */
export interface EngineVersion {
  readonly version: string;
  readonly gitCommit: string;
  /** RFC 3339; empty when it runs from its sources. */
  readonly buildTime: string;
  readonly runtime: { readonly name: string; readonly version: string };
}

/** Facts of this engine that `GET /info` shows; those of the host are read there. */
export interface EngineInfo {
  /** Stable over restarts. */
  readonly id: string;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly seccomp: boolean;
  /** Hosts and networks, as configured. */
  readonly insecureRegistries: readonly string[];
  readonly cgroupDriver: string;
  /** `nftables` or `iptables`. */
  readonly firewallBackend: string;
  /** Everything is logged. */
  readonly debug: boolean;
  /** Where the API listens: `unix:///…`, `tcp://…`. */
  readonly hosts: readonly string[];
}

export interface ContainerOperations extends ContainerMethods {
  readonly networks: Pick<ContainerNetworks, "connect" | "disconnect" | "publish" | "unpublish" | "shape">;
  readonly insight: Pick<LimitInsight, "explain" | "advise" | "events">;
}

type ContainerMethods = Pick<
  ContainerService,
  | "create"
  | "start"
  | "stop"
  | "restart"
  | "kill"
  | "pause"
  | "unpause"
  | "remove"
  | "rename"
  | "removeLink"
  | "linksOf"
  | "linkNames"
  | "networkFilesOf"
  | "find"
  | "list"
  | "wait"
  | "logs"
  | "attach"
  | "resize"
  | "limits"
  | "update"
  | "repairLimits"
  | "cgroupsOf"
  | "stats"
  | "createExec"
  | "startExec"
  | "inspectExec"
  | "resizeExec"
  | "execEnded"
  | "execsOf"
  | "usersOf"
  | "writableSize"
>;

export interface ImageOperations {
  pull(
    reference: string,
    options: {
      readonly progress: Progress;
      readonly platform?: Platform;
      readonly credentials?: { readonly username: string; readonly password: string };
      readonly signal?: AbortSignal;
    },
  ): Promise<Image>;
  load(input: Readable, options: { readonly progress: Progress }): Promise<readonly Image[]>;
  import(
    input: Readable,
    options: {
      readonly reference?: string;
      readonly message?: string;
      readonly changes?: string[];
      readonly platform?: Platform;
    },
  ): Promise<Image>;
  list(): readonly Image[];
  find(reference: string): Image;
  tag(reference: string, target: string): void;
  remove(
    reference: string,
    options: {
      readonly force: boolean;
      readonly inUse: (imageId: string) => string | undefined;
      readonly running: (imageId: string) => string | undefined;
    },
  ): Promise<readonly { readonly Untagged?: string; readonly Deleted?: string }[]>;
}

export type NetworkOperations = Pick<
  NetworkEngine,
  | "networks"
  | "findNetwork"
  | "endpointsOfNetwork"
  | "endpointsOfContainer"
  | "sandboxOf"
  | "grants"
  | "explainName"
  | "rules"
  | "traffic"
  | "repair"
  | "warnings"
>;

export type EventSource = Pick<EventBus, "past" | "subscribe">;
