/** Programs that run in a container beside its first process. They are not kept over a restart of the engine. */
import { join } from "node:path";
import type { DockerResources } from "../../cgroups/index.ts";
import { conflict, messageOf, notFound } from "../../lib/errors.ts";
import { generateId } from "../../lib/ids.ts";
import type { Attachment, TerminalSize } from "../monitor/index.ts";
import { buildExecProcess, type ExecRequest, exitCodeOfFailure, resolveUser } from "../oci/index.ts";
import type { Container, Ulimit } from "../types.ts";
import { emitContainer } from "./describe.ts";
import { ExecGroup, execLimits } from "./exec-groups.ts";
import { oomScoreOf } from "./limits.ts";
import { linkVariables } from "./link-variables.ts";
import { reachableLinks } from "./live-names.ts";
import type { Parts } from "./parts.ts";
import { joinUlimits, settleOpenFiles } from "./ulimits.ts";
import { requireUp } from "./up.ts";

/** Docker's names, as the Engine API has them. */
export interface ExecConfig extends ExecRequest {
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
  readonly DetachKeys?: string;
  /** ctr's own: limits inside of those of the container, for this program and its children alone. */
  readonly Resources?: DockerResources;
}

export interface ExecState {
  readonly id: string;
  readonly containerId: string;
  readonly running: boolean;
  /** Null until it has ended. */
  readonly exitCode: number | null;
  readonly pid: number;
  readonly request: ExecConfig;
}

export interface ExecStartOptions {
  readonly detach: boolean;
  readonly size?: TerminalSize;
}

/** Docker's code for a program that never got as far as the runtime. */
const NOT_STARTED = 126;

type Parted = Pick<
  Parts,
  | "records"
  | "monitor"
  | "paths"
  | "events"
  | "snapshots"
  | "host"
  | "network"
  | "cgroups"
  | "groups"
  | "defaults"
  | "logger"
>;

export class Execs {
  readonly #parts: Parted;
  readonly #states = new Map<string, ExecState>();
  readonly #endings = new Map<string, Promise<void>>();
  /** Of terminals that are not there yet: old clients send the size while the exec starts. */
  readonly #awaitedSizes = new Map<string, TerminalSize>();

  constructor(parts: Parted) {
    this.#parts = parts;
  }

