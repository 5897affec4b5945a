/** What a container's resources are after an update: what `inspect` shows, and what its next start gets. */
import { rowOf } from "../table/index.ts";
import type { LimitField } from "../types.ts";
import type { DockerResources } from "./resources.ts";

type Mutable = { -readonly [Key in keyof DockerResources]: DockerResources[Key] };

/**
 * Zero and empty values of the change leave what is there. A newer way to say the same replaces the older one (Docker
 * refuses: a container that was made with `--cpus` can never get a `--cpu-quota` there). The total of memory and swap
 * follows a new memory limit where it was Docker's default, twice the memory.
 * @param unset limits to be taken away besides
 */
export function mergeDockerResources(
  present: DockerResources,
  change: DockerResources,
  unset: readonly LimitField[] = [],
): DockerResources {
  const merged: Mutable = { ...present };
  for (const field of unset) delete merged[rowOf(field).hostConfig as keyof DockerResources];
  if (unset.includes("cpus")) dropCpuTime(merged);
  const asked = Object.fromEntries(
    Object.entries(change).filter(([key, value]) => isGiven(key, value)),
  ) as DockerResources;
  if (asked.NanoCpus !== undefined || asked.CpuQuota !== undefined) {
    const { CpuPeriod } = merged;
    dropCpuTime(merged);
    if (asked.NanoCpus === undefined && CpuPeriod) merged.CpuPeriod = CpuPeriod;
  } else if (asked.CpuPeriod !== undefined && merged.NanoCpus) {
    const quota = Math.round((merged.NanoCpus / 1e9) * asked.CpuPeriod);
    dropCpuTime(merged);
    merged.CpuQuota = quota;
  }
  if (asked.Swap !== undefined) delete merged.MemorySwap;
  if (asked.MemorySwap !== undefined) delete merged.Swap;
  Object.assign(merged, asked);
  if (asked.MemorySwap !== undefined) merged.MemorySwapGiven = true;
  if (asked.CgroupConf !== undefined) merged.CgroupConf = mergedConf(present.CgroupConf, asked.CgroupConf);
  followMemory(merged, present, asked);
  if ((merged.MemorySwap ?? 0) <= 0) delete merged.MemorySwapGiven;
  return merged;
}

function dropCpuTime(resources: Mutable): void {
  delete resources.NanoCpus;
  delete resources.CpuPeriod;
  delete resources.CpuQuota;
}

/** Keys for which zero or false is a value; Docker's clients never send ours unasked. */
const ZERO_COUNTS: ReadonlySet<string> = new Set(["Swap", "MemorySwappiness", "OomGroup", "PidsLimit", "OomScoreAdj"]);

function isGiven(key: string, value: unknown): boolean {
  if (value === undefined || value === null || value === "") return false;
  if (key === "MemorySwappiness" && value === -1) return false;
  if (key === "PidsLimit" && value === 0) return false;
  if (key === "OomScoreAdj" && value === 0) return false;
  if (Array.isArray(value)) return value.length > 0;
  return (value !== 0 && value !== false) || ZERO_COUNTS.has(key);
}

function mergedConf(
  present: Readonly<Record<string, string>> = {},
  change: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries({ ...present, ...change }).filter(([, value]) => value !== ""));
}

function followMemory(merged: Mutable, present: DockerResources, asked: DockerResources): void {
  if (asked.Memory === undefined) return;
  if (asked.Memory === -1) delete merged.Memory;
  if (asked.MemorySwap !== undefined || merged.Swap !== undefined) return;
  const { Memory = 0, MemorySwap, MemorySwapGiven = false } = present;
  const wasDefault = !MemorySwap || (MemorySwap === 2 * Memory && !MemorySwapGiven);
  if (asked.Memory === -1) delete merged.MemorySwap;
  else if (wasDefault) merged.MemorySwap = 2 * asked.Memory;
}
