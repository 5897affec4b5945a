/** Counts what the kernel's OOM killer did to a group. */
import { hasCode } from "../lib/errors.ts";
import { counter } from "./keyed.ts";
import { descendants } from "./processes.ts";
import type { GroupTree } from "./tree.ts";

/** Reads a file whole; lets callers that read often keep files open. */
export type ReadFile = (path: string) => string;

/**
 * Processes of the group that were killed for lack of memory since it was made, whoever's limit it was. The counter has
 * risen by the time the exit of the killed process is seen. 0 without a memory controller, or when the group is gone.
 * @param hasGroups tells for a directory whether there are groups in it, where that is cheaper to find out than by a look
 */
export function countOomKills(
  tree: GroupTree,
  id: string,
  read: ReadFile = (path) => tree.host.files.read(path),
  hasGroups: (directory: string) => boolean = () => true,
): number {
  const directory = tree.controllerDirectory("memory", id);
  if (directory === undefined) return 0;
  const file = tree.host.controllers.get("memory")?.version === 2 ? "memory.events" : "memory.oom_control";
  // v1 counts each group alone; v2 includes the groups below.
  const below = file === "memory.events" || !hasGroups(directory) ? [] : descendants(tree.host.files, directory);
  let kills = 0;
  for (const group of [...below, directory]) {
    try {
      kills += counter(read(`${group}/${file}`), "oom_kill");
    } catch (error) {
      if (!hasCode(error, "ENOENT", "ENODEV")) throw error;
    }
  }
  return kills;
}
