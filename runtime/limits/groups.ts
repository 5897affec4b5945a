/**
 * Limits of several containers together: named groups, and the ceiling over all containers of this engine. What was asked
 * is in the store; the kernel's groups are made again from it when the engine starts, and when somebody removed them.
 */
import {
  type Cgroups,
  checkLimits,
  type DockerResources,
  type GroupStats,
  groupId,
  type LimitReading,
  type Limits,
  limitsOfDocker,
  NO_STATS,
  WHOLE,
} from "../../cgroups/index.ts";
import { conflict, invalid, messageOf, notFound } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Migrations, Store } from "../../lib/store.ts";
import type { LimitChange } from "../types.ts";
import { changedResources, describeChange, describeFiles, limitsBetween } from "./change.ts";

/** Name of the ceiling over all containers together. */
export const CEILING = "ctr";

export const limitGroupMigrations: Migrations = {
  layer: "limits",
  steps: ["CREATE TABLE limit_groups (name TEXT PRIMARY KEY, resources TEXT NOT NULL) STRICT"],
};

export interface LimitGroup {
  readonly name: string;
  /** Within every hierarchy: `/ctr/shop.group`. */
  readonly path: string;
  /** What was asked; nothing for a group that containers named and nobody limited. */
  readonly resources: DockerResources;
  /** Ids of the containers that have it as their parent, running or not. All of them for {@link CEILING}. */
  readonly containers: readonly string[];
}

export interface LimitGroupsOptions {
  /** Must have run {@link limitGroupMigrations}. */
  readonly store: Store;
  readonly cgroups: Cgroups;
  readonly logger: Logger;
}

/** Names of groups, each with the ids of the containers in it. */
export type GroupUsers = () => ReadonlyMap<string, readonly string[]>;

export class LimitGroups {
  readonly #store: Store;
  readonly #cgroups: Cgroups;
  readonly #logger: Logger;
  readonly #asked = new Map<string, DockerResources>();
  #users: GroupUsers = () => new Map();

  constructor({ store, cgroups, logger }: LimitGroupsOptions) {
    this.#store = store;
    this.#cgroups = cgroups;
    this.#logger = logger;
    const rows = store.all<{ name: string; resources: string }>("SELECT name, resources FROM limit_groups");
    for (const { name, resources } of rows) this.#asked.set(name, JSON.parse(resources) as DockerResources);
  }

  /** @param users who knows which containers are in which group */
  attach(users: GroupUsers): void {
    this.#users = users;
  }

