/** Makes a group with its limits in force, before any process is in it. */
import { conflict } from "../lib/errors.ts";
import { applyPlan } from "./apply.ts";
import { freshGroup } from "./group-files.ts";
import type { Hierarchy } from "./host.ts";
import { planChange } from "./plan.ts";
import { descendants, processesIn } from "./processes.ts";
import type { GroupTree } from "./tree.ts";
import type { Limits } from "./types.ts";

/**
 * A group of that name that a crash left behind is taken over when it is empty.
 * @throws `conflict` when processes live in such a group. Whatever was made is removed again.
 */
export function makeGroup(tree: GroupTree, id: string, limits: Limits): void {
  const { host } = tree;
  using undo = new DisposableStack();
  for (const hierarchy of host.hierarchies) {
    if (!tree.make(hierarchy, id)) takeOver(tree, hierarchy, id);
    undo.defer(() => host.files.removeDirectory(tree.directoryOf(hierarchy, id)));
  }
  const group = freshGroup(host.files, (hierarchy) => tree.directoryOf(hierarchy, id));
  applyPlan(host.files, planChange(host, group, limits));
  undo.move();
}

/** A left-over may hold limits of its former life: an empty one is made anew. @throws `conflict` */
function takeOver(tree: GroupTree, hierarchy: Hierarchy, id: string): void {
  const { files } = tree.host;
  const directory = tree.directoryOf(hierarchy, id);
  const pids = processesIn(files, [directory]);
  if (pids.length > 0) {
    throw conflict(`the cgroup ${directory} exists, and processes live in it: ${pids.join(", ")}`, {
      code: "CTR_CGROUP_BUSY",
      hint: "kill and remove that group first",
    });
  }
  for (const group of [...descendants(files, directory), directory]) files.removeDirectory(group);
  tree.make(hierarchy, id);
}

/** The text of a file as a new group has it, seen in a group that is made for that and removed. */
export function initialText(tree: GroupTree, file: string): string | undefined {
  const id = `probe-${process.pid}`;
  const [hierarchy] = tree.host.hierarchies.filter(({ directory, controllers, version }) => {
    const prefix = file.split(".")[0] ?? "";
    return directory !== "" && (controllers.includes(prefix) || (prefix === "cgroup" && version === 2));
  });
  if (hierarchy === undefined) return undefined;
  tree.make(hierarchy, id);
  try {
    return tree.host.files.read(`${tree.directoryOf(hierarchy, id)}/${file}`);
  } finally {
    tree.host.files.removeDirectory(tree.directoryOf(hierarchy, id));
  }
}
