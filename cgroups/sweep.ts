/** Groups that nobody owns any more. */
import { descendants, processesIn } from "./processes.ts";
import { removeEmpty } from "./remove.ts";
import type { GroupTree } from "./tree.ts";

/** @returns paths of those that have processes, and so stay */
export function sweepGroups(tree: GroupTree, keep: ReadonlySet<string>): string[] {
  const { files } = tree.host;
  const busy: string[] = [];
  for (const id of tree.list().filter((name) => !keep.has(name))) {
    const directories = tree.directoriesOf(id);
    if (processesIn(files, directories).length > 0) {
      busy.push(tree.pathOf(id));
      continue;
    }
    for (const directory of directories) {
      for (const group of [...descendants(files, directory), directory]) removeEmpty(files, group);
    }
  }
  return busy;
}
