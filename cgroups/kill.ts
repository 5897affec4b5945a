/** Ends every process of a group, however fast it forks. */
import { setTimeout as delay } from "node:timers/promises";
import { hasCode, systemFailure } from "../lib/errors.ts";
import { signalProcess } from "../lib/system/process.ts";
import { PATIENCE, waitForEvent } from "./events.ts";
import { isFrozenByFreezer, setFrozen } from "./freeze.ts";
import { processesIn } from "./processes.ts";
import type { GroupTree } from "./tree.ts";

/**
 * Resolves when no process is left. Frozen groups are killed as well; a group that is gone has none.
 * @throws `system` when processes outlive SIGKILL, with their pids
 */
export async function killGroup(tree: GroupTree, id: string): Promise<void> {
  const unified = tree.unifiedDirectory(id);
  if (unified !== undefined && killAtOnce(tree, unified)) {
    // Others may have frozen it by the freezer of v1, which lets SIGKILL act only after it thaws.
    if (isFrozenByFreezer(tree, id)) await setFrozen(tree, id, false).catch(() => {});
    await waitForEvent(tree.host.files, unified, "populated", 0);
  }
  if (processesIn(tree.host.files, tree.directoriesOf(id)).length > 0) await killOneByOne(tree, id);
}

/** cgroup.kill (Linux 5.14) reaches also what is forked meanwhile. */
function killAtOnce(tree: GroupTree, unified: string): boolean {
  try {
    tree.host.files.write(`${unified}/cgroup.kill`, "1");
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENODEV")) return false;
    throw error;
  }
}

/**
 * For older kernels, and for processes that are in some hierarchies only. Frozen first, so that none can fork; a v1
 * freezer lets SIGKILL act only after it thaws. A freeze that fails only makes this slower.
 */
async function killOneByOne(tree: GroupTree, id: string): Promise<void> {
  const { files } = tree.host;
  const deadline = performance.now() + PATIENCE;
  const canFreeze = tree.host.unified !== undefined || tree.host.controllers.has("freezer");
  for (let pause = 1; ; pause = Math.min(pause * 2, 100)) {
    if (canFreeze) await setFrozen(tree, id, true).catch(() => {});
    for (const pid of processesIn(files, tree.directoriesOf(id))) signalProcess(pid, "SIGKILL");
    if (canFreeze) await setFrozen(tree, id, false).catch(() => {});
    const left = processesIn(files, tree.directoriesOf(id));
    if (left.length === 0) return;
    if (performance.now() > deadline) throw outlived(tree.pathOf(id), left);
    await delay(pause);
  }
}

const outlived = (path: string, pids: readonly number[]): Error =>
  systemFailure(`processes of the cgroup ${path} outlive SIGKILL: ${pids.join(", ")}`, {
    code: "CTR_CGROUP_KILL_TIMEOUT",
    hint: "look at their state: D in ps means that they wait for a device or a file server",
  });
