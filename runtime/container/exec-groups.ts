/** The groups of execs that have limits of their own: children of their container's, named by the exec's id. */
import { setTimeout as delay } from "node:timers/promises";
import { type Cgroups, checkLimits, type DockerResources, type Limits, startingLimits } from "../../cgroups/index.ts";
import { codeOf } from "../../lib/errors.ts";
import { isFullId } from "../../lib/ids.ts";
import { ExecWatch } from "../../lib/system/exec-watch.ts";
import { SystemCallError } from "../../lib/system/libc.ts";
import type { Container } from "../types.ts";
import { cgroupsOf, limitsOf } from "./limits.ts";
import type { Parts } from "./parts.ts";

/** Milliseconds between two looks for the end of what an exec has left running. */
const LINGER = 5000;

/** Milliseconds in which a program that the runtime has begun gets to its execve(2), or has ended. */
const HELD = 1000;

type GroupParts = Pick<Parts, "cgroups" | "groups" | "defaults">;

/** @throws `invalid`, `unsupported` for limits that no exec, or this host, can have */
export function execLimits(parts: GroupParts, resources: DockerResources | undefined): Limits | undefined {
  if (resources === undefined) return undefined;
  const limits = limitsOf(resources);
  if (Object.keys(limits).length === 0) return undefined;
  checkLimits(limits, parts.cgroups.host);
  return limits;
}

/** A group for one exec, while it runs. */
export class ExecGroup {
  readonly #cgroups: Cgroups;
  readonly #container: string;
  /** A limit of tasks in which the runtime itself would not fit. */
  #latePids: Limits["pids"];
  #watch: ExecWatch | undefined;
  /** Below the container's group. */
  readonly name: string;

  private constructor(cgroups: Cgroups, container: string, name: string) {
    this.#cgroups = cgroups;
    this.#container = container;
    this.name = name;
  }

  /** @throws as `Cgroups.create`; nothing is left then */
  static make(parts: GroupParts, container: Container, execId: string, limits: Limits): ExecGroup {
    const group = new ExecGroup(cgroupsOf(parts, container), container.id, execId);
    const { pids } = startingLimits(limits);
    group.#cgroups.create(group.#id, pids === undefined ? limits : { ...limits, pids });
    if (pids !== limits.pids) group.#limitPidsAtStart(limits.pids, container.pid);
    return group;
  }

  /**
   * The runtime's own threads count until the program runs, so a small limit of tasks comes in force between the two: while
   * execve(2) is held. Where programs cannot be held it comes when the runtime has said that the program runs.
   */
  #limitPidsAtStart(pids: Limits["pids"], containerPid: number): void {
    this.#latePids = pids;
    try {
      this.#watch = ExecWatch.of(containerPid, (pid) => this.#atStart(pid));
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
    }
  }

  /** @param pid of a program that is about to begin somewhere in the container */
  #atStart(pid: number): void {
    try {
      if (this.#cgroups.processes(this.#id).includes(pid)) this.#putLateInForce();
    } catch {
      // It is tried again, and told of, when the program runs.
    }
  }

  #putLateInForce(): void {
    const pids = this.#latePids;
    if (pids !== undefined && this.#cgroups.exists(this.#id)) this.#cgroups.update(this.#id, { pids });
    this.#latePids = undefined;
  }

  get #id(): string {
    return `${this.#container}/${this.name}`;
  }

  /**
   * The runtime says that the program runs: what is not in force yet comes now. It says so before its own execve(2), so a
   * program that is held, or about to be, must not be let go before the limit is there.
   */
  async complete(): Promise<void> {
    const deadline = Date.now() + HELD;
    while (this.#watch !== undefined && this.#latePids !== undefined && Date.now() < deadline) await delay(1);
    this.#putLateInForce();
    this.#endWatch();
  }

  /** The program is not to run after all. */
  async abandon(): Promise<void> {
    this.#endWatch();
    await this.#cgroups.kill(this.#id);
    await this.#cgroups.remove(this.#id);
  }

  #endWatch(): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  /** What the program left running stays under its limits, and the group until that ends, or the container. */
  async remove(): Promise<void> {
    for (;;) {
      try {
        return await this.#cgroups.remove(this.#id);
      } catch (error) {
        if (codeOf(error) !== "CTR_CGROUP_BUSY") throw error;
      }
      while (this.#cgroups.processes(this.#id).length > 0) await delay(LINGER, undefined, { ref: false });
    }
  }
}

/** For the next engine: execs are not kept over a restart, but what they started may go on. */
export async function removeEndedExecs(parts: GroupParts, container: Container): Promise<void> {
  const cgroups = cgroupsOf(parts, container);
  for (const name of cgroups.children(container.id)) {
    const id = `${container.id}/${name}`;
    if (isFullId(name) && cgroups.processes(id).length === 0) await cgroups.remove(id);
  }
}
