/**
 * Whether anything has run in a group since it was looked at. While its CPU time, which the kernel counts to the
 * nanosecond, stands still, none of its processes can have been born, ended, asked for memory, been refused or killed: such
 * figures are kept instead of being read again, which is what most of a look at a host with many idle containers costs.
 *
 * Kept are only figures that the group's own processes change. Not so: memory in use and in swap, which the kernel takes
 * back from a group at rest; time lost waiting; with v2 what the kernel writes to disks for the group later.
 */
import type { GroupSignals } from "./signals.ts";
import type { GroupStats } from "./types.ts";

/**
 * Milliseconds that a group is at rest before anything is kept: the kernel counts periods of a CPU limit (a second at most)
 * for a while after the last process has run, and notes memory that each CPU holds in stock.
 */
const SETTLING = 3000;
/** Milliseconds after which everything is read again, whatever else may have changed it. */
const LONGEST = 30_000;

/** Figures of one look; empty when they have to be read. */
export interface Kept {
  throttling?: Pick<GroupStats, "cpuPeriods" | "cpuThrottledPeriods" | "cpuThrottledTime">;
  memory?: Pick<GroupStats, "memoryUsage" | "memoryInactiveFile" | "swapUsage">;
  peak?: { readonly memoryPeak: number | undefined };
  io?: Pick<GroupStats, "io">;
  pids?: number;
  oomKills?: number;
  signals?: GroupSignals;
}

export class Rest {
  #cpuTime = "";
  /** When this CPU time was seen for the first time, and how long what is kept is valid: milliseconds. */
  #since = 0;
  #until = 0;
  #kept: Kept = {};

  /**
   * @param cpuTime content of the file that counts it, as it is now
   * @param now milliseconds, of any clock that goes on evenly
   */
  look(cpuTime: string, now = performance.now()): Kept {
    if (cpuTime !== this.#cpuTime) {
      this.#cpuTime = cpuTime;
      this.#since = now;
      this.#until = 0;
    }
    if (now >= this.#until) {
      this.#kept = {};
      if (now - this.#since >= SETTLING) this.#until = now + LONGEST;
    }
    return this.#kept;
  }

  /** As if the group had not been looked at. */
  forget(): void {
    this.#cpuTime = "";
    this.#until = 0;
  }
}
