/** Counts what the kernel's OOM killer did to a group. */
import { descendants } from "./processes.ts";
import type { GroupTree } from "./tree.ts";

/**
 * Processes of the group that were killed for lack of memory since it was made, whoever's limit it was. The counter has
 * risen by the time the exit of the killed process is seen. 0 without a memory controller, or when the group is gone.
 */
export function countOomKills(tree: GroupTree, id: string): number {
  const { files, controllers } = tree.host;
  const directory = tree.controllerDirectory("memory", id);
  if (directory === undefined || !files.exists(directory)) return 0;
  if (controllers.get("memory")?.version === 2) return counter(files.read(`${directory}/memory.events`), "oom_kill");
  // v1 counts each group alone; v2 includes the groups below.
  return [...descendants(files, directory), directory]
    .map((group) => counter(files.read(`${group}/memory.oom_control`), "oom_kill"))
    .reduce((sum, kills) => sum + kills, 0);
}

/** The number after a key at the start of a line: files of «flat keyed» format. 0 when the kernel does not count it. */
export function counter(text: string, key: string): number {
  const start = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `) + 1;
  if (start === 0 && !text.startsWith(`${key} `)) return 0;
  return Number.parseInt(text.slice(start + key.length + 1), 10);
}
