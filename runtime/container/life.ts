/**
 * The life of each container: one thing at a time, what follows an end (restart by policy, automatic removal), and the
 * watch over exits.
 */
import { messageOf, systemFailure } from "../../lib/errors.ts";
import { isAlive, signalProcess } from "../../lib/system/process.ts";
import { SIGKILL } from "../../lib/system/signals.ts";
import type { Container } from "../types.ts";
import type { Execs } from "./execs.ts";
import { finishContainer, UNKNOWN_EXIT_CODE } from "./finish.ts";
import type { Parts } from "./parts.ts";
import { unpauseForSignal } from "./pause.ts";
import type { ContainerRecord } from "./records.ts";
import { removeContainer } from "./remove.ts";
import { checkRestartPolicy, nextDelay, type RestartPolicy, shouldRestart } from "./restart-policy.ts";
import { sandboxIdOf } from "./shared-network.ts";
import { type StartOptions, startContainer } from "./start.ts";
import { isUp } from "./up.ts";
import type { WaitResult } from "./waiters.ts";

/** Milliseconds between two looks for exits that nobody told us of. */
const DOUBT_INTERVAL = 5000;
/** Milliseconds after SIGKILL until clients that do not read are dropped: conmon waits for them before it ends. */
const SLOW_CLIENT_GRACE = 2000;
/** Milliseconds in which a killed container must be gone. */
const KILL_DEADLINE = 12_000;

const BY_USER: StartOptions = { restartCount: 0, restartDelay: 0 };

export interface RemoveOptions {
  /** Also those of its volumes that have no name and that no other container has. */
  readonly volumes: boolean;
}

