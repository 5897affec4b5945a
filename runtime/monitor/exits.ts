/**
 * Exit codes, as conmon leaves them: one file a container, named after it, with the code as decimal text. The file stays
 * until it is forgotten, so an exit that happens while the engine is down is not lost.
 */
import { type FSWatcher, mkdirSync, readdirSync, readFileSync, rmSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../../lib/errors.ts";
import { isFullId } from "../../lib/ids.ts";

export type ExitListener = (id: string, exitCode: number) => void;

export class ExitDirectory implements Disposable {
  readonly path: string;
  readonly #watcher: FSWatcher;
  readonly #listeners = new Set<ExitListener>();
  /** Exits that were told already: the watcher may report a file more than once. */
  readonly #told = new Set<string>();

  constructor(path: string) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    this.path = path;
    // conmon writes a temporary file and renames it, so a file with the right name is complete.
    this.#watcher = watch(path, (_event, name) => {
      if (name !== null && isFullId(name)) this.#check(name);
    });
  }

  /** `listener` is called once for each exit from now on. @returns the function that ends this */
  onExit(listener: ExitListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The exit code of a container, or undefined while it runs. −1 when conmon could not tell. */
  codeOf(id: string): number | undefined {
    try {
      const text = readFileSync(join(this.path, id), "utf8").trim();
      return /^-?\d+$/.test(text) ? Number(text) : undefined;
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  /** When the container ended; undefined while it runs. */
  timeOf(id: string): Date | undefined {
    return statSync(join(this.path, id), { throwIfNoEntry: false })?.mtime;
  }

  /** Ids of all containers whose exit is not forgotten. */
  list(): string[] {
    return readdirSync(this.path).filter(isFullId);
  }

  /** Looks at all files: for exits that happened before the watch began, and those the kernel's queue had no room for. */
  scan(): void {
    for (const id of this.list()) this.#check(id);
  }

  /** Takes the file away. The next start of the same container makes a new one. */
  forget(id: string): void {
    rmSync(join(this.path, id), { force: true });
    this.#told.delete(id);
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
    this.#listeners.clear();
  }

  #check(id: string): void {
    if (this.#told.has(id) || this.#listeners.size === 0) return;
    const exitCode = this.codeOf(id);
    if (exitCode === undefined) return;
    this.#told.add(id);
    for (const listener of this.#listeners) listener(id, exitCode);
  }
}
