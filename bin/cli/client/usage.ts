/** What containers use, as the engine streams it: a line an interval, all containers in each. */
import type { Limits, SomeStats, StatsPart, WaitedTime } from "../../../cgroups/index.ts";
import type { Client } from "./client.ts";

export interface ContainerUsage {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly Status: string;
  /** Absent while it does not run, as what follows. */
  readonly Stats?: SomeStats;
  readonly Limits?: Limits;
  /** These are told when they are asked for. */
  readonly Waited?: WaitedTime;
  readonly Networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>>;
}

export interface UsageLine {
  /** Milliseconds since 1970. */
  readonly Time: number;
  readonly Host: {
    /** Nanoseconds that all CPUs have spent, idle too. */
    readonly CpuTime: number;
    readonly Cpus: number;
    /** Bytes. */
    readonly Memory: number;
  };
  readonly Containers: readonly ContainerUsage[];
}

export interface UsageRequest {
  /** Names or ids; none for all containers that run. */
  readonly containers: readonly string[];
  /** Also those that do not run. */
  readonly all?: boolean;
  /** What is shown beside the counters; what is not costs nothing. */
  readonly parts: readonly ("waited" | "networks" | StatsPart)[];
  /** Milliseconds. */
  readonly interval?: number;
  readonly signal?: AbortSignal;
}

/** Two lines that follow each other: most figures are what happened between them. */
export interface UsageStep {
  /** Undefined for the first line. */
  readonly before: UsageLine | undefined;
  readonly now: UsageLine;
}

/** Ends when none of the containers that were named is left. */
export async function* usageSteps(client: Client, request: UsageRequest): AsyncGenerator<UsageStep> {
  const { containers, parts, all = false, interval = 1000, signal } = request;
  const lines = client.events<UsageLine>("GET", "/ctr/stats", {
    query: { stream: 1, interval, all: all ? 1 : undefined, id: containers, parts: parts.join() },
    ...(signal === undefined ? {} : { signal }),
  });
  let before: UsageLine | undefined;
  for await (const now of lines) {
    yield { before, now };
    before = now;
  }
}
