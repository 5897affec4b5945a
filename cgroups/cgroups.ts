/** The limits of one engine: groups below one parent, each with its limits, from making to removing. */
import { invalid, notFound } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { applyPlan } from "./apply.ts";
import { checkAgain } from "./check.ts";
import { type KernelStats, readKernelStats, readMemoryStat } from "./docker/kernel-stats.ts";
import { collectFacts, type FactsOptions, readMoment } from "./explain/collect.ts";
import type { Facts, Moment } from "./explain/types.ts";
import { isFrozen, isFrozenItself, setFrozen } from "./freeze.ts";
import { existingGroup } from "./group-files.ts";
import { HeldFiles } from "./held-files.ts";
import type { CgroupHost } from "./host.ts";
import { killGroup } from "./kill.ts";
import { initialText, makeGroup } from "./make.ts";
import { countOomKills } from "./oom.ts";
import { planChange } from "./plan.ts";
import { readPressure, readWaited, type WaitedTime } from "./pressure.ts";
import { processesIn } from "./processes.ts";
import { readEnforced, readLimits } from "./read.ts";
import { removeEmpty, removeGroup } from "./remove.ts";
import { completed } from "./repair.ts";
import { scoreWrites } from "./scores.ts";
import { type GroupSignals, readSignals, signalFiles } from "./signals.ts";
import { readSomeStats, readStats, type SomeStats, type StatsPart } from "./stats.ts";
import { sweepGroups } from "./sweep.ts";
import { GroupTree, groupId, parentPath, WHOLE } from "./tree.ts";
import type { Cgroup, GroupPressure, GroupStats, LimitField, LimitReading, Limits } from "./types.ts";

export interface CgroupsOptions {
  readonly host: CgroupHost;
  /** Parent of all groups, absolute within every hierarchy: `/ctr`. */
  readonly parent: string;
  readonly logger: Logger;
}

export interface UpdateOptions {
  /** What the user asked for before: keeps a total of memory and swap as it was meant. */
  readonly asked?: Limits;
}

/** One file that was changed. */
export interface ChangedFile {
  readonly limit: LimitField;
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/**
 * Makes, changes, reads and removes groups. What is true is in the kernel and nothing is remembered here, so a new
 * instance goes on where another was killed.
 *
 * On a hybrid host each group has a directory in every v1 hierarchy, where its limits are, and one in the v2 hierarchy,
 * through which it is killed, frozen and watched.
 *
 * An id names a group below the parent. `<id>/<name>` is a group inside of it (an exec with limits of its own),
 * {@link groupId} gives the id of a named group, and {@link WHOLE} stands for the parent itself: the ceiling over all.
 */
export class Cgroups {
  readonly #tree: GroupTree;
  readonly #held: HeldFiles;
  readonly #logger: Logger;
  readonly #others = new Map<string, Cgroups>();

  /** @throws `invalid` for a parent that is no absolute path below the root */
  constructor({ host, parent, logger }: CgroupsOptions) {
    this.#tree = new GroupTree(host, parent);
    this.#held = new HeldFiles(this.#tree);
    this.#logger = logger;
  }

  get host(): CgroupHost {
    return this.#tree.host;
  }

  get parent(): string {
    return this.#tree.parent;
  }

