/**
 * cgroup v2 wants processes in leaf groups: a group hands controllers down only while no process is in it. Where groups
 * are made below one that has processes, those move into a leaf of their own first.
 */
import { conflict, hasCode } from "../lib/errors.ts";
import type { KernelFiles } from "./files.ts";
import { enableControllers } from "./v2.ts";

/** Times that the list of processes is read: each fork meanwhile leaves one more behind. */
const ATTEMPTS = 1000;

/**
 * Moves the processes of a group into a leaf below it and hands its controllers down. Limits of the group stay in force
 * for all of them, and what they use stays charged to it.
 * @throws `conflict` when processes are forked faster than they can be moved
 */
export function makeRoom(files: KernelFiles, directory: string, leaf: string): void {
  const target = `${directory}/${leaf}`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      enableControllers(files, directory);
      return;
    } catch (error) {
      if (!hasCode(error, "CTR_CGROUP_BUSY")) throw error;
    }
    if (!files.exists(target)) files.makeDirectory(target);
    for (const pid of files.read(`${directory}/cgroup.procs`).split("\n").filter(Boolean)) move(files, target, pid);
  }
  throw conflict(`cannot make a group below ${directory}: its processes fork faster than they can be moved`, {
    code: "CTR_CGROUP_BUSY",
    hint: "freeze the group first",
  });
}

function move(files: KernelFiles, target: string, pid: string): void {
  try {
    files.write(`${target}/cgroup.procs`, pid);
  } catch (error) {
    // It has ended meanwhile.
    if (!hasCode(error, "ESRCH")) throw error;
  }
}
