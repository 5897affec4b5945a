/**
 * What the API server needs of the engine, and nothing more. The engine satisfies these by its shape; unit tests bring
 * an engine in memory.
 */
import type { Readable } from "node:stream";
import type { Cgroups, GroupStats, LimitReading } from "../../cgroups/index.ts";
import type { Endpoint, Network, Sandbox } from "../../netns/index.ts";
import type { EngineEvent } from "../events.ts";
import type { Attachment, AttachOptions, LogEntry, TerminalSize } from "../monitor/index.ts";
import type { Container, ContainerCreateRequest, Image, Platform, Progress } from "../types.ts";
import type { ExecCreateRequest } from "./decode/exec-request.ts";

export interface ApiEngine {
  readonly containers: ContainerOperations;
  readonly images: ImageOperations;
  readonly network: NetworkOperations;
  readonly cgroups: Pick<Cgroups, "host" | "processes">;
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
  readonly seccomp: boolean;
}

export type WaitCondition = "not-running" | "next-exit" | "removed";

export interface LogsRequest {
  readonly follow: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly timestamps: boolean;
  /** Lines from the end; all when absent. */
  readonly tail?: number;
  /** Microseconds since 1970. */
  readonly since?: number;
  readonly until?: number;
  readonly signal?: AbortSignal;
}

export interface StopRequest {
  /** Seconds until SIGKILL; the container's own when absent. */
  readonly timeout?: number;
  /** Instead of the container's stop signal. */
  readonly signal?: number;
}

export interface ExecState {
  readonly id: string;
  readonly containerId: string;
  readonly running: boolean;
  /** Null until it has ended. */
  readonly exitCode: number | null;
  readonly pid: number;
  readonly request: ExecCreateRequest;
}

export interface ContainerOperations {
  create(
    request: ContainerCreateRequest,
    options: { readonly name?: string },
  ): Promise<{ readonly id: string; readonly warnings: readonly string[] }>;
  start(ref: string): Promise<void>;
  stop(ref: string, request: StopRequest): Promise<void>;
  restart(ref: string, request: StopRequest): Promise<void>;
  kill(ref: string, signal: number): Promise<void>;
  remove(ref: string, options: { readonly force: boolean; readonly volumes: boolean }): Promise<void>;
  rename(ref: string, name: string): Promise<void> | void;
  find(ref: string): Container;
  /** Newest first. */
  list(): readonly Container[];
  wait(ref: string, condition: WaitCondition): Promise<{ readonly exitCode: number; readonly error?: string }>;
  logs(ref: string, request: LogsRequest): AsyncIterable<LogEntry>;
  attach(ref: string, options: AttachOptions): Promise<Attachment>;
  resize(ref: string, size: TerminalSize): Promise<void> | void;
  /** Bytes that the container wrote. */
  writableSize(ref: string): Promise<number>;
  /** Ids of the commands that run beside its first process. */
  execIds(ref: string): readonly string[];
  limits(ref: string): readonly LimitReading[];
  stats(ref: string): GroupStats;
  createExec(ref: string, request: ExecCreateRequest): Promise<string> | string;
  startExec(
    execId: string,
    options: { readonly detach: boolean; readonly size?: TerminalSize },
  ): Promise<Attachment | undefined>;
  inspectExec(execId: string): ExecState;
  resizeExec(execId: string, size: TerminalSize): Promise<void> | void;
}

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
    options: { readonly force: boolean; readonly inUse: (imageId: string) => string | undefined },
  ): Promise<readonly { readonly Untagged?: string; readonly Deleted?: string }[]>;
}

export interface NetworkOperations {
  networks(): readonly Network[];
  findNetwork(ref: string): Network;
  endpointsOfNetwork(id: string): readonly Endpoint[];
  endpointsOfContainer(containerId: string): readonly Endpoint[];
  sandboxOf(containerId: string): Sandbox | undefined;
}

export interface EventSource {
  readonly past: readonly EngineEvent[];
  subscribe(listener: (event: EngineEvent) => void): () => void;
}
