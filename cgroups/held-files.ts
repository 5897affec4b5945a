/**
 * Files of groups that are read again and again. Opening a cgroup file costs twice as much as reading it, so statistics
 * keep theirs open: 4 µs a file instead of 15.
 */
import { hasCode } from "../lib/errors.ts";
import type { KernelFiles, OpenDirectory, OpenFile } from "./files.ts";

/** Groups whose files stay open; each has up to sixteen, below the 4096 that a process of root may have at least. */
const MOST_GROUPS = 150;

export class HeldFiles {
  readonly #files: KernelFiles;
  /** Group → path → file, or that there is none. The group that was used last is the last. */
  readonly #groups = new Map<string, Map<string, OpenFile | undefined>>();
  /** Group → its directory. */
  readonly #directories = new Map<string, OpenDirectory>();
  /** The group that was used last: a sample reads all files of one group, then those of the next. */
  #latest: { readonly group: string; readonly files: Map<string, OpenFile | undefined> } | undefined;

  constructor(files: KernelFiles) {
    this.#files = files;
  }

  /**
   * Content of the file now, without the white space at its end.
   * @param group whose file it is, for {@link release}
   */
  read(group: string, path: string): string {
    const held = this.#use(group);
    try {
      return (held.get(path) ?? this.#open(held, path)).read();
    } catch (error) {
      if (hasCode(error, "ENOENT", "EOPNOTSUPP", "ENOTSUP")) throw error;
      this.release(group);
      // The group was removed, and perhaps made again: its new files are at the same place.
      if (hasCode(error, "ENODEV")) return this.#files.read(path);
      throw error;
    }
  }

  #open(held: Map<string, OpenFile | undefined>, path: string): OpenFile {
    const file = this.#files.open(path);
    held.set(path, file);
    return file;
  }

  /** Undefined for a file that this kernel does not have, or that the kernel has switched off. Remembered. */
  readOptional(group: string, path: string): string | undefined {
    const held = this.#use(group);
    if (held.has(path) && held.get(path) === undefined) return undefined;
    try {
      return this.read(group, path);
    } catch (error) {
      if (!hasCode(error, "ENOENT", "ENODEV", "EOPNOTSUPP", "ENOTSUP")) throw error;
      this.#use(group).set(path, undefined);
      return undefined;
    }
  }

  /**
   * Whether there are groups inside of the group. Undefined when it is gone.
   * @param path its directory; always the same for a group
   */
  hasGroups(group: string, path: string): boolean | undefined {
    this.#use(group);
    try {
      const held = this.#directories.get(group) ?? this.#files.openDirectory(path);
      this.#directories.set(group, held);
      return held.hasDirectories();
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  #use(group: string): Map<string, OpenFile | undefined> {
    if (this.#latest?.group === group) return this.#latest.files;
    const held = this.#groups.get(group) ?? new Map<string, OpenFile | undefined>();
    this.#groups.delete(group);
    this.#groups.set(group, held);
    const [oldest] = this.#groups.keys();
    if (this.#groups.size > MOST_GROUPS && oldest !== undefined) this.release(oldest);
    this.#latest = { group, files: held };
    return held;
  }

  /** Closes what is open of a group. */
  release(group: string): void {
    for (const file of this.#groups.get(group)?.values() ?? []) file?.close();
    this.#groups.delete(group);
    this.#directories.get(group)?.close();
    this.#directories.delete(group);
    if (this.#latest?.group === group) this.#latest = undefined;
  }
}
