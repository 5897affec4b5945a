/** What is particular to cgroup v2: the order of writes, and controllers that every ancestor must hand down. */
import { type CtrError, conflict, hasCode, messageOf, systemFailure } from "../lib/errors.ts";
import type { KernelFiles } from "./files.ts";
import { LIMIT_CONTROLLERS } from "./host.ts";
import { fileNumber, type Write } from "./write.ts";

/** What grows goes first, so that no process meets a limit below both the old and the new one. */
export function orderV2(writes: readonly Write[]): Write[] {
  const grows = ({ value, previous = "" }: Write): boolean => fileNumber(value) >= fileNumber(previous);
  return [...writes.filter(grows), ...writes.filter((write) => !grows(write))];
}

/**
 * v2 answers a memory limit below the present use by killing. So the kernel is asked first to free what is too much
 * (memory.reclaim, Linux 5.19), which fails with EAGAIN when it cannot; v1 refuses by itself.
 * @throws `conflict` on older kernels, when the use is above the new limit
 */
export function reclaimBefore(files: KernelFiles, writes: readonly Write[]): Write[] {
  return writes.flatMap((write) => {
    if (write.file !== "memory.max") return [write];
    const directory = write.path.slice(0, -write.file.length - 1);
    const excess = Number(files.read(`${directory}/memory.current`)) - fileNumber(write.value);
    if (excess <= 0) return [write];
    const path = `${directory}/memory.reclaim`;
    if (files.exists(path)) {
      return [{ path, file: "memory.reclaim", value: String(excess), previous: undefined, row: write.row }, write];
    }
    throw conflict(
      `cannot set the memory limit to ${write.value} bytes: the group uses ${excess} bytes more than that`,
      {
        code: "CTR_LIMIT_REFUSED",
        hint: "stop what uses the memory, or choose a limit above the present use",
      },
    );
  });
}

/** Controllers that our groups get where they are offered. */
const WANTED: readonly string[] = LIMIT_CONTROLLERS;

/**
 * Hands controllers down from a group to the groups below it.
 * @throws `conflict` when processes live in the group itself: v2 wants them in leaves
 */
export function enableControllers(files: KernelFiles, directory: string): void {
  const offered = files.read(`${directory}/cgroup.controllers`).split(" ");
  const enabled = files.read(`${directory}/cgroup.subtree_control`).split(" ");
  const missing = WANTED.filter((name) => offered.includes(name) && !enabled.includes(name));
  if (missing.length === 0) return;
  try {
    files.write(`${directory}/cgroup.subtree_control`, missing.map((name) => `+${name}`).join(" "));
  } catch (error) {
    if (hasCode(error, "EBUSY")) throw processesInside(directory, missing, error);
    enableOneByOne(files, directory, missing);
  }
}

/**
 * One controller may be refused for a reason of its own (cpu while there are realtime processes). The others then still
 * work; a limit that needs the refused one fails later with a missing file.
 */
function enableOneByOne(files: KernelFiles, directory: string, names: readonly string[]): void {
  const failures: unknown[] = [];
  for (const name of names) {
    try {
      files.write(`${directory}/cgroup.subtree_control`, `+${name}`);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length < names.length) return;
  throw systemFailure(`cannot enable ${names.join(", ")} below ${directory}: ${messageOf(failures[0])}`, {
    code: "CTR_CGROUP_ENABLE_FAILED",
    cause: failures[0],
  });
}

const processesInside = (directory: string, names: readonly string[], cause: unknown): CtrError =>
  conflict(`cannot enable ${names.join(", ")} below ${directory}: processes live in that group itself (EBUSY)`, {
    code: "CTR_CGROUP_BUSY",
    hint: "cgroup v2 wants processes in leaf groups: move those of this group into a group below it",
    cause,
  });
