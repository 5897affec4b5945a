/** What is particular to cgroup v1: the order of writes, and groups that must be filled before a process fits in. */
import { dirname } from "node:path";
import type { KernelFiles } from "./files.ts";
import type { Hierarchy } from "./host.ts";
import { fileNumber, type Write } from "./write.ts";

/**
 * Memory comes last: lowering it below the present use is the write that fails most (EBUSY), and a change that fails
 * late shows the least of itself.
 */
export function orderV1(writes: readonly Write[]): Write[] {
  const rest = new Map(writes.map((write) => [write.file, write]));
  const take = (file: string): Write | undefined => {
    const write = rest.get(file);
    rest.delete(file);
    return write;
  };
  const cpu = orderCpu(take("cpu.cfs_period_us"), take("cpu.cfs_quota_us"));
  const memory = orderMemory(take("memory.limit_in_bytes"), take("memory.memsw.limit_in_bytes"));
  return [...rest.values(), ...cpu, ...memory];
}

/**
 * The kernel holds memory + swap ≥ memory at every moment. When the total grows it goes first: the new total is above
 * the old memory, and the new memory below it. When it shrinks, the new memory is below the new total, thus the old.
 */
function orderMemory(memory: Write | undefined, total: Write | undefined): Write[] {
  if (memory === undefined || total === undefined) return present(memory, total);
  return grows(total) ? [total, memory] : [memory, total];
}

/**
 * A group's share of time, quota ÷ period, may never be above its parent's. A longer period first makes the share
 * smaller; before a shorter one the quota is written, which ends below the new share.
 */
function orderCpu(period: Write | undefined, quota: Write | undefined): Write[] {
  if (period === undefined || quota === undefined) return present(period, quota);
  return grows(period) ? [period, quota] : [quota, period];
}

const present = (...writes: readonly (Write | undefined)[]): Write[] => writes.filter((write) => write !== undefined);

const grows = ({ value, previous = "" }: Write): boolean => fileNumber(value) >= fileNumber(previous);

/**
 * A new cpuset group of v1 has no CPUs and no memory nodes, and takes no process (ENOSPC). A parent of ours gets what the
 * group above it has, and with clone_children the kernel does the same for every group below.
 */
export function fillCpuset(files: KernelFiles, directory: string): void {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    if (files.read(`${directory}/${file}`) !== "") continue;
    files.write(`${directory}/${file}`, files.read(`${dirname(directory)}/${file}`));
  }
  files.write(`${directory}/cgroup.clone_children`, "1");
}

export const hasCpuset = (hierarchy: Hierarchy): boolean =>
  hierarchy.version === 1 && hierarchy.controllers.includes("cpuset");
