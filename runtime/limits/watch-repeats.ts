/**
 * Limits that act again and again, as memory does in a container that fills its limit with file cache: told of at once
 * the first time, and then once a minute with how often it was.
 */
import type { GroupEvent } from "../../cgroups/index.ts";

type LimitActed = Extract<GroupEvent, { readonly type: "limit" }>;

/** Milliseconds. */
const INTERVAL = 60_000;

interface Told {
  time: number;
  /** Since it was told of. */
  count: number;
}

export class Repeats {
  readonly #told = new Map<string, Map<LimitActed["limit"], Told>>();

  /** The event with the count of all since the last that was told of; undefined when it is to be kept back. */
  take(event: LimitActed): LimitActed | undefined {
    const limits = this.#told.get(event.id) ?? new Map<LimitActed["limit"], Told>();
    this.#told.set(event.id, limits);
    const told = limits.get(event.limit) ?? { time: Number.NEGATIVE_INFINITY, count: 0 };
    limits.set(event.limit, told);
    told.count += event.count;
    if (event.time - told.time < INTERVAL) return undefined;
    const { count } = told;
    told.time = event.time;
    told.count = 0;
    return { ...event, count };
  }

  forget(id: string): void {
    this.#told.delete(id);
  }
}
