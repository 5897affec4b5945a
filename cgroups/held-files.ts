/**
 * Files of groups that are read again and again. Opening a cgroup file costs twice as much as reading it, so statistics
 * keep theirs open: 4 µs a file instead of 15. A file is looked up by the constants that name it; its path is put together
 * when it is opened only.
 */
import { hasCode } from "../lib/errors.ts";
import type { OpenDirectory, OpenFile } from "./files.ts";
import type { LimitController } from "./host.ts";
import type { GroupTree } from "./tree.ts";

/** The tree that a file is in: that of a controller, or the v2 one. */
export type Place = LimitController | "cpuacct" | "unified";

/** Groups whose files stay open; each has up to sixteen, below the 4096 that a process of root may have at least. */
const MOST_GROUPS = 150;

interface HeldGroup {
  /** Tree → name → file, or that there is none. */
  readonly files: Map<Place, Map<string, OpenFile | undefined>>;
  directory?: OpenDirectory;
}

export class HeldFiles {
  readonly #tree: GroupTree;
  /** The group that was used last is the last. */
  readonly #groups = new Map<string, HeldGroup>();
  /** A sample reads all files of one group, then those of the next. */
  #latest: { readonly id: string; readonly group: HeldGroup } | undefined;

  constructor(tree: GroupTree) {
    this.#tree = tree;
  }

  /** Content of the file now, without the white space at its end. @throws Node's error, `ENOENT` also without such a tree */
  read(id: string, place: Place, file: string): string {
    const held = this.#filesOf(id, place);
    try {
      return (held.get(file) ?? this.#open(held, id, place, file)).read();
    } catch (error) {
      if (hasCode(error, "ENOENT", "EOPNOTSUPP", "ENOTSUP")) throw error;
      this.release(id);
      // The group was removed, and perhaps made again: its new files are at the same place.
      if (hasCode(error, "ENODEV")) return this.#tree.host.files.read(this.#path(id, place, file));
      throw error;
    }
  }

  /** Undefined for a file that this kernel does not have, or that the kernel has switched off. Remembered. */
  readOptional(id: string, place: Place, file: string): string | undefined {
    const held = this.#filesOf(id, place);
    if (!held.has(file) && this.#directory(id, place) === undefined) held.set(file, undefined);
    if (held.has(file) && held.get(file) === undefined) return undefined;
    try {
      return this.read(id, place, file);
    } catch (error) {
      if (!hasCode(error, "ENOENT", "ENODEV", "EOPNOTSUPP", "ENOTSUP")) throw error;
      this.#filesOf(id, place).set(file, undefined);
      return undefined;
    }
  }

  /** Whether there are groups inside of the group; not when it is gone. */
  hasGroups(id: string, place: Place): boolean {
    const group = this.#use(id);
    try {
      group.directory ??= this.#tree.host.files.openDirectory(this.#directory(id, place) ?? "");
      return group.directory.hasDirectories();
    } catch (error) {
      if (hasCode(error, "ENOENT")) return false;
      throw error;
    }
  }

  /** Closes what is open of a group. */
  release(id: string): void {
    const group = this.#groups.get(id);
    for (const files of group?.files.values() ?? []) for (const file of files.values()) file?.close();
    group?.directory?.close();
    this.#groups.delete(id);
    if (this.#latest?.id === id) this.#latest = undefined;
  }

  #open(held: Map<string, OpenFile | undefined>, id: string, place: Place, name: string): OpenFile {
    const file = this.#tree.host.files.open(this.#path(id, place, name));
    held.set(name, file);
    return file;
  }

  #path(id: string, place: Place, name: string): string {
    return `${this.#directory(id, place) ?? ""}/${name}`;
  }

  #directory(id: string, place: Place): string | undefined {
    return place === "unified" ? this.#tree.unifiedDirectory(id) : this.#tree.controllerDirectory(place, id);
  }

  #filesOf(id: string, place: Place): Map<string, OpenFile | undefined> {
    const { files } = this.#use(id);
    const known = files.get(place);
    if (known !== undefined) return known;
    const fresh = new Map<string, OpenFile | undefined>();
    files.set(place, fresh);
    return fresh;
  }

  #use(id: string): HeldGroup {
    if (this.#latest?.id === id) return this.#latest.group;
    const group = this.#groups.get(id) ?? { files: new Map() };
    this.#groups.delete(id);
    this.#groups.set(id, group);
    const [oldest] = this.#groups.keys();
    if (this.#groups.size > MOST_GROUPS && oldest !== undefined) this.release(oldest);
    this.#latest = { id, group };
    return group;
  }
}
