/** The limits of one engine: groups below one parent, each with its limits, from making to removing. */
import { conflict, notFound } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { applyPlan } from "./apply.ts";
import { checkLimits } from "./check.ts";
import { setFrozen } from "./freeze.ts";
import { HeldFiles } from "./held-files.ts";
import type { CgroupHost, Hierarchy } from "./host.ts";
import { killGroup } from "./kill.ts";
import { countOomKills } from "./oom.ts";
import { existingGroup, freshGroup, planChange } from "./plan.ts";
import { descendants, processesIn } from "./processes.ts";
import { readLimits } from "./read.ts";
import { removeGroup } from "./remove.ts";
import { readStats } from "./stats.ts";
import { GroupTree } from "./tree.ts";
import type { Cgroup, GroupStats, LimitReading, Limits } from "./types.ts";

export interface CgroupsOptions {
  readonly host: CgroupHost;
  /** Parent of all groups, absolute within every hierarchy: `/ctr`. */
  readonly parent: string;
  readonly logger: Logger;
}

/**
 * Makes, changes, reads and removes groups. What is true is in the kernel and nothing is remembered here, so a new
 * instance goes on where another was killed.
 *
 * On a hybrid host each group has a directory in every v1 hierarchy, where its limits are, and one in the v2 hierarchy,
 * through which it is killed, frozen and watched.
 */
export class Cgroups {
  readonly #tree: GroupTree;
  readonly #held: HeldFiles;
  readonly #logger: Logger;

  /** @throws `invalid` for a parent that is no absolute path below the root */
  constructor({ host, parent, logger }: CgroupsOptions) {
    this.#tree = new GroupTree(host, parent);
    this.#held = new HeldFiles(host.files);
    this.#logger = logger;
  }

  get host(): CgroupHost {
    return this.#tree.host;
  }

  /**
   * Makes the group in every hierarchy and puts the limits in force, before any process is in it. A group of that name
   * that a crash left behind is taken over when it is empty. A memory limit without a total of memory and swap gets
   * twice as much, as Docker does. `oomScoreAdj` is checked here and set by whoever starts the process.
   *
   * @throws `invalid`, `unsupported` as {@link checkLimits}; `conflict` when processes live in such a group. Whatever was
   * made is removed again.
   */
  create(id: string, limits: Limits): Cgroup {
    const path = this.#tree.pathOf(id);
    checkLimits(limits, this.host);
    using undo = new DisposableStack();
    for (const hierarchy of this.host.hierarchies) {
      const directory = this.#tree.directoryOf(hierarchy, id);
      if (!this.#tree.make(hierarchy, id)) this.#takeOver(hierarchy, id);
      undo.defer(() => this.host.files.removeDirectory(directory));
    }
    applyPlan(this.host.files, planChange(this.host, freshGroup(this.#directoryOf(id)), limits));
    undo.move();
    this.#logger.debug("Made a cgroup.", { path, limits });
    return { id, path, directories: this.#tree.directoriesOf(id) };
  }

  /**
   * Changes limits of a group with or without processes, in an order that keeps every moment valid. Limits that are not
   * named stay. A memory limit alone keeps Docker's default total (twice as much) or the total that was asked.
   *
   * @throws `invalid`, `unsupported` as {@link checkLimits}; `conflict` when the group uses more memory than it may have
   * afterwards; `notFound`. The old limits are then in force.
   */
  update(id: string, limits: Limits): void {
    if (!this.exists(id)) throw notFound(`no such cgroup: ${this.pathOf(id)}`, "CTR_CGROUP_NOT_FOUND");
    checkLimits(limits, this.host, { isUpdate: true });
    const group = existingGroup(this.host, this.#directoryOf(id));
    applyPlan(this.host.files, planChange(this.host, group, limits));
    this.#logger.debug("Changed limits of a cgroup.", { path: this.pathOf(id), limits });
  }

  /** The group's path in every hierarchy, `/ctr/<id>`: for `linux.cgroupsPath` of an OCI bundle. @throws `invalid` */
  pathOf(id: string): string {
    return this.#tree.pathOf(id);
  }

  /**
   * The limits in force, also those that were not asked for, each with its file, its text and the present use.
   * @param asked what the user gave, shown beside
   */
  read(id: string, asked: Limits = {}): LimitReading[] {
    return readLimits(this.#tree, id, asked);
  }

  /** Counters at this moment. @throws `notFound` */
  stats(id: string): GroupStats {
    return readStats(this.#tree, id, this.#held);
  }

  /** Processes killed for lack of memory since the group was made; 0 for a group that is gone. */
  oomKills(id: string): number {
    return countOomKills(this.#tree, id);
  }

  /** Pids in the group and in groups below it, ascending; none for a group that is gone. */
  processes(id: string): number[] {
    return processesIn(this.host.files, this.#tree.directoriesOf(id));
  }

  /** Stops all processes; resolves when they have stopped. @throws `notFound`, `system` after 10 s */
  freeze(id: string): Promise<void> {
    return setFrozen(this.#tree, id, true);
  }

  /** Lets them go on. @throws `notFound`, `system` after 10 s */
  thaw(id: string): Promise<void> {
    return setFrozen(this.#tree, id, false);
  }

  /** SIGKILL to all, also to frozen ones; resolves when none is left. @throws `system` after 10 s, with the pids */
  kill(id: string): Promise<void> {
    return killGroup(this.#tree, id);
  }

  /**
   * Removes the group and the groups below it. One that is not there is fine. Gives processes on their way out 2 s.
   * @throws `conflict` when processes live in it
   */
  remove(id: string): Promise<void> {
    this.#held.release(id);
    return removeGroup(this.#tree, id);
  }

  /** Ids of all groups below the parent, also incomplete ones. */
  list(): string[] {
    return this.#tree.list();
  }

  exists(id: string): boolean {
    return this.#tree.exists(id);
  }

  /** Removes the parent group where no group is left in it. */
  removeParent(): void {
    this.#tree.removeParent();
  }

  #directoryOf(id: string): (hierarchy: Hierarchy) => string {
    return (hierarchy) => this.#tree.directoryOf(hierarchy, id);
  }

  /** A left-over may hold limits of its former life: an empty one is made anew. @throws `conflict` */
  #takeOver(hierarchy: Hierarchy, id: string): void {
    const { files } = this.host;
    const directory = this.#tree.directoryOf(hierarchy, id);
    const pids = processesIn(files, [directory]);
    if (pids.length > 0) {
      throw conflict(`the cgroup ${directory} exists, and processes live in it: ${pids.join(", ")}`, {
        code: "CTR_CGROUP_BUSY",
        hint: "kill and remove that group first",
      });
    }
    for (const group of [...descendants(files, directory), directory]) files.removeDirectory(group);
    this.#tree.make(hierarchy, id);
  }
}
