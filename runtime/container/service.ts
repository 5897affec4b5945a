/**
 * Containers, as the Engine API knows them. Every method takes a full id, a name, or a prefix of the id, and throws
 * `notFound` with Docker's text for any other. Texts and statuses of errors are Docker's.
 */
import type { Cgroups, GroupStats, LimitReading } from "../../cgroups/index.ts";
import { CtrError, conflict, invalid, notModified, systemFailure, toCtrError, unsupported } from "../../lib/errors.ts";
import { checkName } from "../../lib/names.ts";
import { parseSignal, SIGKILL } from "../../lib/system/signals.ts";
import { LimitInsight } from "../limits/explain.ts";
import {
  type Attachment,
  type AttachOptions,
  type LogEntry,
  type LogOptions,
  readLogs,
  type TerminalSize,
} from "../monitor/index.ts";
import type { Container, ContainerCreateRequest, LimitChange, UpdateRequest, UpdateResult } from "../types.ts";
import { type CreateOptions, type CreateResult, createContainer } from "./create.ts";
import { emitContainer } from "./describe.ts";
import { type ExecConfig, type ExecStartOptions, type ExecState, Execs } from "./execs.ts";
import { HealthChecks } from "./health.ts";
import { Life, resultOf } from "./life.ts";
import { cgroupsOf, limitsOf } from "./limits.ts";
import { closeLinks } from "./link-grants.ts";
import { linkNames, linkTexts, withoutLink } from "./links.ts";
import { forgetLink } from "./live-names.ts";
import { type NetworkFiles, networkFilesOf } from "./network-files.ts";
import { ContainerNetworks } from "./networks.ts";
import type { Parts } from "./parts.ts";
import { pauseContainer, unpauseContainer, unpauseForSignal } from "./pause.ts";
import { reconcile, startWithEngine } from "./reconcile.ts";
import type { ContainerRecord, Ending } from "./records.ts";
import { type ContainerServiceOptions, partsOf } from "./service-options.ts";
import { isUp, requireUp } from "./up.ts";
import { repairLimits, updateContainer } from "./update.ts";
import type { WaitCondition, WaitResult } from "./waiters.ts";

export interface StopOptions {
  /** Seconds until SIGKILL, −1 for never; the container's own, else 10, when absent. */
  readonly timeout?: number;
  /** Instead of the container's stop signal. */
  readonly signal?: number;
}

export interface LogRequest extends Omit<LogOptions, "follow"> {
  /** Go on until the container ends. */
  readonly follow?: boolean;
}

const DEFAULT_STOP_TIMEOUT = 10;

export class ContainerService implements AsyncDisposable {
  /** Networks, ports and rates of containers that exist. */
  readonly networks: ContainerNetworks;
  /** Why they were killed or are slow, and which limits would fit. */
  readonly insight: LimitInsight;
  readonly #parts: Parts;
  readonly #life: Life;
  readonly #execs: Execs;
  readonly #health: HealthChecks;

  private constructor(parts: Parts) {
    this.networks = new ContainerNetworks(parts);
    this.insight = new LimitInsight(parts);
    this.#parts = parts;
    this.#execs = new Execs(parts);
    this.#life = new Life(parts, this.#execs);
    this.#health = new HealthChecks(parts, this.#execs);
  }

