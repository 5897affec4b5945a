/** The processes of a group, and of all groups below it. */
import { hasCode } from "../lib/errors.ts";
import type { KernelFiles } from "./files.ts";

/** The directories below one, deepest first. Gone is empty. */
export function descendants(files: KernelFiles, directory: string): string[] {
  let names: string[];
  try {
    names = files.directories(directory);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENODEV")) return [];
    throw error;
  }
  return names.flatMap((name) => {
    const child = `${directory}/${name}`;
    return [...descendants(files, child), child];
  });
}

/**
 * Pids of all processes in these directories and below them, ascending. A process that exists in several hierarchies
 * counts once; those of a pid namespace that we cannot see are left out.
 */
export function processesIn(files: KernelFiles, directories: readonly string[]): number[] {
  const pids = new Set<number>();
  for (const top of directories) {
    for (const directory of [...descendants(files, top), top]) {
      for (const pid of pidsOf(files, directory)) pids.add(pid);
    }
  }
  pids.delete(0);
  return [...pids].sort((a, b) => a - b);
}

function pidsOf(files: KernelFiles, directory: string): number[] {
  try {
    return files.read(`${directory}/cgroup.procs`).split("\n").filter(Boolean).map(Number);
  } catch (error) {
    // EOPNOTSUPP: a threaded group of v2, whose processes are listed in the domain above it.
    if (hasCode(error, "ENOENT", "ENODEV", "EOPNOTSUPP")) return [];
    throw error;
  }
}