  /**
   * The groups below another parent: what `--cgroup-parent` gives. An absolute path as it is; a name is the named group of
   * that name below this parent, so that it is under the same ceiling; nothing is this parent.
   * @throws `invalid`
   */
  under(parent: string | undefined): Cgroups {
    if (parent === undefined || parent === "") return this;
    // Asked for each container of each sample.
    const found = this.#others.get(parent);
    if (found !== undefined) return found;
    const path = parentPath(this.parent, parent);
    const other = path === this.parent ? this : (this.#others.get(path) ?? this.#below(path));
    this.#others.set(path, other).set(parent, other);
    return other;
  }

  #below(path: string): Cgroups {
    return new Cgroups({ host: this.host, parent: path, logger: this.#logger });
  }

  /**
   * Makes the group in every hierarchy and puts the limits in force, before any process is in it. A group of that name
   * that a crash left behind is taken over when it is empty. A memory limit without a total of memory and swap gets
   * twice as much, as Docker does. `oomScoreAdj` is checked here and set by whoever starts the process.
   *
   * On cgroup v2 the first group inside of another moves the processes of that one into a leaf `main` below it.
   *
   * @throws `invalid`, `unsupported` as `checkLimits`; `conflict` when processes live in such a group. Whatever was
   * made is removed again.
   */
  create(id: string, limits: Limits): Cgroup {
    const path = this.#oneGroup(id);
    checkAgain(limits, this.host);
    makeGroup(this.#tree, id, limits);
    this.#logger.debug("Made a cgroup.", { path, limits });
    return { id, path, directories: this.#tree.directoriesOf(id) };
  }

  /**
   * Changes limits of a group with or without processes, in an order that keeps every moment valid. Limits that are not
   * named stay; `unsetLimits` makes a change that takes some away. A memory limit alone keeps the total of memory and
   * swap, the swap, or Docker's default total, whichever was asked.
   *
   * @returns what was changed: file, old and new content
   * @throws `invalid`, `unsupported` as `checkLimits`; `conflict` when the group uses more memory than it may have
   * afterwards; `notFound`. The old limits are then in force.
   */
  update(id: string, change: Limits, { asked = {} }: UpdateOptions = {}): ChangedFile[] {
    this.#require(id);
    checkAgain(change, this.host, { isUpdate: true, asked });
    return this.#change(id, change, asked);
  }

  /**
   * Puts exactly these limits in force, and takes every other away: after an engine was killed between two writes, or
   * when somebody wrote files behind us.
   * @returns what was different; nothing when all was right
   * @throws as {@link update}
   */
  repair(id: string, asked: Limits): ChangedFile[] {
    this.#require(id);
    return this.#change(id, completed(this.host, asked), asked);
  }

  #change(id: string, change: Limits, asked: Limits): ChangedFile[] {
    const tree = this.#tree;
    const group = existingGroup(this.host.files, (hierarchy) => tree.directoryOf(hierarchy, id));
    const options = { asked, initialText: (file: string) => initialText(tree, file) };
    const plan = [...planChange(this.host, group, change, options), ...scoreWrites(tree, id, change)];
    applyPlan(this.host.files, plan);
    this.#logger.debug("Changed limits of a cgroup.", { path: this.pathOf(id), change });
    return plan.flatMap(({ row, path, previous, value }) =>
      previous === undefined ? [] : [{ limit: row.field, file: path, before: previous, after: value }],
    );
  }

  /**
   * Limits of a group of groups, which is made when it is not there: a named group, or with {@link WHOLE} the ceiling over
   * all groups of this parent together.
   * @throws as {@link update}
   */
  limitGroup(id: string, limits: Limits, options: UpdateOptions = {}): ChangedFile[] {
    if (!this.exists(id)) this.#tree.makeParent(id);
    return this.update(id, limits, options);
  }

  /** The group's path in every hierarchy, `/ctr/<id>`: for `linux.cgroupsPath` of an OCI bundle. @throws `invalid` */
  pathOf(id: string): string {
    return this.#tree.pathOf(id);
  }

  /** The group's directory in each hierarchy. @throws `invalid` */
  directoriesOf(id: string): string[] {
    return this.#tree.directoriesOf(id);
  }

  /** Directories of the group that somebody removed, in those hierarchies that it should be in. @throws `invalid` */
  missingDirectories(id: string): string[] {
    return this.#tree.directoriesOf(id).filter((directory) => !this.host.files.exists(directory));
  }

  /**
   * The limits in force, also those that were not asked for, each with its origin, its file, its text and the present use.
   * @param asked what the user gave, shown beside
   */
  read(id: string, asked: Limits = {}): LimitReading[] {
    return readLimits(this.#tree, id, asked);
  }

  /** These limits alone, as the group's own files have them: a tenth of the time of {@link read}. */
  enforced(id: string, fields: readonly LimitField[]): Limits {
    return readEnforced(this.#tree, id, fields);
  }

  /** Counters at this moment. @throws `notFound` */
  stats(id: string): GroupStats {
    return readStats(this.#tree, id, this.#held);
  }

  /** Those that are always shown, and those of the parts; what is not read costs nothing. @throws `notFound` */
  someStats(id: string, parts: ReadonlySet<StatsPart>): SomeStats {
    return readSomeStats(this.#tree, id, this.#held, parts);
  }

  /** memory.stat with the kernel's own keys, as Docker's API shows it; empty without a memory controller. @throws `notFound` */
  memoryStat(id: string): Record<string, number> {
    return readMemoryStat(this.#tree, id, this.#held);
  }

  /** What Docker's API passes through of the kernel's counters. @throws `notFound` */
  kernelStats(id: string): KernelStats {
    return readKernelStats(this.#tree, id, this.#held);
  }

  /** Time lost waiting for CPU, memory and block I/O; empty where the kernel does not measure it. @throws `notFound` */
  pressure(id: string): GroupPressure {
    return readPressure(this.#tree, id, this.#held);
  }

  /** Of the same the total time alone. Nothing for a group that is gone. */
  waited(id: string): WaitedTime {
    return readWaited(this.#tree, id, this.#held);
  }

  /** What the kernel counts when limits act. Nothing for a group that is gone. */
  signals(id: string): GroupSignals {
    return readSignals(this.#tree, id, this.#held.of(id));
  }

  /** All counters now: two of them make rates, many make advice. @throws `notFound` */
  moment(id: string): Moment {
    return readMoment(this.#tree, id, this.#held);
  }

  /** Everything that `explain` goes by, as plain data. Keep it at an exit: it is gone with the group. @throws `notFound` */
  facts(id: string, options: FactsOptions = {}): Facts {
    return collectFacts(this.#tree, id, this.#held, options);
  }

  /** Files of the group that inotify announces changes of. */
  announcingFiles(id: string): string[] {
    const { memory, pids, events } = signalFiles(this.#tree, id);
    const isV2 = this.host.controllers.get("memory")?.version === 2;
    return [...(isV2 ? [memory, pids] : []), events].filter((file) => this.host.files.exists(file));
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
    this.#oneGroup(id);
    return setFrozen(this.#tree, id, true);
  }

  /** Lets them go on. @throws `notFound`, `system` after 10 s */
  thaw(id: string): Promise<void> {
    return setFrozen(this.#tree, id, false);
  }

  /** Whether its processes have stopped, or are about to; false for a group that is gone. */
  isFrozen(id: string): boolean {
    return isFrozen(this.#tree, id);
  }

  /** Whether it is frozen by itself, which {@link thaw} can undo, and not only by a group above. */
  isFrozenItself(id: string): boolean {
    return isFrozenItself(this.#tree, id);
  }

  /** SIGKILL to all, also to frozen ones; resolves when none is left. @throws `system` after 10 s, with the pids */
  kill(id: string): Promise<void> {
    this.#oneGroup(id);
    return killGroup(this.#tree, id);
  }

  /**
   * Removes the group and the groups below it. One that is not there is fine. Gives processes on their way out 2 s.
   * @throws `conflict` when processes live in it
   */
  remove(id: string): Promise<void> {
    this.#oneGroup(id);
    this.#held.release(id);
    return removeGroup(this.#tree, id);
  }

  /** Removes one group where nothing is in it, neither processes nor groups; says nothing where something is. */
  removeEmpty(id: string): void {
    this.#held.release(id);
    for (const directory of this.#tree.directoriesOf(id)) removeEmpty(this.host.files, directory);
  }

  /** Names of the groups directly below a group: its execs with limits of their own, and what its processes made. */
  children(id: string): string[] {
    const { files } = this.host;
    const names = this.#tree
      .directoriesOf(id)
      .map((directory) => (files.exists(directory) ? files.directories(directory) : []));
    return [...new Set(names.flat())];
  }

  /** Ids of all groups below the parent, also incomplete ones; not the named groups. */
  list(): string[] {
    return this.#tree.list();
  }

  /** Names of the named groups below the parent; {@link groupId} gives their ids. */
  groups(): string[] {
    return this.#tree.groups();
  }

  /**
   * Removes what crashes left: every group without processes that is not to be kept, also in named groups.
   * @param keep ids of groups that belong to somebody
   * @returns paths of groups that are not to be kept and have processes: kill and remove those
   */
  sweep(keep: ReadonlySet<string>): string[] {
    const trees = [this.#tree, ...this.groups().map((name) => new GroupTree(this.host, this.pathOf(groupId(name))))];
    return trees.flatMap((tree) => sweepGroups(tree, keep));
  }

  exists(id: string): boolean {
    return this.#tree.exists(id);
  }

  /** Removes the parent group where no group is left in it. */
  removeParent(): void {
    this.#tree.removeParent();
  }

  /** What makes or ends something is for one group at a time. @throws `invalid` for {@link WHOLE} */
  #oneGroup(id: string): string {
    if (id === WHOLE) throw invalid(`invalid cgroup id: "${id}"`, "CTR_CGROUP_ID_INVALID");
    return this.pathOf(id);
  }

  /** @throws `notFound` */
  #require(id: string): void {
    if (!this.exists(id)) throw notFound(`no such cgroup: ${this.pathOf(id)}`, "CTR_CGROUP_NOT_FOUND");
  }
}
