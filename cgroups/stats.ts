/** Counters of a group: about ten small files, which stay open between samples. */
import { hasCode, notFound } from "../lib/errors.ts";
import type { HeldFiles } from "./held-files.ts";
import type { HeldGroup } from "./held-group.ts";
import type { CgroupHost } from "./host.ts";
import { readIo } from "./io-stats.ts";
import { counter } from "./keyed.ts";
import { countOomKills } from "./oom.ts";
import type { Kept } from "./rest.ts";
import type { GroupTree } from "./tree.ts";
import type { GroupStats } from "./types.ts";

type Throttling = Pick<GroupStats, "cpuPeriods" | "cpuThrottledPeriods" | "cpuThrottledTime">;
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
  lookAtStats(tree, id, held).stats;

/** @throws `notFound` when the group is gone */
export const readSomeStats = (tree: GroupTree, id: string, held: HeldFiles, parts: ReadonlySet<StatsPart>): SomeStats =>
  look(tree, id, held, parts).stats;

/** All, and what is kept of them while the group is at rest. @throws `notFound` when the group is gone */
export const lookAtStats = (
  tree: GroupTree,
  id: string,
  held: HeldFiles,
): { readonly stats: GroupStats; readonly kept: Kept } =>
  look(tree, id, held, ALL) as { readonly stats: GroupStats; readonly kept: Kept };

function look(
  tree: GroupTree,
  id: string,
  held: HeldFiles,
  parts: ReadonlySet<StatsPart>,
): { readonly stats: SomeStats; readonly kept: Kept } {
  const { host } = tree;
  const group = held.of(id);
  try {
    const { time, kept } = readCpuTime(host, group);
    const stats: MutableStats = Object.assign(time, readMemory(host, group, kept), {
      pids: readPids(host, group, kept),
    });
    if (parts.has("throttling")) Object.assign(stats, readThrottling(host, group, kept));
    if (parts.has("peak")) Object.assign(stats, readPeak(host, group, kept));
    if (parts.has("io")) Object.assign(stats, readIo(host, group, kept));
    if (parts.has("kills")) {
      kept.oomKills ??= countOomKills(tree, id, group);
      stats.oomKills = kept.oomKills;
    }
    return { stats, kept };
  } catch (error) {
    held.release(id);
    if (hasCode(error, "ENOENT", "ENODEV")) throw gone(tree, id);
    throw error;
  }
}

type MutableStats = { -readonly [Key in keyof SomeStats]: SomeStats[Key] };

const gone = (tree: GroupTree, id: string): Error =>
  notFound(`no such cgroup: ${tree.pathOf(id)}`, "CTR_CGROUP_NOT_FOUND");

type CpuTime = Pick<GroupStats, "cpuUsage" | "cpuUser" | "cpuSystem">;

/** The v2 group counts time without any controller, in one file; v1 has a file for each figure. */
function readCpuTime(host: CgroupHost, group: HeldGroup): { readonly time: CpuTime; readonly kept: Kept } {
  if (host.unified !== undefined) {
    const text = group.read("unified/cpu.stat");
    const time = {
      cpuUsage: counter(text, "usage_usec") * 1000,
      cpuUser: counter(text, "user_usec") * 1000,
      cpuSystem: counter(text, "system_usec") * 1000,
    };
    return { time, kept: group.rest.look(text) };
  }
  // Nobody can tell whether it is at rest: all is read.
  if (!host.controllers.has("cpuacct")) return { time: { cpuUsage: 0, cpuUser: 0, cpuSystem: 0 }, kept: {} };
  const usage = group.read("cpuacct/cpuacct.usage");
  const time = {
    cpuUsage: Number(usage),
    cpuUser: group.number("cpuacct/cpuacct.usage_user"),
    cpuSystem: group.number("cpuacct/cpuacct.usage_sys"),
  };
  return { time, kept: group.rest.look(usage) };
}

function readPids(host: CgroupHost, group: HeldGroup, kept: Kept): number {
  kept.pids ??= host.controllers.has("pids") ? group.number("pids/pids.current") : 0;
  return kept.pids;
}

function readThrottling(host: CgroupHost, group: HeldGroup, kept: Kept): Throttling {
  if (kept.throttling !== undefined) return kept.throttling;
  const text = host.controllers.has("cpu") ? group.read("cpu/cpu.stat") : "";
  kept.throttling = {
    cpuPeriods: counter(text, "nr_periods"),
    cpuThrottledPeriods: counter(text, "nr_throttled"),
    // v1 counts nanoseconds, v2 microseconds; each has only its own key.
    cpuThrottledTime: counter(text, "throttled_time") + counter(text, "throttled_usec") * 1000,
  };
  return kept.throttling;
}

/** While the use of a group at rest is the same, so is what it consists of: memory.stat is the dearest file of all. */
function readMemory(host: CgroupHost, group: HeldGroup, kept: Kept): MemoryStats {
  const memory = host.controllers.get("memory");
  if (memory === undefined) return NO_MEMORY;
  if (memory.version === 1) {
    const memoryUsage = group.number("memory/memory.usage_in_bytes");
    if (kept.memory?.memoryUsage === memoryUsage) return kept.memory;
    const stat = group.read("memory/memory.stat");
    const memoryInactiveFile = counter(stat, "total_inactive_file");
    const swap = host.swapAccounting ? { swapUsage: counter(stat, "total_swap") } : {};
    kept.memory = { memoryUsage, memoryInactiveFile, ...swap };
    return kept.memory;
  }
  const memoryUsage = group.number("memory/memory.current");
  const swapText = group.readOptional("memory/memory.swap.current");
  const swap = swapText === undefined ? {} : { swapUsage: Number(swapText) };
  const isSame = kept.memory?.memoryUsage === memoryUsage && kept.memory.swapUsage === swap.swapUsage;
  if (kept.memory !== undefined && isSame) return kept.memory;
  const memoryInactiveFile = counter(group.read("memory/memory.stat"), "inactive_file");
  kept.memory = { memoryUsage, memoryInactiveFile, ...swap };
  return kept.memory;
}

function readPeak(host: CgroupHost, group: HeldGroup, kept: Kept): Pick<GroupStats, "memoryPeak"> {
  kept.peak ??= { memoryPeak: peakOf(host, group) };
  return kept.peak;
}

function peakOf(host: CgroupHost, group: HeldGroup): number | undefined {
  const memory = host.controllers.get("memory");
  if (memory === undefined) return undefined;
  if (memory.version === 1) return group.number("memory/memory.max_usage_in_bytes");
  const peak = group.readOptional("memory/memory.peak");
  return peak === undefined ? undefined : Number(peak);
}
