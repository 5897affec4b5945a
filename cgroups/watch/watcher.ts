/**
 * Watches groups: kills for lack of memory, limits that act, pressure, the last process that goes. Woken by inotify where
 * the kernel announces something (v2 events), else by sampling counters: nothing that the kernel counts is lost in
 * between, only told of later.
 */
import { hasCode } from "../../lib/errors.ts";
import type { Cgroups } from "../cgroups.ts";
import type { Moment } from "../explain/types.ts";
import type { GroupEvent } from "./events.ts";
import { OomLog } from "./oom-log.ts";
import { type Thresholds, WatchedGroup } from "./watched-group.ts";

export interface WatcherOptions {
  /** Milliseconds between two samples; default 1000. 0 samples only when {@link GroupWatcher.poll} is called. */
  readonly interval?: number;
  readonly thresholds?: Partial<Thresholds>;
  /** Where victims are looked up; a log of its own when absent. */
  readonly oomLog?: OomLog;
}

const INTERVAL = 1000;
/** Milliseconds: the kernel writes its log a moment after it has counted a kill. */
const LOG_DELAY = 5;
/** Milliseconds between two looks at a group that the kernel announces without end, as one above its soft limit. */
const ANNOUNCED_INTERVAL = 100;

/** Long enough that a short peak is no event, short enough that a user sees it while it lasts. */
const DEFAULTS: Thresholds = {
  pressure: [
    { resource: "memory", kind: "some", share: 0.1, window: 2000 },
    { resource: "cpu", kind: "some", share: 0.5, window: 2000 },
    { resource: "io", kind: "some", share: 0.5, window: 2000 },
  ],
  throttled: { share: 0.25, window: 2000 },
};

interface Watched {
  readonly cgroups: Cgroups;
  readonly group: WatchedGroup;
  readonly inotify: DisposableStack;
  /** The look that an announcement has led to, and when the last one was. */
  readonly look: { timer: NodeJS.Timeout | undefined; last: number };
}

export class GroupWatcher implements Disposable {
  readonly #thresholds: Thresholds;
  readonly #oomLog: OomLog;
  readonly #listeners = new Set<(event: GroupEvent) => void>();
  readonly #momentListeners = new Set<(id: string, moment: Moment) => void>();
  readonly #groups = new Map<string, Watched>();
  readonly #timer: NodeJS.Timeout | undefined;

  constructor({ interval = INTERVAL, thresholds = {}, oomLog = new OomLog() }: WatcherOptions = {}) {
    this.#thresholds = { ...DEFAULTS, ...thresholds };
    this.#oomLog = oomLog;
    if (interval > 0) this.#timer = setInterval(() => this.poll(), interval).unref();
  }

  /** The log that victims are looked up in, for {@link Cgroups.facts}. */
  get oomLog(): OomLog {
    return this.#oomLog;
  }

  /** @returns ends the listening when disposed */
  onEvent(listener: (event: GroupEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** What was counted at each look: who keeps it has a history for nothing. @returns ends the listening when disposed */
  onMoment(listener: (id: string, moment: Moment) => void): Disposable {
    this.#momentListeners.add(listener);
    return { [Symbol.dispose]: () => this.#momentListeners.delete(listener) };
  }

  /**
   * Watching twice is fine.
   * @param since what has been counted since then is news; now when absent. `after` is the last victim that is known, as
   * {@link OomLog.last} gave it.
   * @throws `notFound`
   */
  add(cgroups: Cgroups, id: string, since?: { readonly moment: Moment; readonly after: number }): void {
    const path = cgroups.pathOf(id);
    if (this.#groups.has(path)) return;
    if (since === undefined) this.#oomLog.poll();
    const { moment = cgroups.moment(id), after = this.#oomLog.last } = since ?? {};
    const group = new WatchedGroup(id, path, moment, this.#thresholds, after);
    const inotify = new DisposableStack();
    const look = { timer: undefined, last: 0 };
    this.#groups.set(path, { cgroups, group, inotify, look });
    for (const file of cgroups.announcingFiles(id)) {
      inotify.use(cgroups.host.files.watch(file, () => this.#announced(id, path)));
    }
  }

  remove(cgroups: Cgroups, id: string): void {
    const path = cgroups.pathOf(id);
    const watched = this.#groups.get(path);
    clearTimeout(watched?.look.timer);
    watched?.inotify.dispose();
    this.#groups.delete(path);
  }

  /** Looks at all groups now, or at one. @returns what was told */
  poll(cgroups?: Cgroups, id?: string): GroupEvent[] {
    if (cgroups !== undefined && id !== undefined) return this.#look(id, cgroups.pathOf(id));
    return [...this.#groups].flatMap(([path, { cgroups: all }]) => this.#look(path.slice(all.parent.length + 1), path));
  }

  /**
   * Looks a last time, at an exit and before the group is removed, and watches it no more. A kill is told of with its
   * victim, for which the kernel's log is waited for (2 ms, 100 at most); without a kill this waits for nothing.
   * @returns what was told
   */
  async finish(cgroups: Cgroups, id: string): Promise<GroupEvent[]> {
    const path = cgroups.pathOf(id);
    const group = this.#groups.get(path)?.group;
    const kills = group?.untold(cgroups.oomKills(id)) ?? 0;
    if (group !== undefined && kills > 0) await this.#oomLog.catchUp(path, kills, group.sequence);
    const events = this.#look(id, path, true);
    this.remove(cgroups, id);
    return events;
  }

  #announced(id: string, path: string): void {
    const look = this.#groups.get(path)?.look;
    if (look === undefined || look.timer !== undefined) return;
    const wait = Math.max(LOG_DELAY, look.last + ANNOUNCED_INTERVAL - performance.now());
    look.timer = setTimeout(() => this.#look(id, path), wait).unref();
  }

  #look(id: string, path: string, isLast = false): GroupEvent[] {
    const watched = this.#groups.get(path);
    if (watched === undefined) return [];
    const { cgroups, group, look } = watched;
    clearTimeout(look.timer);
    look.timer = undefined;
    look.last = performance.now();
    // The log first: of what it tells, the counters know already.
    this.#oomLog.poll();
    try {
      const moment = cgroups.moment(id);
      const victims = this.#oomLog.victimsIn(path, group.sequence);
      const events = group.compare(moment, victims, isLast || !this.#oomLog.isReadable);
      for (const listener of this.#momentListeners) listener(id, moment);
      for (const event of events) for (const listener of this.#listeners) listener(event);
      return events;
    } catch (error) {
      // Removed meanwhile: whoever removed it tells us.
      if (hasCode(error, "CTR_CGROUP_NOT_FOUND")) return [];
      throw error;
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const { inotify, look } of this.#groups.values()) {
      clearTimeout(look.timer);
      inotify.dispose();
    }
    this.#groups.clear();
    this.#oomLog[Symbol.dispose]();
  }
}
