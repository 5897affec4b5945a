/** Counts what the kernel's OOM killer did to a group. */
import { hasCode } from "../lib/errors.ts";
import type { HeldGroup } from "./held-group.ts";
import { counter } from "./keyed.ts";
import { descendants } from "./processes.ts";
import type { GroupTree } from "./tree.ts";

/**
 * Processes of the group that were killed for lack of memory since it was made, whoever's limit it was. The counter has
 * risen by the time the exit of the killed process is seen. 0 without a memory controller, or when the group is gone.
 * @param group where its files stay open between two looks
 */
export function countOomKills(tree: GroupTree, id: string, group?: HeldGroup): number {
  const memory = tree.host.controllers.get("memory");
  if (memory === undefined) return 0;
  const { files } = tree.host;
  // v2 includes the groups below; v1 counts each group alone.
  const isV2 = memory.version === 2;
  const file = isV2 ? "memory.events" : "memory.oom_control";
  const directory = tree.directoryOf(memory, id);
  const own = killsIn(() => (group === undefined ? files.read(`${directory}/${file}`) : group.read(`memory/${file}`)));
  if (isV2 || group?.hasGroups("memory") === false) return own;
  return descendants(files, directory).reduce((sum, group) => sum + killsIn(() => files.read(`${group}/${file}`)), own);
}

function killsIn(read: () => string): number {
  try {
    return counter(read(), "oom_kill");
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENODEV")) return 0;
    throw error;
  }
}
