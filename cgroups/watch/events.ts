/** What a watcher tells. */
import type { PressureResource } from "../types.ts";
import type { OomVictim } from "./oom-victims.ts";

interface About {
  readonly id: string;
  /** Path of the group. */
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Processes were killed for lack of memory. `victims` as far as the kernel's log can be read. */
export interface OomEvent extends About {
  readonly type: "oom";
  readonly kills: number;
  readonly victims: readonly OomVictim[];
}

/** A limit acted: forks were refused, memory was taken back, a process was slowed down. */
export interface LimitEvent extends About {
  readonly type: "limit";
  readonly limit: "memory" | "memoryHigh" | "pids";
  readonly count: number;
}

/** The share of throttled periods, or of time lost to pressure, went above a threshold or back below it. */
export interface ThresholdEvent extends About {
  readonly type: "throttled" | "pressure";
  readonly state: "above" | "below";
  /** 0 … 1. */
  readonly share: number;
  readonly threshold: number;
  /** For `pressure`. */
  readonly resource?: PressureResource;
  readonly kind?: "some" | "full";
}

/** The first process came, or the last one went. */
export interface PopulatedEvent extends About {
  readonly type: "populated";
  readonly populated: boolean;
}

export type GroupEvent = OomEvent | LimitEvent | ThresholdEvent | PopulatedEvent;
