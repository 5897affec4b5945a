/**
 * Limits as values. Everywhere: absent means «leave as it is» (at creation: no limit), `"max"` means no limit, a number
 * is the limit. Conversion to what cgroup v1 and v2 write happens in the drivers alone.
 */

export type Maximum = number | "max";

export interface Limits {
  /** Bytes of memory. */
  readonly memory?: Maximum;
  /** Bytes of memory and swap together, Docker's `--memory-swap`. */
  readonly memorySwap?: Maximum;
  /** Bytes; protection under pressure (v2 memory.low, v1 soft limit). */
  readonly memoryReservation?: number;
  /** CPUs as a number, 0.5 is half a CPU: quota over a period of `cpuPeriod`. */
  readonly cpus?: Maximum;
  /** Microseconds in which the quota is counted; 100 000 when absent. */
  readonly cpuPeriod?: number;
  /** Docker's shares, 2 … 262144, default 1024. */
  readonly cpuShares?: number;
  /** A list such as `0-2,4`. */
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  /** Processes and threads. */
  readonly pids?: Maximum;
  /** −1000 … 1000. Not a cgroup file: the OCI runtime sets it on the first process. */
  readonly oomScoreAdj?: number;
}

/** One limit as it is in force, read back from the kernel. */
export interface LimitReading {
  /** Field of {@link Limits}. */
  readonly limit: keyof Limits;
  /** What was asked, undefined when it was not. */
  readonly asked: Maximum | string | undefined;
  /** What the kernel enforces now. */
  readonly enforced: Maximum | string;
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
  /** Tasks, now. */
  readonly pids: number;
  readonly oomKills: number;
}

/** A group that was made. */
export interface Cgroup {
  readonly id: string;
  /** Within every hierarchy: `/ctr/<id>`. */
  readonly path: string;
  /** Its directories, one a hierarchy: a process belongs into each of them. */
  readonly directories: readonly string[];
}
