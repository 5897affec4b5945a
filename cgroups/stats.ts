/** Counters of a group: about ten small files, which stay open between samples. */
import { hasCode, notFound } from "../lib/errors.ts";
import type { HeldFiles, Place } from "./held-files.ts";
import { readIo } from "./io-stats.ts";
import { counter } from "./keyed.ts";
import { countOomKills } from "./oom.ts";
import type { GroupTree } from "./tree.ts";
import type { GroupStats } from "./types.ts";

type CpuStats = Pick<
  GroupStats,
  "cpuUsage" | "cpuUser" | "cpuSystem" | "cpuPeriods" | "cpuThrottledPeriods" | "cpuThrottledTime"
>;
type MemoryStats = Pick<GroupStats, "memoryUsage" | "memoryInactiveFile" | "swapUsage">;

/** Counters that are not always shown; each costs a file or two. CPU time, memory and tasks are always read. */
export const STATS_PARTS = ["throttling", "peak", "io", "kills"] as const;
export type StatsPart = (typeof STATS_PARTS)[number];

/** Counters of some parts. */
export type SomeStats = Pick<
  GroupStats,
  "cpuUsage" | "cpuUser" | "cpuSystem" | "memoryUsage" | "memoryInactiveFile" | "swapUsage" | "pids"
> &
  Partial<GroupStats>;

const ALL: ReadonlySet<StatsPart> = new Set(STATS_PARTS);

/** What a controller that this host does not have counts: nothing. */
const NO_MEMORY: MemoryStats = { memoryUsage: 0, memoryInactiveFile: 0 };

/** Of a group that has used nothing yet, or that is not there. */
export const NO_STATS: GroupStats = {
  cpuUsage: 0,
  cpuUser: 0,
  cpuSystem: 0,
  cpuPeriods: 0,
  cpuThrottledPeriods: 0,
  cpuThrottledTime: 0,
  ...NO_MEMORY,
  memoryPeak: undefined,
  pids: 0,
  oomKills: 0,
};

/** @throws `notFound` when the group is gone */
export const readStats = (tree: GroupTree, id: string, held: HeldFiles): GroupStats =>
  readSomeStats(tree, id, held, ALL) as GroupStats;

/** @throws `notFound` when the group is gone */
export function readSomeStats(tree: GroupTree, id: string, held: HeldFiles, parts: ReadonlySet<StatsPart>): SomeStats {
  try {
    return {
      ...readCpuTime(tree, id, held),
      ...(parts.has("throttling") ? readThrottling(tree, id, held) : {}),
      ...readMemory(tree, id, held),
      ...(parts.has("peak") ? { memoryPeak: readPeak(tree, id, held) } : {}),
      ...(parts.has("io") ? readIo(tree, id, held) : {}),
      pids: tree.host.controllers.has("pids") ? numberIn(held, id, "pids", "pids.current") : 0,
      ...(parts.has("kills") ? { oomKills: countOomKills(tree, id, held) } : {}),
    };
  } catch (error) {
    held.release(id);
    if (hasCode(error, "ENOENT", "ENODEV")) throw gone(tree, id);
    throw error;
  }
}

const gone = (tree: GroupTree, id: string): Error =>
  notFound(`no such cgroup: ${tree.pathOf(id)}`, "CTR_CGROUP_NOT_FOUND");

/** The v2 group counts time without any controller, in one file; v1 has a file for each figure. */
function readCpuTime(
  { host }: GroupTree,
  id: string,
  held: HeldFiles,
): Pick<CpuStats, "cpuUsage" | "cpuUser" | "cpuSystem"> {
  if (host.unified !== undefined) {
    const text = held.read(id, "unified", "cpu.stat");
    return {
      cpuUsage: counter(text, "usage_usec") * 1000,
      cpuUser: counter(text, "user_usec") * 1000,
      cpuSystem: counter(text, "system_usec") * 1000,
    };
  }
  if (!host.controllers.has("cpuacct")) return { cpuUsage: 0, cpuUser: 0, cpuSystem: 0 };
  return {
    cpuUsage: numberIn(held, id, "cpuacct", "cpuacct.usage"),
    cpuUser: numberIn(held, id, "cpuacct", "cpuacct.usage_user"),
    cpuSystem: numberIn(held, id, "cpuacct", "cpuacct.usage_sys"),
  };
}

function readThrottling(
  { host }: GroupTree,
  id: string,
  held: HeldFiles,
): Omit<CpuStats, "cpuUsage" | "cpuUser" | "cpuSystem"> {
  const text = host.controllers.has("cpu") ? held.read(id, "cpu", "cpu.stat") : "";
  return {
    cpuPeriods: counter(text, "nr_periods"),
    cpuThrottledPeriods: counter(text, "nr_throttled"),
    // v1 counts nanoseconds, v2 microseconds; each has only its own key.
    cpuThrottledTime: counter(text, "throttled_time") + counter(text, "throttled_usec") * 1000,
  };
}

function readMemory({ host }: GroupTree, id: string, held: HeldFiles): MemoryStats {
  const memory = host.controllers.get("memory");
  if (memory === undefined) return NO_MEMORY;
  const stat = held.read(id, "memory", "memory.stat");
  if (memory.version === 1) {
    return {
      memoryUsage: numberIn(held, id, "memory", "memory.usage_in_bytes"),
      memoryInactiveFile: counter(stat, "total_inactive_file"),
      ...(host.swapAccounting ? { swapUsage: counter(stat, "total_swap") } : {}),
    };
  }
  const swap = held.readOptional(id, "memory", "memory.swap.current");
  return {
    memoryUsage: numberIn(held, id, "memory", "memory.current"),
    memoryInactiveFile: counter(stat, "inactive_file"),
    ...(swap === undefined ? {} : { swapUsage: Number(swap) }),
  };
}

function readPeak({ host }: GroupTree, id: string, held: HeldFiles): number | undefined {
  const memory = host.controllers.get("memory");
  if (memory === undefined) return undefined;
  if (memory.version === 1) return numberIn(held, id, "memory", "memory.max_usage_in_bytes");
  const peak = held.readOptional(id, "memory", "memory.peak");
  return peak === undefined ? undefined : Number(peak);
}

const numberIn = (held: HeldFiles, id: string, place: Place, file: string): number =>
  Number(held.read(id, place, file));
