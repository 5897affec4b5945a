/**
 * The data plane as the engine sees it: what it is to do is kept here, a process does it, and goes on when the engine
 * ends. The process is started when there is first something to do. If it dies, a new one gets the whole state at once.
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { codeOf, messageOf, systemFailure } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { NameExplanation, NameRecord, NamesSandbox } from "../dns/types.ts";
import { CONNECTION_LOST, Connection, errorOf } from "./connection.ts";
import { launchDataPlane } from "./launch.ts";
import {
  type DataPlaneFigures,
  type DataPlaneRequest,
  type DataPlaneResults,
  PROTOCOL,
  type ProxyRefusal,
} from "./protocol.ts";
import type { DataPlaneState, ProxySpecification } from "./types.ts";

export interface DataPlaneOptions {
  /** The engine's exec-root: the socket is `<runDir>/dataplane.sock`. */
  readonly runDir: string;
  readonly logger: Logger;
  /** Seconds that clients may remember names of containers for; 5 by default. */
  readonly ttl?: number;
  /** Called after the process died and a new one does its work. */
  readonly onRestart?: () => void;
}

const DEFAULT_TTL = 5;
/** A request is made again on a new process when its process died before it answered. */
const ATTEMPTS = 3;
/** Milliseconds, doubled each time, between the starts of processes that die at once. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 5_000;

export class DataPlane implements AsyncDisposable {
  readonly #options: DataPlaneOptions;
  readonly #records = new Map<string, NameRecord>();
  readonly #sandboxes = new Map<string, NamesSandbox>();
  readonly #proxies = new Map<string, ProxySpecification>();
  #connection: Connection | undefined;
  #connecting: Promise<Connection> | undefined;
  #lastPost: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** The process has ended although there was something to do. */
  #wasLost = false;
  #isHealing = false;
  #lastHealing = Number.NEGATIVE_INFINITY;
  /** Milliseconds before the next start. */
  #pause = 0;

  constructor(options: DataPlaneOptions) {
    this.#options = options;
  }

  /**
   * Takes over from a former engine: gives the process the whole of what it is to do, and it drops everything else.
   * Without it the first change does so. Starts no process when there is nothing to do and none runs.
   * Failures of single sandboxes and proxies are logged.
   */
  async restore({ records, sandboxes, proxies }: DataPlaneState): Promise<void> {
    for (const record of records) this.#records.set(recordKey(record.networkId, record.containerId), record);
    for (const sandbox of sandboxes) this.#sandboxes.set(sandbox.containerId, sandbox);
    for (const proxy of proxies) this.#proxies.set(proxy.id, proxy);
    if (this.#isNeeded) await this.#connected();
    else await this.#takeOver();
  }

  async serve(sandbox: NamesSandbox): Promise<void> {
    this.#sandboxes.set(sandbox.containerId, sandbox);
    try {
      await this.#request({ do: "serve", sandbox });
    } catch (error) {
      this.#sandboxes.delete(sandbox.containerId);
      throw error;
    }
  }

  async unserve(containerId: string): Promise<void> {
    if (this.#sandboxes.delete(containerId)) await this.#takeAway({ do: "unserve", containerId });
  }

  putName(record: NameRecord): void {
    this.#records.set(recordKey(record.networkId, record.containerId), record);
    this.#post({ do: "put", record });
  }

  removeName(networkId: string, containerId: string): void {
    if (this.#records.delete(recordKey(networkId, containerId))) this.#post({ do: "remove", networkId, containerId });
  }

  async settled(): Promise<void> {
    await this.#lastPost;
  }

  explainName(containerId: string, name: string, type: string | undefined): Promise<NameExplanation> {
    return this.#request({ do: "explain", containerId, name, type });
  }

  /**
   * Opens proxies; one whose id is there already is replaced when it differs.
   * @throws `conflict` or `system` when an address cannot be listened on; the others are open then
   */
  async proxy(proxies: readonly ProxySpecification[]): Promise<void> {
    for (const proxy of proxies) this.#proxies.set(proxy.id, proxy);
    let refusals: readonly ProxyRefusal[];
    try {
      refusals = await this.#request({ do: "proxy", proxies });
    } catch (error) {
      for (const { id } of proxies) this.#proxies.delete(id);
      throw error;
    }
    for (const { id } of refusals) this.#proxies.delete(id);
    const [first] = refusals;
    if (first !== undefined) throw errorOf(first.failure);
  }

  /** Closes proxies and their connections. Without complaint when there are none. */
  async unproxy(ids: readonly string[]): Promise<void> {
    const present = ids.filter((id) => this.#proxies.delete(id));
    if (present.length > 0) await this.#takeAway({ do: "unproxy", ids: present });
  }

  figures(): Promise<DataPlaneFigures> {
    return this.#request({ do: "figures" });
  }

  /** Ends the process, and with it all names and proxies: for an engine that is taken away for good, and for tests. */
  async end(): Promise<void> {
    this.#closed = true;
    const connection = this.#connection ?? (await Connection.open(this.#socketPath));
    await connection?.end();
  }

  /** Leaves a process that has something to do alone: it goes on. One that has nothing ends with the engine. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    if (!this.#isNeeded) await this.#connection?.end();
    this.#connection?.[Symbol.dispose]();
  }

  get #socketPath(): string {
    return join(this.#options.runDir, "dataplane.sock");
  }

  get #isNeeded(): boolean {
    return this.#sandboxes.size > 0 || this.#proxies.size > 0;
  }

  get #state(): DataPlaneState {
    return {
      records: [...this.#records.values()],
      sandboxes: [...this.#sandboxes.values()],
      proxies: [...this.#proxies.values()],
    };
  }

  /** Names alone are no reason to start a process: the state holds them until there is one. */
  #post(request: DataPlaneRequest): void {
    // What is lost with a process is in the state that the next one gets.
    this.#lastPost = this.#connection?.request(request).catch(() => {}) ?? this.#lastPost;
  }

  async #request<R extends DataPlaneRequest>(request: R): Promise<DataPlaneResults[R["do"]]> {
    for (let attempt = 1; ; attempt++) {
      const connection = this.#connection ?? (await this.#connected());
      try {
        return await connection.request(request);
      } catch (error) {
        if (codeOf(error) !== CONNECTION_LOST || attempt === ATTEMPTS || this.#closed) throw error;
        this.#onClosed(connection);
      }
    }
  }

  /** A process that has died has taken it away itself; the next one is not told of it. */
  async #takeAway(request: DataPlaneRequest): Promise<void> {
    await this.#connecting?.catch(() => {});
    try {
      await this.#connection?.request(request);
    } catch (error) {
      if (codeOf(error) !== CONNECTION_LOST) throw error;
    }
  }

  async #connected(): Promise<Connection> {
    if (this.#connection !== undefined) return this.#connection;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<Connection> {
    return (await this.#takeOver()) ?? (await this.#start());
  }

  /** @returns undefined when no process runs that could be used */
  async #takeOver(): Promise<Connection | undefined> {
    const connection = await Connection.open(this.#socketPath);
    if (connection === undefined) return undefined;
    try {
      const { protocol } = await connection.request({ do: "hello" });
      if (protocol === PROTOCOL) return await this.#use(connection);
      await connection.end();
      return undefined;
    } catch (error) {
      // It was about to end when it was found.
      if (codeOf(error) === CONNECTION_LOST) return undefined;
      throw error;
    }
  }

  async #start(): Promise<Connection> {
    const { runDir, logger } = this.#options;
    const { pid, exited } = launchDataPlane(this.#socketPath, join(runDir, "dataplane.log"));
    exited.then((code) => logger.debug("A data plane ended.", { pid, code }));
    logger.debug("A data plane was started.", { pid });
    const connection = await Connection.open(this.#socketPath);
    if (connection === undefined) {
      throw systemFailure("the data plane (ctr-dataplane) does not start", {
        code: "CTR_DATA_PLANE_FAILED",
        hint: `its last words are in ${join(runDir, "dataplane.log")}`,
      });
    }
    return this.#use(connection);
  }

  async #use(connection: Connection): Promise<Connection> {
    const { ttl = DEFAULT_TTL, logger } = this.#options;
    const synced = connection.request({ do: "sync", state: this.#state, settings: { ttl } });
    // From now on changes are sent: they follow the state that they are not part of.
    this.#connection = connection;
    void connection.closed.then(() => this.#onClosed(connection));
    for (const { what, message } of (await synced).failures) {
      logger.warn(`The data plane could not restore ${what}: ${message}`);
    }
    if (this.#wasLost) {
      this.#wasLost = false;
      logger.warn("The data plane had ended. A new one does its work.");
      this.#options.onRestart?.();
    }
    return connection;
  }

  #onClosed(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    // Without anything to do the process ends by itself after a while.
    if (this.#closed || !this.#isNeeded) return;
    this.#wasLost = true;
    void this.#heal();
  }

  /** Starts a new process at once; those that die at once are started again ever more slowly. */
  async #heal(): Promise<void> {
    if (this.#isHealing) return;
    this.#isHealing = true;
    while (!this.#closed && this.#connection === undefined && this.#isNeeded) {
      await this.#pauseBetweenStarts();
      try {
        await this.#connected();
      } catch (error) {
        if (!this.#closed) this.#options.logger.error(`The data plane does not start again: ${messageOf(error)}`);
      }
    }
    this.#isHealing = false;
  }

  async #pauseBetweenStarts(): Promise<void> {
    const now = performance.now();
    this.#pause =
      now - this.#lastHealing > LONGEST_PAUSE ? 0 : Math.min(Math.max(this.#pause * 2, FIRST_PAUSE), LONGEST_PAUSE);
    if (this.#pause > 0) await delay(this.#pause, undefined, { ref: false });
    this.#lastHealing = performance.now();
  }
}

const recordKey = (networkId: string, containerId: string): string => `${networkId}/${containerId}`;
