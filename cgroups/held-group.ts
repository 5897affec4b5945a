/**
 * Files of one group that are read again and again. Opening a cgroup file costs twice as much as reading it, so statistics
 * keep theirs open: 4 µs a file instead of 15. A file is looked up by the constant that names it; its path is put together
 * when it is opened only.
 */
import { hasCode } from "../lib/errors.ts";
import type { OpenDirectory, OpenFile } from "./files.ts";
import type { LimitController } from "./host.ts";
import { Rest } from "./rest.ts";
import type { GroupTree } from "./tree.ts";

/** The tree that a file is in: that of a controller, or the v2 one. */
type Place = LimitController | "cpuacct" | "unified";

/** `memory/memory.stat`: the tree, and the name of the file in the group's directory there. */
export type HeldFile = `${Place}/${string}`;

export class HeldGroup {
  readonly rest = new Rest();
  readonly #tree: GroupTree;
  readonly #id: string;
  /** The file, or that there is none. */
  readonly #files = new Map<HeldFile, OpenFile | undefined>();
  #directory: OpenDirectory | undefined;

  constructor(tree: GroupTree, id: string) {
    this.#tree = tree;
    this.#id = id;
  }

  /** Content of the file now, without the white space at its end. @throws Node's error, `ENOENT` also without such a tree */
  read(file: HeldFile): string {
    try {
      return (this.#files.get(file) ?? this.#open(file)).read();
    } catch (error) {
      if (hasCode(error, "ENOENT", "EOPNOTSUPP", "ENOTSUP")) throw error;
      this.close();
      // The group was removed, and perhaps made again: its new files are at the same place.
      if (hasCode(error, "ENODEV")) return this.#tree.host.files.read(this.#path(file));
      throw error;
    }
  }

  /** As {@link read}, of a file that holds one number. */
  number(file: HeldFile): number {
    return Number(this.read(file));
  }

  /** Undefined for a file that this kernel does not have, or that the kernel has switched off. Remembered. */
  readOptional(file: HeldFile): string | undefined {
    const held = this.#files.get(file);
    if (held === undefined && (this.#files.has(file) || this.#directoryIn(placeOf(file)) === undefined))
      return undefined;
    try {
      return this.read(file);
    } catch (error) {
      if (!hasCode(error, "ENOENT", "ENODEV", "EOPNOTSUPP", "ENOTSUP")) throw error;
      this.#files.set(file, undefined);
      return undefined;
    }
  }

  /** Whether there are groups inside of the group; not when it is gone. */
  hasGroups(place: Place): boolean {
    try {
      this.#directory ??= this.#tree.host.files.openDirectory(this.#directoryIn(place) ?? "");
      return this.#directory.hasDirectories();
    } catch (error) {
      if (hasCode(error, "ENOENT")) return false;
      throw error;
    }
  }

  /** Closes what is open, and forgets what was seen. What is asked for then is opened again. */
  close(): void {
    for (const file of this.#files.values()) file?.close();
    this.#files.clear();
    this.#directory?.close();
    this.#directory = undefined;
    this.rest.forget();
  }

  #open(file: HeldFile): OpenFile {
    const open = this.#tree.host.files.open(this.#path(file));
    this.#files.set(file, open);
    return open;
  }

  #path(file: HeldFile): string {
    const place = placeOf(file);
    return `${this.#directoryIn(place) ?? ""}${file.slice(place.length)}`;
  }

  #directoryIn(place: Place): string | undefined {
    return place === "unified"
      ? this.#tree.unifiedDirectory(this.#id)
      : this.#tree.controllerDirectory(place, this.#id);
  }
}

const placeOf = (file: HeldFile): Place => file.slice(0, file.indexOf("/")) as Place;
