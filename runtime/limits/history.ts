/** What each running container counted a moment ago, so that rates are known at once when somebody asks. */
import type { GroupSignals, Moment } from "../../cgroups/index.ts";

/** Milliseconds: rates are over about the last ten seconds. */
const SPAN = 10_000;
/** Milliseconds between two moments that are kept: a handful for each container. */
const SPACING = 2000;

export class History {
  readonly #moments = new Map<string, Moment[]>();
  readonly #first = new Map<string, Moment>();
  readonly #begun = new Map<string, GroupSignals>();

  /**
   * What is recorded next is the first moment, with the signals that it had when it began: a process that was refused
   * before the first look is no less refused, while the work of starting says nothing about a container.
   */
  begin(id: string, signals: GroupSignals): void {
    this.forget(id);
    this.#begun.set(id, signals);
  }

  record(id: string, counted: Moment): void {
    const moment = { ...counted, signals: this.#begun.get(id) ?? counted.signals };
    this.#begun.delete(id);
    if (!this.#first.has(id)) this.#first.set(id, moment);
    const moments = this.#moments.get(id) ?? [];
    this.#moments.set(id, moments);
    if (moment.time - (moments.at(-1)?.time ?? Number.NEGATIVE_INFINITY) < SPACING) return;
    moments.push(moment);
    // The youngest of those that are old enough is needed, and none before it.
    while (moments.length > 1 && moment.time - (moments[1]?.time ?? 0) >= SPAN) moments.shift();
  }

  /** The moment about ten seconds ago, or the first one that is known; undefined without any. */
  before(id: string): Moment | undefined {
    return this.#moments.get(id)?.[0];
  }

  /** The first moment that was recorded; undefined without any. */
  first(id: string): Moment | undefined {
    return this.#first.get(id);
  }

  forget(id: string): void {
    this.#moments.delete(id);
    this.#first.delete(id);
    this.#begun.delete(id);
  }
}