export class Life implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #execs: Execs;
  readonly #restarts = new Map<string, NodeJS.Timeout>();
  /** A user restarts them: their end is no reason for automatic removal. */
  readonly #kept = new Set<string>();
  #doubt: NodeJS.Timeout | undefined;
  #stopWatching: (() => void) | undefined;
  #closing = false;

  constructor(parts: Parts, execs: Execs) {
    this.#parts = parts;
    this.#execs = execs;
  }

  /** From now on ends are noticed, also those that happened already. */
  watch(): void {
    const { exits } = this.#parts.monitor;
    this.#stopWatching = exits.onExit((id) => void this.#parts.lock.run(id, () => this.#exited(id)));
    exits.scan();
    this.#doubt = setInterval(() => this.#lookAround(), DOUBT_INTERVAL).unref();
  }

  /** Call it under the lock. @throws the reason why it could not be started */
  async start(record: ContainerRecord, options: StartOptions = BY_USER): Promise<void> {
    const { id } = record.container;
    this.cancelRestart(id);
    try {
      await this.#besideOwner(record, () => startContainer(this.#parts, record, options));
    } catch (error) {
      const { container } = this.#parts.records.find(id);
      this.#parts.waiters.exited(id, { exitCode: container.exitCode, error: container.error }, false);
      if (container.hostConfig.AutoRemove === true) await this.remove(id, { volumes: true });
      throw error;
    }
  }

  /** Who starts in the sandbox of another container holds that one still meanwhile. */
  #besideOwner({ container }: ContainerRecord, body: () => Promise<void>): Promise<void> {
    const owner = sandboxIdOf(this.#parts.records, container);
    return owner === container.id ? body() : this.#parts.lock.run(owner, body);
  }

  /** Call it under the lock. Without complaint when the container is gone. */
  async remove(id: string, options: RemoveOptions = { volumes: false }): Promise<void> {
    this.cancelRestart(id);
    const record = this.#parts.records.get(id);
    if (record === undefined) return;
    await removeContainer(this.#parts, record, options);
    this.#execs.forget(id);
  }

  /** Call it under the lock, for a container that has ended: restarts or removes it as it asked for. */
  async afterEnd(record: ContainerRecord): Promise<void> {
    const { container } = record;
    const { id, exitCode, restartCount } = container;
    const { waiters } = this.#parts;
    this.#execs.forgetUnstarted(id);
    const policy = policyOf(container);
    const restarts =
      !this.#closing && shouldRestart(policy, { exitCode, restartCount, stoppedByUser: record.stoppedByUser });
    if (restarts) this.#scheduleRestart(record);
    waiters.exited(id, resultOf(container), restarts);
    if (!restarts && container.hostConfig.AutoRemove === true && !this.#kept.has(id)) {
      await this.remove(id, { volumes: true });
    }
  }

  /** Runs `body`, in which the container's end does not remove it. */
  async keeping<T>(id: string, body: () => Promise<T>): Promise<T> {
    this.#kept.add(id);
    try {
      return await body();
    } finally {
      this.#kept.delete(id);
    }
  }

  /** @returns whether a restart was due */
  cancelRestart(id: string): boolean {
    const timer = this.#restarts.get(id);
    clearTimeout(timer);
    return this.#restarts.delete(id);
  }

  /** A user does not want the restart that is due. One that is under way is waited for: then the container may run. */
  async giveUpRestart(id: string): Promise<void> {
    if (this.#parts.records.get(id)?.container.status !== "restarting") return;
    if (!this.cancelRestart(id)) return this.#parts.lock.run(id, async () => {});
    const { container } = this.#parts.records.update(id, { status: "exited" }, { stoppedByUser: true });
    this.#parts.waiters.exited(id, resultOf(container), false);
  }

  /** Sends a signal to the first process. One that has ended meanwhile is fine. */
  signal({ init }: ContainerRecord, signal: number): void {
    if (init !== undefined && isAlive(init)) signalProcess(init.pid, signal);
  }

  /**
   * Resolves when the container has ended and is torn down.
   * @param milliseconds to wait; infinity for ever
   * @returns false when it still runs then
   */
  async ended(id: string, milliseconds: number): Promise<boolean> {
    const container = this.#parts.records.get(id)?.container;
    if (container === undefined || (!isUp(container) && container.status !== "restarting")) return true;
    const aborter = new AbortController();
    const exited = this.#parts.waiters.wait(id, "standstill", aborter.signal).then(() => true);
    if (milliseconds === Number.POSITIVE_INFINITY) return exited;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, milliseconds, false);
    });
    try {
      return await Promise.race([exited, late]);
    } finally {
      clearTimeout(timer);
      aborter.abort();
    }
  }

  /**
   * SIGKILL, until it is gone.
   * @throws `system` with Docker's text when it does not go
   */
  async kill(record: ContainerRecord): Promise<void> {
    const { id } = record.container;
    this.signal(record, SIGKILL);
    await unpauseForSignal(this.#parts, record.container, SIGKILL);
    if (await this.ended(id, SLOW_CLIENT_GRACE)) return;
    this.#parts.monitor.disconnect(id);
    if (await this.ended(id, KILL_DEADLINE - SLOW_CLIENT_GRACE)) return;
    throw systemFailure(`cannot kill container ${id}: tried to kill container, but did not receive an exit event`, {
      code: "CTR_KILL_FAILED",
      hint: "a process may hang in the kernel: look for state D in `ps`",
    });
  }

  /** Lets what is under way come to its end. Containers go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#stopWatching?.();
    clearInterval(this.#doubt);
    for (const id of [...this.#restarts.keys()]) this.cancelRestart(id);
    await this.#parts.lock.idle();
  }

  async #exited(id: string): Promise<void> {
    const { records, monitor, logger } = this.#parts;
    const record = records.get(id);
    const exitCode = monitor.exits.codeOf(id);
    if (exitCode === undefined) return;
    if (record === undefined || !isUp(record.container)) return monitor.exits.forget(id);
    try {
      const ended = monitor.exits.timeOf(id) ?? new Date();
      await this.afterEnd(await finishContainer(this.#parts, record, exitCode, ended));
    } catch (error) {
      logger.error(`The end of container ${record.container.name} could not be handled: ${messageOf(error)}`, { id });
    }
  }

  /** The kernel drops events when its queue is full, and a conmon that was killed tells nothing. */
  #lookAround(): void {
    const { records, monitor } = this.#parts;
    monitor.exits.scan();
    for (const { container, conmon } of records.all()) {
      if (!isUp(container) || conmon === undefined || isAlive(conmon)) continue;
      void this.#parts.lock.run(container.id, () => this.#lost(container.id));
    }
  }

  async #lost(id: string): Promise<void> {
    const { records, monitor, logger } = this.#parts;
    const record = records.get(id);
    if (record === undefined || !isUp(record.container)) return;
    if (record.conmon === undefined || isAlive(record.conmon)) return;
    if (monitor.exits.codeOf(id) !== undefined) return;
    logger.warn(`The monitor of container ${record.container.name} was killed; its processes are ended.`, { id });
    await this.afterEnd(await finishContainer(this.#parts, record, UNKNOWN_EXIT_CODE, new Date()));
  }

  #scheduleRestart(record: ContainerRecord): void {
    const { id, startedAt, finishedAt, restartCount } = record.container;
    const wait = nextDelay(record.restartDelay, Date.parse(finishedAt) - Date.parse(startedAt));
    this.#parts.records.update(id, { status: "restarting" });
    const restart = (): Promise<void> => this.#parts.lock.run(id, () => this.#restart(id, restartCount + 1, wait));
    this.#restarts.set(
      id,
      setTimeout(() => void restart(), wait),
    );
  }

  async #restart(id: string, restartCount: number, restartDelay: number): Promise<void> {
    const record = this.#parts.records.get(id);
    if (!this.#restarts.has(id) || record?.container.status !== "restarting") return;
    try {
      await this.start(record, { restartCount, restartDelay });
    } catch (error) {
      this.#parts.logger.error(`Container ${record.container.name} could not be restarted: ${messageOf(error)}`, {
        id,
      });
    }
  }
}

export function policyOf({ hostConfig }: Container): RestartPolicy {
  return checkRestartPolicy(hostConfig.RestartPolicy, hostConfig.AutoRemove === true);
}

export function resultOf({ exitCode, error }: Container): WaitResult {
  return error === "" ? { exitCode } : { exitCode, error };
}
