/**
 * Watches the limits of all containers that run: tells of kills for lack of memory when they happen, of limits that act,
 * of throttling and pressure; and remembers what was counted a moment ago.
 *
 * It costs a start nothing: a container is looked at only when it has run for a moment. Kills are seen in the kernel's log
 * at once, everything else by looking at each container every five seconds, a few at a time.
 */
import { beginning, type Cgroups, type GroupEvent, GroupWatcher, type Moment, OomLog } from "../../cgroups/index.ts";
import { hasCode } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { History } from "./history.ts";
import { type LimitEvent, LimitEvents } from "./watch-events.ts";
import { Repeats } from "./watch-repeats.ts";

export interface LimitWatchOptions {
  /** The name of a container; undefined when there is none. */
  readonly nameOf: (id: string) => string | undefined;
  /** Told of every event before anybody else. It is no reason to look at containers more often: those who follow are. */
  readonly announce: (event: LimitEvent) => void;
  readonly logger: Logger;
}

/** Milliseconds between two looks at the kernel's log, which cost 1 µs. */
const TICK = 250;
/** Milliseconds after which the log is read for the first time: then the engine is ready. */
const FIRST_POLL = 100;
/** Ticks in which each container is looked at once: five seconds, or one while somebody follows. */
const ROUND = 20;
const ROUND_WHILE_FOLLOWED = 4;

interface Run {
  readonly cgroups: Cgroups;
  /** News are what has been counted since then. Read only when the container is looked at for the first time. */
  readonly since: () => { readonly moment: Moment; readonly after: number };
}

export class LimitWatch implements Disposable {
  readonly events = new LimitEvents();
  readonly oomLog = new OomLog();
  readonly #options: LimitWatchOptions;
  readonly #watcher = new GroupWatcher({ interval: 0, oomLog: this.oomLog });
  readonly #history = new History();
  readonly #repeats = new Repeats();
  readonly #runs = new Map<string, Run>();
  /** Containers that began since the last tick. */
  readonly #fresh = new Set<string>();
  /** Containers that are still to be looked at in this round, and the ticks that are left of it. */
  #round: string[] = [];
  #ticksLeft = 0;
  #lastVictim = -1;
  readonly #firstPoll: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LimitWatchOptions) {
    this.#options = options;
    this.#watcher.onEvent((event) => this.#tell(event));
    this.#watcher.onMoment((id, moment) => this.#history.record(id, moment));
    // The whole log takes 20 ms: the first container to be started shall not wait for it.
    this.#firstPoll = setTimeout(() => this.oomLog.poll(), FIRST_POLL).unref();
  }

  /**
   * A container begins to run: its group has just been made.
   * @returns the kernel's last victim before: those after it are of this run
   */
  begin(cgroups: Cgroups, id: string): number {
    this.oomLog.poll();
    const since = { moment: beginning(Date.now()), after: this.oomLog.last };
    this.#add(id, { cgroups, since: () => since });
    return since.after;
  }

  /**
   * A container is found again by the next engine.
   * @param after the kernel's last victim before its run
   * @param oomKilled kills of this run have been told of; otherwise all of them are news
   */
  resume(cgroups: Cgroups, id: string, { after, oomKilled }: { readonly after: number; readonly oomKilled: boolean }) {
    const since = (): { readonly moment: Moment; readonly after: number } => {
      const moment = cgroups.moment(id);
      this.oomLog.poll();
      if (oomKilled) return { moment, after: this.oomLog.last };
      return { moment: { ...moment, signals: { ...moment.signals, oomKills: 0 } }, after };
    };
    this.#add(id, { cgroups, since });
  }

  #add(id: string, run: Run): void {
    this.#runs.set(id, run);
    this.#fresh.add(id);
    this.#timer ??= setInterval(() => this.#tick(), TICK).unref();
  }

  /** A container has ended, and its group is still there: a last look, which tells what was not told of. */
  async finish(cgroups: Cgroups, id: string): Promise<void> {
    const run = this.#runs.get(id);
    if (run !== undefined && this.#fresh.delete(id) && cgroups.oomKills(id) > 0) this.#watch(id, run);
    await this.#watcher.finish(cgroups, id);
    this.remove(cgroups, id);
  }

  /** Watches it no more. One that is not watched is fine. */
  remove(cgroups: Cgroups, id: string): void {
    this.#watcher.remove(cgroups, id);
    this.#runs.delete(id);
    this.#fresh.delete(id);
    this.#history.forget(id);
    this.#repeats.forget(id);
    if (this.#runs.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** What it counted about ten seconds ago, or when it began; undefined when it is not watched yet. */
  before(id: string): Moment | undefined {
    return this.#history.before(id);
  }

  /** What it counted when it began, when its limits were changed last, or when the engine was started. */
  first(id: string): Moment | undefined {
    return this.#history.first(id);
  }

  /** Its limits are others now: rates of the time before say nothing about them. */
  changed(cgroups: Cgroups, id: string): void {
    if (!this.#runs.has(id)) return;
    this.#history.forget(id);
    try {
      this.#history.record(id, cgroups.moment(id));
    } catch (error) {
      // A part of the group is gone: that is told of when the container is looked at.
      if (!hasCode(error, "CTR_CGROUP_NOT_FOUND")) throw error;
    }
  }

  #tick(): void {
    try {
      for (const id of this.#fresh) {
        const run = this.#runs.get(id);
        if (run !== undefined) this.#watch(id, run);
      }
      this.#fresh.clear();
      this.#lookAtVictims();
      this.#lookAtSome();
    } catch (error) {
      this.#options.logger.error("Could not look at the limits of containers.", { error });
    }
  }

  #watch(id: string, { cgroups, since }: Run): void {
    try {
      const begun = since();
      this.#history.begin(id, begun.moment.signals);
      this.#watcher.add(cgroups, id, begun);
      this.#watcher.poll(cgroups, id);
    } catch (error) {
      // It has ended meanwhile, and its group is gone.
      if (!hasCode(error, "CTR_CGROUP_NOT_FOUND")) throw error;
    }
  }

  /** Those whose processes the kernel has killed, as its log tells. */
  #lookAtVictims(): void {
    this.oomLog.poll();
    if (this.oomLog.last === this.#lastVictim) return;
    for (const [id, { cgroups }] of this.#runs) {
      if (this.oomLog.victimsIn(cgroups.pathOf(id), this.#lastVictim).length > 0) this.#watcher.poll(cgroups, id);
    }
    this.#lastVictim = this.oomLog.last;
  }

  /** A part of all in each tick, so that many containers hold up nothing else. */
  #lookAtSome(): void {
    if (this.#ticksLeft === 0) {
      const isWatchedClosely = this.events.isFollowed || !this.oomLog.isReadable;
      this.#ticksLeft = isWatchedClosely ? ROUND_WHILE_FOLLOWED : ROUND;
      this.#round = [...this.#runs.keys()];
    }
    for (const id of this.#round.splice(0, Math.ceil(this.#round.length / this.#ticksLeft))) {
      const run = this.#runs.get(id);
      if (run !== undefined) this.#watcher.poll(run.cgroups, id);
    }
    this.#ticksLeft--;
  }

  #tell(event: GroupEvent): void {
    const name = this.#options.nameOf(event.id);
    if (name === undefined || event.type === "populated") return;
    const told = event.type === "limit" ? this.#repeats.take(event) : event;
    if (told === undefined) return;
    const named = { ...told, name };
    this.#options.announce(named);
    this.events.push(named);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#firstPoll);
    clearInterval(this.#timer);
    this.#watcher[Symbol.dispose]();
  }
}
