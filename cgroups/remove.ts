/** Removes a group: its children first, in every hierarchy, also what a crash left in some of them only. */
import { setTimeout as delay } from "node:timers/promises";
import { conflict, hasCode } from "../lib/errors.ts";
import { waitForEvent } from "./events.ts";
import type { KernelFiles } from "./files.ts";
import { descendants, processesIn } from "./processes.ts";
import type { GroupTree } from "./tree.ts";

/** Milliseconds for processes that are on their way out. */
const LEAVING = 2000;

/**
 * A group that is not there is fine. Waits for processes that are about to exit, and kills none.
 * @throws `conflict` when processes live in it, with their pids; the group then stays
 */
export async function removeGroup(tree: GroupTree, id: string): Promise<void> {
  const deadline = performance.now() + LEAVING;
  // A busy v1 directory tells nobody when it becomes free. Its processes are in the v2 group too, which does.
  const unified = tree.unifiedDirectory(id);
  for (let pause = 1; ; pause = Math.min(pause * 2, 64)) {
    const busy = tree.directoriesOf(id).filter((directory) => !removeTree(tree, directory));
    if (busy.length === 0) return;
    if (performance.now() > deadline) throw stillUsed(tree, id, busy);
    if (unified !== undefined && busy.includes(unified)) {
      await waitForEvent(tree.host.files, unified, "populated", 0, deadline - performance.now());
    }
    await delay(pause);
  }
}

/** @returns false when something lives in it */
function removeTree(tree: GroupTree, directory: string): boolean {
  const { files } = tree.host;
  if (removeEmpty(files, directory)) return true;
  return [...descendants(files, directory), directory].every((group) => removeEmpty(files, group));
}

/** @returns false when something lives in it. One that is not there is fine. */
export function removeEmpty(files: KernelFiles, directory: string): boolean {
  try {
    files.removeDirectory(directory);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return true;
    if (hasCode(error, "EBUSY", "ENOTEMPTY")) return false;
    throw error;
  }
}

function stillUsed(tree: GroupTree, id: string, busy: readonly string[]): Error {
  const pids = processesIn(tree.host.files, busy);
  return conflict(`cannot remove the cgroup ${tree.pathOf(id)}: processes live in it: ${pids.join(", ")}`, {
    code: "CTR_CGROUP_BUSY",
    hint: "kill the group first",
  });
}
