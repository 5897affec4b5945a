/**
 * Files of groups that are read again and again. Opening a cgroup file costs twice as much as reading it, so statistics
 * keep theirs open: 4 µs a file instead of 15.
 */
import { hasCode } from "../lib/errors.ts";
import type { KernelFiles, OpenFile } from "./files.ts";

/** Groups whose files stay open; each has up to eight, far below the 1024 that a process may have at least. */
const MOST_GROUPS = 100;

export class HeldFiles {
  readonly #files: KernelFiles;
  /** Group → path → file. The group that was used last is the last. */
  readonly #groups = new Map<string, Map<string, OpenFile>>();

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
      const file = held.get(path) ?? this.#files.open(path);
      held.set(path, file);
      return file.read();
    } catch (error) {
      this.release(group);
      // The group was removed, and perhaps made again: its new files are at the same place.
      if (hasCode(error, "ENODEV")) return this.#files.read(path);
      throw error;
    }
  }

  #use(group: string): Map<string, OpenFile> {
    const held = this.#groups.get(group) ?? new Map<string, OpenFile>();
    this.#groups.delete(group);
    this.#groups.set(group, held);
    const [oldest] = this.#groups.keys();
    if (this.#groups.size > MOST_GROUPS && oldest !== undefined) this.release(oldest);
    return held;
  }

  /** Closes what is open of a group. */
  release(group: string): void {
    for (const file of this.#groups.get(group)?.values() ?? []) file.close();
    this.#groups.delete(group);
  }
}
