/** Counters of a group: about ten small files, which stay open between samples. */
import { hasCode, notFound } from "../lib/errors.ts";
import type { HeldFiles } from "./held-files.ts";
import { readIo } from "./io-stats.ts";
import { counter } from "./keyed.ts";
import { countOomKills, type ReadFile } from "./oom.ts";
import type { GroupTree } from "./tree.ts";
import type { GroupStats } from "./types.ts";

type CpuStats = Pick<
  GroupStats,
  "cpuUsage" | "cpuUser" | "cpuSystem" | "cpuPeriods" | "cpuThrottledPeriods" | "cpuThrottledTime"
>;
type MemoryStats = Pick<GroupStats, "memoryUsage" | "memoryPeak" | "memoryInactiveFile" | "swapUsage">;

/** What a controller that this host does not have counts: nothing. */
const NO_MEMORY: MemoryStats = { memoryUsage: 0, memoryPeak: undefined, memoryInactiveFile: 0 };

/** Of a group that has used nothing yet, or that is not there. */
export const NO_STATS: GroupStats = {
  cpuUsage: 0,
  cpuUser: 0,
  cpuSystem: 0,
  cpuPeriods: 0,
  cpuThrottledPeriods: 0,
  cpuThrottledTime: 0,
  ...NO_MEMORY,
  pids: 0,
  oomKills: 0,
};

/** @throws `notFound` when the group is gone */
export function readStats(tree: GroupTree, id: string, held: HeldFiles): GroupStats {
  const read: ReadFile = (path) => held.read(id, path);
  try {
    return {
      ...readCpuTime(tree, id, read),
      ...readThrottling(tree, id, read),
      ...readMemory(tree, id, held),
      ...readIo(tree, id, held),
      pids: readPids(tree, id, read),
      oomKills: countOomKills(tree, id, read, (directory) => held.hasGroups(id, directory) ?? false),
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
  tree: GroupTree,
  id: string,
  read: ReadFile,
): Pick<CpuStats, "cpuUsage" | "cpuUser" | "cpuSystem"> {
  const unified = tree.unifiedDirectory(id);
  if (unified !== undefined) {
    const text = read(`${unified}/cpu.stat`);
    return {
      cpuUsage: counter(text, "usage_usec") * 1000,
      cpuUser: counter(text, "user_usec") * 1000,
      cpuSystem: counter(text, "system_usec") * 1000,
    };
  }
  const directory = tree.controllerDirectory("cpuacct", id);
  if (directory === undefined) return { cpuUsage: 0, cpuUser: 0, cpuSystem: 0 };
  return {
    cpuUsage: numberIn(read, `${directory}/cpuacct.usage`),
    cpuUser: numberIn(read, `${directory}/cpuacct.usage_user`),
    cpuSystem: numberIn(read, `${directory}/cpuacct.usage_sys`),
  };
}

function readThrottling(
  tree: GroupTree,
  id: string,
  read: ReadFile,
): Omit<CpuStats, "cpuUsage" | "cpuUser" | "cpuSystem"> {
  const directory = tree.controllerDirectory("cpu", id);
  const text = directory === undefined ? "" : read(`${directory}/cpu.stat`);
  return {
    cpuPeriods: counter(text, "nr_periods"),
    cpuThrottledPeriods: counter(text, "nr_throttled"),
    // v1 counts nanoseconds, v2 microseconds; each has only its own key.
    cpuThrottledTime: counter(text, "throttled_time") + counter(text, "throttled_usec") * 1000,
  };
}

function readMemory(tree: GroupTree, id: string, held: HeldFiles): MemoryStats {
  const directory = tree.controllerDirectory("memory", id);
  if (directory === undefined) return NO_MEMORY;
  const read: ReadFile = (path) => held.read(id, path);
  const stat = read(`${directory}/memory.stat`);
  if (tree.host.controllers.get("memory")?.version === 1) {
    const memoryUsage = numberIn(read, `${directory}/memory.usage_in_bytes`);
    const swap = tree.host.swapAccounting ? { swapUsage: counter(stat, "total_swap") } : {};
    return {
      memoryUsage,
      memoryPeak: numberIn(read, `${directory}/memory.max_usage_in_bytes`),
      memoryInactiveFile: counter(stat, "total_inactive_file"),
      ...swap,
    };
  }
  const peak = held.readOptional(id, `${directory}/memory.peak`);
  const swap = held.readOptional(id, `${directory}/memory.swap.current`);
  return {
    memoryUsage: numberIn(read, `${directory}/memory.current`),
    memoryPeak: peak === undefined ? undefined : Number(peak),
    memoryInactiveFile: counter(stat, "inactive_file"),
    ...(swap === undefined ? {} : { swapUsage: Number(swap) }),
  };
}

function readPids(tree: GroupTree, id: string, read: ReadFile): number {
  const directory = tree.controllerDirectory("pids", id);
  return directory === undefined ? 0 : numberIn(read, `${directory}/pids.current`);
}

const numberIn = (read: ReadFile, path: string): number => Number(read(path));