  /**
   * Takes over from a former run of the engine: finds containers that run, finishes those that ended, undoes what was
   * half made, and starts what the restart policies ask for.
   */
  static async open(options: ContainerServiceOptions): Promise<ContainerService> {
    const parts = partsOf(options);
    const service = new ContainerService(parts);
    await reconcile(service.#parts, service.#life);
    service.#health.resume();
    service.#life.watch();
    startWithEngine(service.#parts, service.#life);
    return service;
  }

  /** @throws `invalid` for what is wrong in the request; `notFound` for image or network; `conflict` for the name */
  create(request: ContainerCreateRequest, options: CreateOptions = {}): Promise<CreateResult> {
    return createContainer(this.#parts, request, options);
  }

  /** @throws `notModified` when it runs already; the reason when it cannot be started, which the container keeps */
  start(reference: string): Promise<void> {
    return this.#locked(reference, async (record) => {
      const { status } = record.container;
      if (status === "paused") {
        throw conflict("cannot start a paused container, try unpause instead", "CTR_CONTAINER_PAUSED");
      }
      if (status === "running") throw notModified("container already started", "CTR_CONTAINER_RUNNING");
      if (status === "removing") {
        throw conflict("container is marked for removal and cannot be started", "CTR_CONTAINER_REMOVING");
      }
      await this.#life.start(record);
    });
  }

  /**
   * The stop signal, and SIGKILL when that did not end it in time. Returns when it has ended and is torn down.
   * @throws `notModified` when it does not run
   */
  async stop(reference: string, options: StopOptions = {}): Promise<void> {
    const { id, status: before } = this.find(reference);
    await this.#life.giveUpRestart(id);
    const container = this.find(id);
    if (before === "restarting" && !isUp(container)) return;
    if (!isUp(container)) throw notModified("container already stopped", "CTR_CONTAINER_STOPPED");
    const seconds = options.timeout ?? container.config.StopTimeout ?? DEFAULT_STOP_TIMEOUT;
    const signal = options.signal ?? stopSignalOf(container);
    const record = this.#parts.records.update(id, {}, { stoppedByUser: true, ending: endingBy(signal) });
    this.#life.signal(record, signal);
    emitContainer(this.#parts, "kill", container, { signal: String(signal) });
    await unpauseForSignal(this.#parts, container, signal);
    const patience = seconds < 0 ? Number.POSITIVE_INFINITY : seconds * 1000;
    if (!(await this.#life.ended(id, patience))) {
      this.#parts.records.update(id, {}, { ending: { asked: "stop", stopTimeout: seconds } });
      await this.#life.kill(record);
    }
    emitContainer(this.#parts, "stop", container);
  }

  /** Stops it when it runs, and starts it. @throws `system` with Docker's text for whatever keeps it from running */
  async restart(reference: string, options: StopOptions = {}): Promise<void> {
    const { id } = this.find(reference);
    await this.#life
      .keeping(id, async () => {
        const container = this.find(id);
        if (isUp(container) || container.status === "restarting") await this.stop(id, options).catch(unlessStopped);
        await this.start(id);
      })
      .catch((error: unknown) => {
        const { code, hint, message } = toCtrError(error);
        throw systemFailure(`Cannot restart container ${reference}: ${message}`, { code, hint, cause: error });
      });
    emitContainer(this.#parts, "restart", this.find(id));
  }

  /**
   * Sends a signal to the first process; SIGKILL waits until the container has ended.
   * @throws `conflict` with Docker's text when it does not run
   */
  async kill(reference: string, signal: number): Promise<void> {
    const { id, status: before } = this.find(reference);
    await this.#life.giveUpRestart(id);
    const container = this.find(id);
    if (before === "restarting" && !isUp(container)) return;
    if (!isUp(container)) {
      throw conflict(
        `Cannot kill container: ${reference}: container ${id} is not running`,
        "CTR_CONTAINER_NOT_RUNNING",
      );
    }
    // Another signal is a message to the program, and no wish that it should end.
    const ends = signal === SIGKILL || signal === stopSignalOf(container);
    const life = ends ? { stoppedByUser: true, ending: endingBy(signal) } : {};
    const record = this.#parts.records.update(id, {}, life);
    emitContainer(this.#parts, "kill", container, { signal: String(signal) });
    if (signal === SIGKILL) return this.#life.kill(record);
    this.#life.signal(record, signal);
    await unpauseForSignal(this.#parts, container, signal);
  }

  /** Its processes get no time any more. @throws `conflict` when it does not run, restarts, or is paused already */
  pause(reference: string): Promise<void> {
    return this.#locked(reference, ({ container }) => pauseContainer(this.#parts, container));
  }

  /** They go on. @throws `system`, as Docker, when it is not paused */
  unpause(reference: string): Promise<void> {
    return this.#locked(reference, ({ container }) => unpauseContainer(this.#parts, container));
  }

  /** @throws `conflict` with Docker's texts when it runs and `force` is not given, or is being removed already */
  async remove(
    reference: string,
    { force, volumes }: { readonly force: boolean; readonly volumes: boolean },
  ): Promise<void> {
    const container = this.find(reference);
    const { id, status } = container;
    if (status === "removing") {
      throw conflict(`removal of container ${reference} is already in progress`, "CTR_CONTAINER_REMOVING");
    }
    if (!force && (isUp(container) || status === "restarting")) throw stillRuns(container, reference);
    // Who waits for the turn may find that it was started meanwhile: then it is ended again.
    while (!(await this.#removed(id, volumes))) {
      if (!force) throw stillRuns(this.find(id), reference);
      const life = { stoppedByUser: true, ending: endingBy(SIGKILL) };
      await this.#life.kill(this.#parts.records.update(id, {}, life));
    }
  }

  /** @returns false when it runs. One that is gone already is fine. */
  async #removed(id: string, volumes: boolean): Promise<boolean> {
    await this.#life.giveUpRestart(id);
    return this.#parts.lock.run(id, async () => {
      const container = this.#parts.records.get(id)?.container;
      if (container !== undefined && isUp(container)) return false;
      await this.#life.remove(id, { volumes });
      return true;
    });
  }

  /** @throws `invalid` for a bad name or the present one, `conflict` for one in use */
  rename(reference: string, newName: string): void {
    const { id, name: oldName } = this.find(reference);
    if (rooted(newName) === `/${oldName}`) {
      throw invalid("Renaming a container with the same name as its current name", "CTR_CONTAINER_NAME_INVALID");
    }
    const { container } = whileNaming(() => this.#parts.records.update(id, { name: checkName(rooted(newName)) }));
    const { name } = container;
    this.#parts.network.renameContainer(id, name);
    emitContainer(this.#parts, "rename", container, { oldName: `/${oldName}` });
  }

  /**
   * `rm --link`: takes a link away; both containers go on.
   * @param reference of the link: `web/alias`
   * @throws `notFound`, or `conflict` when it names a container, with Docker's texts
   */
  removeLink(reference: string): void {
    const { container, removed, links } = withoutLink(this.#parts.records, reference);
    this.#parts.records.update(container.id, { links });
    closeLinks(this.#parts, container.id, removed.alias);
    forgetLink(this.#parts, container, removed);
  }

  /** The links of a container with the names of today, as `inspect` shows them: `/db:/web/alias`. */
  linksOf(reference: string): string[] {
    const { records } = this.#parts;
    return linkTexts(this.find(reference), (id) => records.get(id)?.container.name);
  }

  /** The names by which linked containers know others: id → `/web/db`. */
  linkNames(): ReadonlyMap<string, readonly string[]> {
    return linkNames(this.list());
  }

  /** The files that are bound into its /etc: its own, or those of the container whose network it shares. */
  networkFilesOf(reference: string): NetworkFiles {
    return networkFilesOf(this.#parts, this.find(reference));
  }

  find(reference: string): Container {
    return this.#parts.records.find(reference).container;
  }

  /** Newest first. */
  list(): Container[] {
    return this.#parts.records.all().map(({ container }) => container);
  }

  /** Ids of the containers that were made from an image, and of those among them that run. */
  usersOf(imageId: string): { readonly all: readonly string[]; readonly running: readonly string[] } {
    const users = this.list().filter((container) => container.imageId === imageId);
    const running = users.filter((container) => isUp(container) || container.status === "restarting");
    return { all: users.map(({ id }) => id), running: running.map(({ id }) => id) };
  }

  /**
   * Resolves when the condition holds; `not-running` at once for a container that does not run.
   * @param signal ends the waiting; the promise then stays pending
   */
  wait(reference: string, condition: WaitCondition, signal?: AbortSignal): Promise<WaitResult> {
    const container = this.find(reference);
    const runs = isUp(container) || container.status === "restarting";
    if (condition === "not-running" && !runs) return Promise.resolve(resultOf(container));
    return this.#parts.waiters.wait(container.id, condition, signal);
  }

  /** @throws `unsupported` when the container keeps no log */
  logs(reference: string, { follow = false, ...options }: LogRequest = {}): AsyncIterable<LogEntry> {
    const container = this.find(reference);
    const { id, logPath, status } = container;
    if (logPath === "") throw unsupported("configured logging driver does not support reading", "CTR_LOG_UNREADABLE");
    const runs = isUp(container) || status === "restarting";
    const end = follow && runs ? this.#parts.waiters.wait(id, "not-running", options.signal) : undefined;
    return readLogs(logPath, end === undefined ? options : { ...options, follow: end });
  }

  /**
   * A container that does not run yet connects its clients before its program runs.
   * @throws `conflict` with Docker's text when it is paused
   */
  async attach(reference: string, streams: AttachOptions): Promise<Attachment> {
    const container = this.find(reference);
    const { id, status, config } = container;
    if (status === "paused") {
      throw conflict(`container ${reference} is paused, unpause the container before attach`, "CTR_CONTAINER_PAUSED");
    }
    const options = {
      id,
      tty: config.Tty ?? false,
      stdin: config.OpenStdin ?? false,
      stdinOnce: config.StdinOnce ?? false,
    };
    const bundle = status === "running" ? this.#parts.paths.bundle(id) : undefined;
    const attachment = this.#parts.monitor.attach(options, bundle, streams);
    emitContainer(this.#parts, "attach", container);
    return attachment;
  }

  /** @throws `conflict` when it does not run */
  resize(reference: string, size: TerminalSize): void {
    const container = this.find(reference);
    requireUp(container);
    if (container.config.Tty !== true) return;
    this.#parts.monitor.resize(this.#parts.paths.bundle(container.id), size);
    emitContainer(this.#parts, "resize", container, { height: String(size.rows), width: String(size.columns) });
  }

  /** @returns the exec's id. @throws `conflict` when the container does not run or is paused */
  createExec(reference: string, config: ExecConfig): string {
    return this.#execs.create(this.find(reference), config, reference);
  }

  /** @returns its streams; undefined when it is detached */
  startExec(execId: string, options: ExecStartOptions): Promise<Attachment | undefined> {
    return this.#execs.start(execId, options);
  }

  /** @throws `notFound` */
  inspectExec(execId: string): ExecState {
    return this.#execs.inspect(execId);
  }

  /** Resolves when the exit code of a started exec is known, which may be a moment after its output has ended. */
  execEnded(execId: string): Promise<void> {
    return this.#execs.ended(execId);
  }

  /** Ids of the execs of a container. */
  execsOf(reference: string): string[] {
    return this.#execs.of(this.find(reference).id);
  }

  /** @throws `conflict` when it does not run */
  resizeExec(execId: string, size: TerminalSize): void {
    this.#execs.resize(execId, size);
  }

  /** The limits as the kernel enforces them now; none for a container that does not run. */
  limits(reference: string): LimitReading[] {
    const container = this.find(reference);
    const { id, hostConfig } = container;
    return isUp(container) ? this.cgroupsOf(id).read(id, limitsOf(hostConfig)) : [];
  }

  /**
   * Changes limits, restart policy and what else may change while a container exists; at once where it runs.
   * @throws `invalid`, `unsupported`, `conflict`, with Docker's texts where it has them; everything is then as before
   */
  update(reference: string, request: UpdateRequest): Promise<UpdateResult> {
    return this.#locked(reference, (record) => updateContainer(this.#parts, record, request));
  }

  /**
   * Puts the limits that are recorded in force again, after somebody wrote the kernel's files behind us.
   * @returns what was different. @throws `conflict` when it does not run
   */
  repairLimits(reference: string): Promise<readonly LimitChange[]> {
    return this.#locked(reference, async ({ container }) => repairLimits(this.#parts, container));
  }

  /** The groups among which the container's is; its id there is that of the container. */
  cgroupsOf(reference: string): Cgroups {
    return cgroupsOf(this.#parts, this.find(reference));
  }

  /** @throws `conflict` when it does not run */
  stats(reference: string): GroupStats {
    const container = this.find(reference);
    requireUp(container);
    return this.cgroupsOf(container.id).stats(container.id);
  }

  /** Bytes that it has written. Walks its files. */
  async writableSize(reference: string): Promise<number> {
    return (await this.#parts.snapshots.sizes(this.find(reference).id)).writable;
  }

  /** Lets what is under way come to its end. Containers go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#health[Symbol.dispose]();
    await this.#life[Symbol.asyncDispose]();
    this.#parts.watch[Symbol.dispose]();
  }

  #locked<T>(reference: string, body: (record: ContainerRecord) => Promise<T>): Promise<T> {
    const { id } = this.find(reference);
    return this.#parts.lock.run(id, () => body(this.#parts.records.find(id)));
  }
}

/** Who sends SIGKILL wants it killed, also when that is its stop signal. */
const endingBy = (signal: number): Ending => ({ asked: signal === SIGKILL ? "kill" : "stop" });

const rooted = (name: string): string => (name.startsWith("/") ? name : `/${name}`);

/** Docker says so of every name that a rename cannot have. */
function whileNaming<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof CtrError)) throw error;
    const { kind, code, hint } = error;
    throw new CtrError(kind, `Error when allocating new name: ${error.message}`, { code, hint, cause: error });
  }
}

const stopSignalOf = ({ config }: Container): number => parseSignal(config.StopSignal || "SIGTERM");

/** It may end by itself just before it is stopped. */
function unlessStopped(error: unknown): void {
  if (!(error instanceof CtrError) || error.kind !== "notModified") throw error;
}

function stillRuns({ status }: Container, reference: string): CtrError {
  const why =
    status === "paused"
      ? "container is paused and must be unpaused first"
      : `container is ${status}: stop the container before removing or force remove`;
  return conflict(`cannot remove container "${reference}": ${why}`, "CTR_CONTAINER_RUNNING");
}
