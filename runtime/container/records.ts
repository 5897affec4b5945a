/**
 * The containers as the engine knows them: all in memory, every change written through to the store at once. The store
 * row is a JSON document: it is only ever read whole, at start.
 */
import { conflict, hasCode, invalid, notFound } from "../../lib/errors.ts";
import { isFullId } from "../../lib/ids.ts";
import type { Migrations, Store } from "../../lib/store.ts";
import type { ProcessIdentity } from "../../lib/system/process.ts";
import type { Container, HostConfig, Ulimit } from "../types.ts";

export const containerMigrations: Migrations = {
  layer: "container",
  steps: [
    `CREATE TABLE containers (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL UNIQUE,
      record TEXT NOT NULL
    ) STRICT`,
  ],
};

export interface Ending {
  readonly asked: "stop" | "kill";
  /** Seconds after which SIGKILL followed the stop signal. */
  readonly stopTimeout?: number;
}

/** A container and what only its life cycle needs to know. */
export interface ContainerRecord {
  readonly container: Container;
  /** Its first process and its conmon, while it runs. */
  readonly init?: ProcessIdentity | undefined;
  readonly conmon?: ProcessIdentity | undefined;
  /** A user stopped or killed it: no restart. */
  readonly stoppedByUser: boolean;
  /** What a user asked for that ends the present run; gone with the next start. */
  readonly ending?: Ending | undefined;
  /** Of the kernel's last victim for lack of memory before the present run, see `OomLog.last`. */
  readonly lastVictim?: number;
  /** An update that is being put in force: what is asked, and the first process's limits of those names before. */
  readonly updating?: { readonly hostConfig: HostConfig; readonly ulimits: readonly Ulimit[] } | undefined;
  /** Milliseconds that were waited before the last restart. */
  readonly restartDelay: number;
  /** What it was before the present start: to roll a half-made one back. */
  readonly before?: Pick<Container, "status" | "startedAt"> | undefined;
}

export class ContainerRecords {
  readonly #store: Store;
  readonly #byId = new Map<string, ContainerRecord>();
  readonly #idByName = new Map<string, string>();
  readonly #promisedNames = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
    for (const { record } of store.all<{ record: string }>("SELECT record FROM containers ORDER BY sequence")) {
      this.#keep(JSON.parse(record) as ContainerRecord);
    }
  }

  /** Newest first. */
  all(): ContainerRecord[] {
    return [...this.#byId.values()].reverse();
  }

  get(id: string): ContainerRecord | undefined {
    return this.#byId.get(id);
  }

  /**
   * @param reference full id, name with or without a slash, or a prefix of the id
   * @throws `notFound`, or `invalid` when the prefix fits several, both with Docker's texts
   */
  find(reference: string): ContainerRecord {
    const found = this.#byId.get(reference) ?? this.#named(reference) ?? this.#prefixed(reference);
    if (found === undefined) throw notFound(`No such container: ${reference}`, "CTR_CONTAINER_NOT_FOUND");
    return found;
  }

  /** @throws `conflict` with Docker's text when the name belongs to another container */
  checkNameIsFree(name: string): void {
    const holder = this.#idByName.get(name);
    if (holder === undefined) return;
    throw conflict(
      `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`,
      "CTR_CONTAINER_NAME_IN_USE",
    );
  }

  /** True for promised names, too. */
  hasName(name: string): boolean {
    return this.#idByName.has(name) || this.#promisedNames.has(name);
  }

  /** Keeps a name of our own making from being made up again while its container is not recorded yet. */
  promiseName(name: string): Disposable {
    this.#promisedNames.add(name);
    return { [Symbol.dispose]: () => void this.#promisedNames.delete(name) };
  }

  /**
   * Adds a container, in one transaction with what `also` writes.
   * @throws `conflict` for a taken name, and what `also` throws; nothing is added then
   */
  insert(record: ContainerRecord, also: () => void): void {
    const { id, name } = record.container;
    this.checkNameIsFree(name);
    try {
      this.#store.transaction(() => {
        this.#store.run("INSERT INTO containers (id, name, record) VALUES (?, ?, ?)", id, name, JSON.stringify(record));
        also();
      });
    } catch (error) {
      if (hasCode(error, "ERR_SQLITE_ERROR")) this.checkNameIsFree(name);
      throw error;
    }
    this.#keep(record);
  }

  /** Changes a container that exists. @returns the new record */
  update(
    id: string,
    change: Partial<Container>,
    life: Partial<Omit<ContainerRecord, "container">> = {},
  ): ContainerRecord {
    const before = this.#byId.get(id);
    if (before === undefined) throw notFound(`No such container: ${id}`, "CTR_CONTAINER_NOT_FOUND");
    const record: ContainerRecord = { ...before, ...life, container: { ...before.container, ...change } };
    const { name } = record.container;
    if (name !== before.container.name) this.checkNameIsFree(name);
    this.#store.run("UPDATE containers SET name = ?, record = ? WHERE id = ?", name, JSON.stringify(record), id);
    this.#idByName.delete(before.container.name);
    this.#keep(record);
    return record;
  }

  delete(id: string): void {
    const record = this.#byId.get(id);
    if (record === undefined) return;
    this.#store.run("DELETE FROM containers WHERE id = ?", id);
    this.#byId.delete(id);
    this.#idByName.delete(record.container.name);
  }

  #keep(record: ContainerRecord): void {
    this.#byId.set(record.container.id, record);
    this.#idByName.set(record.container.name, record.container.id);
  }

  #named(reference: string): ContainerRecord | undefined {
    const name = reference.startsWith("/") ? reference.slice(1) : reference;
    const id = this.#idByName.get(name) ?? this.#linkedId(name);
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** `web/db`: what web has a link to by the name db. */
  #linkedId(name: string): string | undefined {
    const [source = "", alias] = name.split("/");
    if (alias === undefined) return undefined;
    const links = this.#byId.get(this.#idByName.get(source) ?? "")?.container.links;
    return links?.find((link) => link.alias === alias)?.targetId;
  }

  #prefixed(reference: string): ContainerRecord | undefined {
    if (!/^[0-9a-f]+$/.test(reference) || isFullId(reference)) return undefined;
    const matches = [...this.#byId.values()].filter(({ container }) => container.id.startsWith(reference));
    if (matches.length > 1) {
      throw invalid(`Multiple IDs found with provided prefix: ${reference}`, "CTR_CONTAINER_AMBIGUOUS");
    }
    return matches[0];
  }
}
