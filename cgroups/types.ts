/**
 * Limits as values. Everywhere: absent means «leave as it is» (at creation: no limit), `"max"` means no limit, a number
 * is the limit. Conversion to what cgroup v1 and v2 write happens in the table's rules alone.
 */

export type Maximum = number | "max";

/** A limit that belongs to one block device. */
export interface DeviceLimit {
  /** A path such as `/dev/sda`, or `major:minor`. A partition stands for its disk, as the kernel limits whole disks. */
  readonly device: string;
  /** Bytes or operations a second, or a weight 10 … 1000; `max` for none. */
  readonly value: Maximum;
}

export interface Limits {
  /** Bytes of memory. */
  readonly memory?: Maximum;
  /** Bytes of memory and swap together, Docker's `--memory-swap`. */
  readonly memorySwap?: Maximum;
  /** Bytes of swap alone. Instead of `memorySwap`. */
  readonly swap?: Maximum;
  /** Bytes; above it the kernel slows the group down and takes memory back, and kills nobody. cgroup v2. */
  readonly memoryHigh?: Maximum;
  /** Bytes; protection under pressure (v2 memory.low, v1 soft limit). 0 is none. */
  readonly memoryReservation?: number;
  /** 0 … 100: how readily anonymous memory is swapped out. cgroup v1. */
  readonly memorySwappiness?: number;
  /** Processes wait instead of being killed when memory runs out. cgroup v1. */
  readonly oomKillDisable?: boolean;
  /** All processes of the group are killed together, or none. cgroup v2. */
  readonly oomGroup?: boolean;
  /** CPUs as a number, 0.5 is half a CPU: quota over a period of `cpuPeriod`. */
  readonly cpus?: Maximum;
  /** Microseconds in which the quota is counted; 100 000 when absent. */
  readonly cpuPeriod?: number;
  /** Docker's shares, 2 … 262144, default 1024. */
  readonly cpuShares?: number;
  /** Microseconds of realtime scheduling in each `cpuRealtimePeriod`. cgroup v1 with CONFIG_RT_GROUP_SCHED. */
  readonly cpuRealtimeRuntime?: number;
  /** Microseconds. */
  readonly cpuRealtimePeriod?: number;
  /** A list such as `0-2,4`; empty for all that the group above has. */
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  /** Processes and threads. */
  readonly pids?: Maximum;
  /** 10 … 1000 against other groups; `max` for the kernel's own weight. */
  readonly blkioWeight?: Maximum;
  /** For these five the list is the whole truth: a device that it does not name is not limited. */
  readonly blkioWeightDevice?: readonly DeviceLimit[];
  readonly deviceReadBps?: readonly DeviceLimit[];
  readonly deviceWriteBps?: readonly DeviceLimit[];
  readonly deviceReadIops?: readonly DeviceLimit[];
  readonly deviceWriteIops?: readonly DeviceLimit[];
  /** Any other file of the group by its name; an empty text puts the kernel's own value back. */
  readonly conf?: Readonly<Record<string, string>>;
  /** −1000 … 1000. Not a cgroup file: the OCI runtime sets it on the first process. */
  readonly oomScoreAdj?: number;
}

export type LimitField = keyof Limits;

/** While they are put together. */
export type MutableLimits = { -readonly [Field in keyof Limits]: Limits[Field] };

/** What one limit can be. */
export type LimitValue = NonNullable<Limits[LimitField]>;

/** Who decides over what is enforced: the user's flag, our default, a group above with less, or the machine. */
export type LimitOrigin = "flag" | "default" | "parent" | "host";

/** One limit as it is in force, read back from the kernel. */
export interface LimitReading {
  /** Field of {@link Limits}. */
  readonly limit: LimitField;
  /** What was asked, undefined when it was not. */
  readonly asked: LimitValue | undefined;
  /** What the group's own file says, in the unit of the limit. */
  readonly enforced: LimitValue;
  readonly origin: LimitOrigin;
  /** A group above that has less, and so decides. */
  readonly boundBy?: { readonly group: string; readonly value: Maximum; readonly file: string };
  /** Present use in the unit of the limit; undefined where the kernel does not count it. */
  readonly usage?: number;
  readonly peak?: number;
  /** The file that was read. */
  readonly file: string;
  /** The file's content, trimmed. */
  readonly value: string;
}

/** Counters of a group at one moment. All cumulative but those named current. */
export interface GroupStats {
  /** Nanoseconds. */
  readonly cpuUsage: number;
  readonly cpuUser: number;
  readonly cpuSystem: number;
  readonly cpuPeriods: number;
  readonly cpuThrottledPeriods: number;
  /** Nanoseconds. */
  readonly cpuThrottledTime: number;
  /** Bytes, now. */
  readonly memoryUsage: number;
  /** Bytes; the kernel may not know. */
  readonly memoryPeak: number | undefined;
  /** Bytes of `memoryUsage` that the kernel can drop at once (inactive file cache). */
  readonly memoryInactiveFile: number;
  /** Bytes in swap, now; undefined where swap is not counted. */
  readonly swapUsage?: number;
  /** Tasks, now. */
  readonly pids: number;
  readonly oomKills: number;
  /** Bytes and operations, of all block devices together. */
  readonly io?: IoCounters;
}

export interface IoCounters {
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly reads: number;
  readonly writes: number;
}

/** How much time was lost waiting for a resource. */
export interface Stall {
  /** Per cent of the last 10, 60 and 300 s. */
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  /** Microseconds since the group was made. */
  readonly total: number;
}

/** `some`: at least one task waited; `full`: all of them did, so that nothing was done. */
export interface Pressure {
  readonly some: Stall;
  readonly full: Stall;
}

export type PressureResource = "cpu" | "memory" | "io";

/** Absent where the kernel does not measure it (psi=0, or a host without a v2 tree). */
export type GroupPressure = Partial<Readonly<Record<PressureResource, Pressure>>>;

/** A group that was made. */
export interface Cgroup {
  readonly id: string;
  /** Within every hierarchy: `/ctr/<id>`. */
  readonly path: string;
  /** Its directories, one a hierarchy: a process belongs into each of them. */
  readonly directories: readonly string[];
}
