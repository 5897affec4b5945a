/** Facts about a group at one moment, recorded as plain data, and what is concluded from them. */
import type { CgroupMode } from "../host.ts";
import type { GroupSignals } from "../signals.ts";
import type { GroupPressure, GroupStats, IoCounters, LimitReading, PressureResource } from "../types.ts";
import type { OomVictim } from "../watch/oom-victims.ts";

/** Counters at one moment. Two of them make {@link Rates}. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly stats: GroupStats;
  readonly signals: GroupSignals;
  readonly pressure: GroupPressure;
}

/** What happened between two moments. */
export interface Rates {
  readonly seconds: number;
  /** CPUs in use: 1.5 is one and a half. */
  readonly cpus: number;
  /** Part of the periods in which the quota was used up, 0 … 1; absent without any period. */
  readonly throttledShare?: number;
  /** Seconds of waiting, of all CPUs together, for each second. */
  readonly throttledTime: number;
  /** Part of the time that some or all tasks waited, 0 … 1. */
  readonly pressure: Partial<Readonly<Record<PressureResource, { readonly some: number; readonly full: number }>>>;
  /** Counts of {@link GroupSignals}. */
  readonly oomKills: number;
  readonly memoryMax: number;
  readonly memoryHigh: number;
  readonly pidsMax: number;
  /** A second. */
  readonly io?: IoCounters;
}

export interface ProcessFacts {
  readonly pid: number;
  readonly name: string;
  /** Bytes. */
  readonly memory: number;
  readonly oomScoreAdj: number;
  /** The kernel's own figure: who has most dies first. */
  readonly oomScore: number;
}

/** What keeps processes from going on, although no limit of the group does. */
export interface ProcessTroubles {
  /** How many were looked at. */
  readonly looked: number;
  /** By SIGSTOP and its like, or by a debugger; the first process of the group first. */
  readonly stopped: readonly {
    readonly pid: number;
    readonly name: string;
    readonly isFirst: boolean;
    readonly byDebugger: boolean;
  }[];
  /** With as many files open as they may. */
  readonly outOfFiles: readonly {
    readonly pid: number;
    readonly name: string;
    readonly open: number;
    readonly limit: number;
  }[];
}

/** A group above, the nearest first. */
export interface GroupAbove {
  readonly path: string;
  readonly memory?: { readonly limit: number; readonly usage: number; readonly file: string };
  readonly pids?: { readonly limit: number; readonly usage: number; readonly refused: number; readonly file: string };
  readonly cpu?: {
    readonly cpus: number;
    /** Of the periods that were counted: since the group was made, unless it was looked at twice. */
    readonly throttledShare: number;
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly file: string;
  };
}

export interface HostFacts {
  readonly mode: CgroupMode;
  readonly cpus: number;
  /** Bytes. */
  readonly memoryTotal: number;
  readonly memoryAvailable: number;
  readonly swapTotal: number;
  readonly pressure: GroupPressure;
}

/** How a container ended. The engine knows it; the cgroup does not. */
export interface ExitFacts {
  readonly code: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** What a user of the engine asked for before: nothing, a stop, or a signal. */
  readonly asked: "nothing" | "stop" | "kill";
  /** The stop signal was ignored for so long that SIGKILL followed. Seconds. */
  readonly stopTimeout?: number;
}

/** What is known of the program beside its group. The engine knows it. */
export interface ProgramFacts {
  /** Limits of each process that were given, by their names of getrlimit(2); −1 is unlimited. */
  readonly ulimits: Readonly<Record<string, { readonly soft: number; readonly hard: number }>>;
  readonly readOnlyRoot: boolean;
  /** Times that it was started anew in a row, each time after a short life; 11 for more than ten. */
  readonly restarts: number;
  /** What it wrote at its end, oldest line first; and the file that it is in. */
  readonly lastWords: readonly string[];
  readonly log: string;
}

export interface Facts {
  readonly id: string;
  /** Name of the container, for commands. */
  readonly name: string;
  readonly path: string;
  readonly time: number;
  readonly host: HostFacts;
  readonly limits: readonly LimitReading[];
  readonly stats: GroupStats;
  readonly signals: GroupSignals;
  readonly pressure: GroupPressure;
  /** Of the time that was looked at; of the whole life for a container that has ended. */
  readonly rates?: Rates;
  /** As far as the kernel's log can be read. */
  readonly victims: readonly OomVictim[];
  /** The largest first. */
  readonly processes: readonly ProcessFacts[];
  /** Of one that runs. */
  readonly troubles?: ProcessTroubles;
  readonly above: readonly GroupAbove[];
  /** Files that the figures are from, for evidence. */
  readonly files: Readonly<Record<"cpuStat" | "memoryEvents" | "pidsEvents" | "groupEvents" | "pressure", string>>;
  readonly exit?: ExitFacts;
  readonly program?: ProgramFacts;
}

/** `killed`: it, or a part of it, was ended; `failing`: it gets errors; `slow`: it waits; `notice`: worth to know. */
export type Severity = "killed" | "failing" | "slow" | "notice";

export interface Evidence {
  readonly file: string;
  readonly value: string;
  /** What the value means, as a part of a sentence. */
  readonly meaning: string;
}

export interface Fix {
  readonly text: string;
  readonly command?: string;
}

export interface Finding {
  /** One sentence. */
  readonly title: string;
  readonly explanation: string;
  readonly evidence: readonly Evidence[];
  readonly fixes: readonly Fix[];
  /** How often, where it is counted. */
  readonly count?: number;
  /** Milliseconds since 1970, where it is known. */
  readonly since?: number;
}

export interface Verdict extends Finding {
  /** Stable, for programs. */
  readonly code: string;
  readonly severity: Severity;
}

/** One thing that can be the matter. */
export interface Cause {
  readonly code: string;
  readonly severity: Severity;
  /** Undefined when the facts do not speak for it. */
  readonly find: (facts: Facts) => Finding | undefined;
}