  /**
   * @param reference what the user calls the container
   * @throws `conflict` with Docker's texts when the container does not run or is paused; `invalid` for a user that it does
   *   not know, and for limits that cannot be
   */
  create(container: Container, request: ExecConfig, reference: string): string {
    requireActive(container, reference);
    if (request.User) resolveUser(this.#parts.snapshots.path(container.id), request.User);
    execLimits(this.#parts, request.Resources);
    const id = generateId();
    this.#states.set(id, { id, containerId: container.id, running: false, exitCode: null, pid: 0, request });
    emitContainer(this.#parts, `exec_create: ${request.Cmd.join(" ")}`, container, { execID: id });
    return id;
  }

  /** @throws `notFound` with Docker's text */
  inspect(id: string): ExecState {
    const state = this.#states.get(id);
    if (state === undefined) throw notFound(`No such exec instance: ${id}`, "CTR_EXEC_NOT_FOUND");
    return state;
  }

  /** Resolves when the exit code of a started exec is known, which may be a moment after its output has ended. */
  async ended(id: string): Promise<void> {
    await this.#endings.get(id);
  }

  /** Ids of a container's execs that have not ended. */
  of(containerId: string): string[] {
    return this.#all(containerId).flatMap(({ id, exitCode }) => (exitCode === null ? [id] : []));
  }

  #all(containerId: string): ExecState[] {
    return [...this.#states.values()].filter((state) => state.containerId === containerId);
  }

  /**
   * @returns its streams, or undefined when it is detached
   * @throws `conflict` when it was started before or the container does not run or is paused; the runtime's refusal in Docker's words
   */
  async start(id: string, { detach, size }: ExecStartOptions): Promise<Attachment | undefined> {
    const { containerId, running, exitCode, request } = this.inspect(id);
    if (running) throw conflict(`exec command ${id} is already running`, "CTR_EXEC_RUNNING");
    if (exitCode !== null) throw conflict(`exec command ${id} has already run`, "CTR_EXEC_ENDED");
    const { container } = this.#parts.records.find(containerId);
    requireActive(container, container.id);
    const tty = request.Tty ?? false;
    const directory = this.#directory(id, containerId);
    let attachment: Attachment | undefined;
    this.#change(id, { running: true });
    const limits = execLimits(this.#parts, request.Resources);
    // With the process itself: a program never runs before its own score.
    const oomScoreAdj = limits?.oomScoreAdj ?? oomScoreOf(container.hostConfig, this.#parts.cgroups.host);
    let group: ExecGroup | undefined;
    try {
      if (limits !== undefined) group = ExecGroup.make(this.#parts, container, id, limits);
      const { pid, exited } = await this.#parts.monitor.exec(
        {
          containerId,
          execId: id,
          directory,
          process: JSON.stringify(this.#process(container, request, oomScoreAdj, size)),
          tty,
          stdin: !detach && (request.AttachStdin ?? false),
          group: group?.name,
          oomScoreAdj,
        },
        (console) => {
          if (detach) return;
          attachment = console.attach({
            stdin: request.AttachStdin ?? false,
            stdout: request.AttachStdout ?? false,
            stderr: request.AttachStderr ?? false,
          });
        },
      );
      this.#change(id, { pid });
      settleOpenFiles(pid, this.#ulimits(container));
      await group?.complete();
      const awaited = this.#awaitedSizes.get(id);
      if (awaited !== undefined) this.#parts.monitor.resize(directory, awaited);
      emitContainer(this.#parts, `exec_start: ${request.Cmd.join(" ")}`, container, { execID: id });
      this.#endings.set(
        id,
        exited.then((code) => {
          this.#ended(id, container, code);
          if (group !== undefined) void this.#leave(group);
        }),
      );
      return attachment;
    } catch (error) {
      await group?.abandon();
      this.#change(id, { running: false, exitCode: exitCodeOfFailure(error) ?? NOT_STARTED });
      throw error;
    } finally {
      this.#awaitedSizes.delete(id);
    }
  }

  /** @throws `conflict` when it does not run */
  resize(id: string, size: TerminalSize): void {
    const { running, pid, containerId } = this.inspect(id);
    if (!running) throw conflict(`exec ${id} is not running`, "CTR_EXEC_NOT_RUNNING");
    if (pid === 0) this.#awaitedSizes.set(id, size);
    else this.#parts.monitor.resize(this.#directory(id, containerId), size);
  }

  /** Nobody will ask for this exec again. */
  drop(id: string): void {
    this.#states.delete(id);
    this.#endings.delete(id);
  }

  /** The container is removed. */
  forget(containerId: string): void {
    for (const { id } of this.#all(containerId)) this.drop(id);
  }

  /** The container has ended: what was not started in this run never will be. */
  forgetUnstarted(containerId: string): void {
    for (const { id, running, exitCode } of this.#all(containerId)) {
      if (!running && exitCode === null) this.#states.delete(id);
    }
  }

  /** Below the bundle: what an engine that was killed left there goes with the container's end. */
  #directory(id: string, containerId: string): string {
    return join(this.#parts.paths.bundle(containerId), "execs", id);
  }

  #process(container: Container, request: ExecConfig, oomScoreAdj: number, size: TerminalSize | undefined): object {
    const { config, hostConfig } = container;
    const Ulimits = this.#ulimits(container);
    // Links whose target has ended meanwhile are no obstacle here.
    const variables = linkVariables(container, reachableLinks(this.#parts, container));
    return buildExecProcess(
      {
        container: {
          hostConfig: { ...hostConfig, Ulimits },
          config: { ...config, Env: [...variables, ...(config.Env ?? [])] },
        },
        rootfs: this.#parts.snapshots.path(container.id),
        request,
        oomScoreAdj,
        ...(size === undefined ? {} : { size }),
      },
      this.#parts.host,
    );
  }

  #ulimits({ hostConfig }: Container): Ulimit[] {
    return joinUlimits(this.#parts.defaults.ulimits, hostConfig.Ulimits ?? []);
  }

  async #leave(group: ExecGroup): Promise<void> {
    await group.remove().catch((error: unknown) => this.#parts.logger.error(messageOf(error)));
  }

  #ended(id: string, container: Container, exitCode: number): void {
    this.#change(id, { running: false, exitCode, pid: 0 });
    emitContainer(this.#parts, "exec_die", container, { execID: id, exitCode: String(exitCode) });
  }

  #change(id: string, change: Partial<ExecState>): void {
    const state = this.#states.get(id);
    if (state !== undefined) this.#states.set(id, { ...state, ...change });
  }
}

/** @throws `conflict` with Docker's texts */
function requireActive(container: Container, reference: string): void {
  requireUp(container);
  if (container.status !== "paused") return;
  throw conflict(`Container ${reference} is paused, unpause the container before exec`, "CTR_CONTAINER_PAUSED");
}