  /** Those with limits and those with containers, by name. */
  list(): LimitGroup[] {
    const users = this.#users();
    const used = [...users.keys()].filter((name) => name !== CEILING);
    return [...new Set([...this.#asked.keys(), ...used])].sort().map((name) => this.#group(name, users));
  }

  /** @throws `notFound` */
  find(name: string): LimitGroup {
    const users = this.#users();
    if (name !== CEILING && !this.#asked.has(name) && !users.has(name)) throw unknownGroup(name);
    return this.#group(name, users);
  }

  /** The limits as the kernel enforces them now; none while the group is not there. @throws `notFound` */
  limits(name: string): LimitReading[] {
    const { resources } = this.find(name);
    const id = idOf(name);
    return this.#cgroups.exists(id) ? this.#cgroups.read(id, limitsOfDocker(resources)) : [];
  }

  /** @throws `notFound` */
  stats(name: string): GroupStats {
    this.find(name);
    const id = idOf(name);
    return this.#cgroups.exists(id) ? this.#cgroups.stats(id) : NO_STATS;
  }

  isKnown(name: string): boolean {
    return this.#asked.has(name);
  }

  /**
   * Limits a group, which is made when it is not there. What is not named stays.
   * @param unset limits to be taken away, by any of their names
   * @returns what is different now
   * @throws `invalid`, `unsupported`, `conflict` as the limits of a container, `notFound` when limits are only taken away
   * from a group that is not there; the old limits are then in force
   */
  set(name: string, change: DockerResources, unset: readonly string[] = []): LimitChange[] {
    const id = idOf(name);
    if (Object.keys(change).length === 0) this.find(name);
    const present = this.#asked.get(name) ?? {};
    const resources = changedResources(present, change, unset);
    checkIsOfGroups(resources);
    const [before, after] = [limitsOfDocker(present), limitsOfDocker(resources)];
    checkLimits(after, this.#cgroups.host);
    const files = this.#cgroups.limitGroup(id, limitsBetween(before, after), { asked: before });
    try {
      this.#save(name, resources);
    } catch (error) {
      this.#cgroups.update(id, limitsBetween(after, before), { asked: after });
      throw error;
    }
    return describeChange(before, after, files);
  }

  /**
   * Takes a group away, for the ceiling all its limits.
   * @throws `notFound`; `conflict` when containers are in it
   */
  remove(name: string): void {
    const { containers } = this.find(name);
    if (name === CEILING) {
      this.#cgroups.repair(WHOLE, {});
    } else {
      if (containers.length > 0) throw stillUsed(name, containers);
      this.#cgroups.removeEmpty(groupId(name));
    }
    this.#store.run("DELETE FROM limit_groups WHERE name = ?", name);
    this.#asked.delete(name);
  }

  /** Puts the limits that were asked in force again, wherever they are not. @returns what was different */
  repair(name: string): LimitChange[] {
    const { resources } = this.find(name);
    return this.#restore(name, limitsOfDocker(resources));
  }

  #restore(name: string, limits: Limits): LimitChange[] {
    const id = idOf(name);
    if (!this.#cgroups.exists(id)) return describeChange({}, limits, this.#cgroups.limitGroup(id, limits));
    return describeFiles(this.#cgroups.repair(id, limits));
  }

  /**
   * Before a container is started below a group: a group that somebody removed has its limits again.
   * @param name undefined for the ceiling alone
   */
  ensure(name: string | undefined): void {
    for (const group of [CEILING, ...(name === undefined ? [] : [name])]) {
      const resources = this.#asked.get(group);
      if (resources === undefined || this.#cgroups.exists(idOf(group))) continue;
      this.#cgroups.limitGroup(idOf(group), limitsOfDocker(resources));
    }
  }

  /**
   * When the engine starts: makes the groups, and ends what a crash cut short: limits that were put in force and not
   * recorded, groups that nobody is in. Failures are logged.
   */
  reconcile(): void {
    const users = this.#users();
    const inKernel = this.#cgroups.exists(WHOLE) ? [CEILING, ...this.#cgroups.groups()] : [];
    for (const name of new Set([...this.#asked.keys(), ...inKernel])) {
      try {
        const resources = this.#asked.get(name);
        if (resources === undefined && name !== CEILING && !users.has(name)) this.#cgroups.removeEmpty(groupId(name));
        else this.#restore(name, limitsOfDocker(resources ?? {}));
      } catch (error) {
        this.#logger.error(`Could not limit the group ${name}: ${messageOf(error)}`);
      }
    }
  }

  /** A container has ended: a group that only its name made goes with the last one in it. */
  release(name: string): void {
    if (!this.#asked.has(name)) this.#cgroups.removeEmpty(groupId(name));
  }

  /** Removes the kernel's groups that are empty; they are made again at the next start. */
  releaseAll(): void {
    for (const name of this.#cgroups.groups()) this.#cgroups.removeEmpty(groupId(name));
  }

  #group(name: string, users: ReadonlyMap<string, readonly string[]>): LimitGroup {
    return {
      name,
      path: this.#cgroups.pathOf(idOf(name)),
      resources: this.#asked.get(name) ?? {},
      containers: name === CEILING ? [...users.values()].flat() : (users.get(name) ?? []),
    };
  }

  #save(name: string, resources: DockerResources): void {
    this.#store.run("INSERT OR REPLACE INTO limit_groups VALUES (?, ?)", name, JSON.stringify(resources));
    this.#asked.set(name, resources);
  }
}

/** @throws `invalid` for a bad name */
const idOf = (name: string): string => (name === CEILING ? WHOLE : groupId(name));

/** The score is that of processes, and there is no group of them that it could be kept for. */
function checkIsOfGroups({ OomScoreAdj }: DockerResources): void {
  if (OomScoreAdj === undefined) return;
  throw invalid("a group has no oom_score_adj: it belongs to processes", {
    code: "CTR_LIMIT_NOT_OF_GROUPS",
    hint: "give --oom-score-adj to the containers in the group",
  });
}

const unknownGroup = (name: string) =>
  notFound(`no such limit group: ${name}`, { code: "CTR_LIMIT_GROUP_NOT_FOUND", hint: "see: ctr limit groups" });

const stillUsed = (name: string, containers: readonly string[]) =>
  conflict(`the group ${name} is used by ${containers.length} container${containers.length === 1 ? "" : "s"}`, {
    code: "CTR_LIMIT_GROUP_IN_USE",
    hint: `remove them first: ${containers.map((id) => id.slice(0, 12)).join(", ")}`,
  });
