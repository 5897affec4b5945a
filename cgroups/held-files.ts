/** Groups whose files stay open between two looks, those that were looked at last. */
import { HeldGroup } from "./held-group.ts";
import type { GroupTree } from "./tree.ts";

/** Each group has up to sixteen open files: below the 4096 that a process of root may have at least. */
const MOST_GROUPS = 150;

export class HeldFiles {
  readonly #tree: GroupTree;
  /** The group that was used last is the last. */
  readonly #groups = new Map<string, HeldGroup>();

  constructor(tree: GroupTree) {
    this.#tree = tree;
  }

  /** Look it up anew for each look: it may have been released since. */
  of(id: string): HeldGroup {
    const group = this.#groups.get(id) ?? new HeldGroup(this.#tree, id);
    this.#groups.delete(id);
    this.#groups.set(id, group);
    if (this.#groups.size > MOST_GROUPS) {
      const [oldest] = this.#groups.keys();
      if (oldest !== undefined) this.release(oldest);
    }
    return group;
  }

  /** Closes what is open of a group. */
  release(id: string): void {
    this.#groups.get(id)?.close();
    this.#groups.delete(id);
  }
}
