/** CPU time of the whole host: what Docker's percentages are of. */
import { readFileSync } from "node:fs";

export interface HostCpu {
  /** Nanoseconds that all CPUs of the host have spent since boot, idle too. */
  readonly time: number;
  readonly cpus: number;
}

/** Nanoseconds of a clock tick: USER_HZ is 100 on every Linux architecture. */
const TICK = 10_000_000;

export const readHostCpu = (): HostCpu => parseHostCpu(readFileSync("/proc/stat", "latin1"));

/** The first line of /proc/stat holds the ticks of all CPUs together, see proc_stat(5). For tests. */
export function parseHostCpu(stat: string): HostCpu {
  const end = stat.indexOf("\n");
  // user, nice, system, idle, iowait, irq, softirq; stolen time is not counted, as in Docker, and guest time is in user.
  const ticks = stat.slice(0, end).trim().split(/\s+/).slice(1, 8).map(Number);
  return {
    time: ticks.reduce((sum, value) => sum + value, 0) * TICK,
    cpus: stat.match(/^cpu\d/gm)?.length ?? 0,
  };
}
