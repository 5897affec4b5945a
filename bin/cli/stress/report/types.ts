/** What a stress test found: plain data, shown as text, as JSON, or drawn. */
import type { Outcome } from "../verify.ts";

/** Seconds since the beginning, and the value. */
export type Point = readonly [seconds: number, value: number];

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** What may not be exceeded: drawn as a dashed line. */
  readonly limit?: number;
}

export type Unit = "CPUs" | "share" | "bytes" | "bytes/s" | "tasks" | "ms" | "deviation";

export interface Plot {
  readonly title: string;
  /** `bars`: a point stands for a thing of that number, not for a time. Lines by default. */
  readonly kind?: "lines" | "bars";
  readonly unit: Unit;
  readonly series: readonly Series[];
}

/** Milliseconds that a request took. */
export interface Latency {
  readonly phase: string;
  /** `service`: a small program in a container beside the load. `engine`: the engine's own answer. */
  readonly of: "service" | "engine";
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** A process that the kernel killed for lack of memory. */
export interface Victim {
  /** Since the beginning. */
  readonly seconds: number;
  readonly container: string;
  /** Unknown where the engine may not read the kernel's log. */
  readonly oomScoreAdj?: number;
}

export interface Phase {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** What is known before the load. */
export interface ReportHead {
  readonly profile: string;
  readonly summary: string;
  /** Of load. */
  readonly seconds: number;
  /** Of stress-ng. */
  readonly image: string;
  readonly host: { readonly cpus: number; readonly kernel: string; readonly cgroups: string };
}

export interface StressReport extends ReportHead {
  readonly findings: readonly Outcome[];
  readonly latencies: readonly Latency[];
  readonly victims: readonly Victim[];
  readonly phases: readonly Phase[];
  readonly plots: readonly Plot[];
}
