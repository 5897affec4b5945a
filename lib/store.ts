/**
 * The engine's state: one SQLite file in WAL mode. Each layer brings its own tables as a list of migrations; a layer's
 * version is the number of its migrations that have run. Statements are prepared once and kept.
 */
import { existsSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { hasCode, messageOf, notFound, systemFailure } from "./errors.ts";

/** The tables of one layer. `steps` only ever grows: a step that has been released is never edited. */
export interface Migrations {
  readonly layer: string;
  /** SQL scripts, applied in order, each in a transaction of its own. */
  readonly steps: readonly string[];
}

export type Row = Readonly<Record<string, unknown>>;
export type Parameters = readonly SQLInputValue[];

/** Milliseconds that a reader waits while the file is locked, as it is for a moment after a crash. */
const READER_PATIENCE = 5000;

export class Store implements Disposable {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #readOnly: boolean;
  #depth = 0;

  /**
   * @param path of the database file, or `:memory:`
   * @param options.readOnly as {@link openForReading} has it
   * @throws `system` when the file cannot be opened, or was written by a newer ctr
   */
  constructor(path: string, migrations: readonly Migrations[], { readOnly = false } = {}) {
    this.#database = openDatabase(path, readOnly);
    this.#readOnly = readOnly;
    if (readOnly) {
      this.#checkVersions(migrations, path);
      return;
    }
    // FULL would wait for the disk on every commit; with WAL, NORMAL keeps the file consistent over a crash of the
    // process, and after a power cut loses at most the last transactions, which reconciliation repairs.
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
    this.#database.exec("CREATE TABLE IF NOT EXISTS schema (layer TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT");
    for (const set of migrations) this.#migrate(set, path);
  }

  /**
   * Opens the state of an engine that may be running: nothing is written, and no layer brought up to date. What it reads
   * in one {@link transaction} is of one moment.
   * @throws `notFound` (`CTR_STORE_MISSING`) when no engine has ever run there; `system` when it was written by a newer ctr
   *   (`CTR_STORE_TOO_NEW`), by an older one that has not been started since (`CTR_STORE_TOO_OLD`), or cannot be read
   */
  static openForReading(path: string, migrations: readonly Migrations[]): Store {
    if (!existsSync(path)) {
      throw notFound(`there is no state file ${path}: no engine has run here yet`, {
        code: "CTR_STORE_MISSING",
        hint: "start ctrd, or name the engine's --data-root",
      });
    }
    return new Store(path, migrations, { readOnly: true });
  }

  /** All rows of a query. */
  all<T = Row>(sql: string, ...parameters: Parameters): T[] {
    return this.#prepare(sql).all(...parameters) as T[];
  }

  /** The first row of a query, or undefined. */
  get<T = Row>(sql: string, ...parameters: Parameters): T | undefined {
    return this.#prepare(sql).get(...parameters) as T | undefined;
  }

  /** Runs a statement that changes rows. @returns how many rows it changed */
  run(sql: string, ...parameters: Parameters): number {
    return Number(this.#prepare(sql).run(...parameters).changes);
  }

  /** Runs `body` in one transaction, which an exception rolls back. Inside another it becomes part of that one. */
  transaction<T>(body: () => T): T {
    if (this.#depth > 0) return body();
    this.#database.exec(this.#readOnly ? "BEGIN" : "BEGIN IMMEDIATE");
    this.#depth++;
    try {
      const result = body();
      if (result instanceof Promise) throw new TypeError("a transaction body must be synchronous");
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      // SQLite itself has rolled back after some errors, such as a full disk.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    } finally {
      this.#depth--;
    }
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #checkVersions(migrations: readonly Migrations[], path: string): void {
    try {
      for (const set of migrations) this.#checkVersion(set, path);
    } catch (error) {
      this.#database.close();
      throw hasCode(error, "ERR_SQLITE_ERROR") ? unreadable(path, error) : error;
    }
  }

  #checkVersion({ layer, steps }: Migrations, path: string): void {
    const done = this.#versionOf({ layer, steps }, path);
    if (done === steps.length) return;
    throw systemFailure(`${path} was written by an older ctr (${layer} version ${done}, known ${steps.length})`, {
      code: "CTR_STORE_TOO_OLD",
      hint: "start ctrd once: it brings its state up to date",
    });
  }

  /** How many steps have run. @throws when they are more than are known */
  #versionOf({ layer, steps }: Migrations, path: string): number {
    const done = this.get<{ version: number }>("SELECT version FROM schema WHERE layer = ?", layer)?.version ?? 0;
    if (done <= steps.length) return done;
    throw systemFailure(`${path} was written by a newer ctr (${layer} version ${done}, known ${steps.length})`, {
      code: "CTR_STORE_TOO_NEW",
      hint: "start the newer ctrd, or use another --data-root",
    });
  }

  #migrate({ layer, steps }: Migrations, path: string): void {
    const done = this.#versionOf({ layer, steps }, path);
    for (const [index, step] of steps.entries()) {
      if (index < done) continue;
      this.transaction(() => {
        this.#database.exec(step);
        this.run("INSERT OR REPLACE INTO schema (layer, version) VALUES (?, ?)", layer, index + 1);
      });
    }
  }
}

function openDatabase(path: string, readOnly: boolean): DatabaseSync {
  try {
    return readOnly
      ? new DatabaseSync(locationForReading(path), { readOnly, timeout: READER_PATIENCE })
      : new DatabaseSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * Without a write-ahead log nobody has the file open: to treat it as one that does not change keeps SQLite from leaving a
 * log of its own beside it. An engine that starts meanwhile writes to a log first.
 */
function locationForReading(path: string): string | URL {
  if (existsSync(`${path}-wal`)) return path;
  const location = pathToFileURL(path);
  location.search = "immutable=1";
  return location;
}

const unreadable = (path: string, cause: unknown) =>
  systemFailure(`cannot open the state file ${path}: ${messageOf(cause)}`, { code: "CTR_STORE_UNREADABLE", cause });
