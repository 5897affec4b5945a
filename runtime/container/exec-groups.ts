/** The groups of execs that have limits of their own: children of their container's, named by the exec's id. */
import { setTimeout as delay } from "node:timers/promises";
import { type Cgroups, checkLimits, type DockerResources, type Limits, startingLimits } from "../../cgroups/index.ts";
import { codeOf } from "../../lib/errors.ts";
import { isFullId } from "../../lib/ids.ts";
import type { Container } from "../types.ts";
import { cgroupsOf, limitsOf } from "./limits.ts";
import type { Parts } from "./parts.ts";

/** Milliseconds between two looks for the end of what an exec has left running. */
const LINGER = 5000;

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
  readonly #limits: Limits;
  /** Below the container's group. */
  readonly name: string;

  private constructor(cgroups: Cgroups, container: string, name: string, limits: Limits) {
    this.#cgroups = cgroups;
    this.#container = container;
    this.#limits = limits;
    this.name = name;
  }

  /** @throws as `Cgroups.create`; nothing is left then */
  static make(parts: GroupParts, container: Container, execId: string, limits: Limits): ExecGroup {
    const group = new ExecGroup(cgroupsOf(parts, container), container.id, execId, limits);
    // The runtime's own threads count until the program runs, so the limit of tasks comes in two steps.
    const { pids } = startingLimits(limits);
    group.#cgroups.create(group.#id, pids === undefined ? limits : { ...limits, pids });
    return group;
  }

  get #id(): string {
    return `${this.#container}/${this.name}`;
  }

  /** The program runs: what is not in force yet comes now. One that has ended already may have no group any more. */
  complete(): void {
    const { pids } = this.#limits;
    if (pids !== undefined && this.#cgroups.exists(this.#id)) this.#cgroups.update(this.#id, { pids });
  }

  /** The program is not to run after all. */
  async abandon(): Promise<void> {
    await this.#cgroups.kill(this.#id);
    await this.#cgroups.remove(this.#id);
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
