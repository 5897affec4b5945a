/** What has happened to the limits of containers: the last events, for those who ask later, and the next, for listeners. */
import type { GroupEvent } from "../../cgroups/index.ts";

/** An event with the name that the container had then. First and last processes are no events of limits. */
export type LimitEvent = Exclude<GroupEvent, { readonly type: "populated" }> & { readonly name: string };

export type LimitEventListener = (event: LimitEvent) => void;

const KEPT = 1000;

export class LimitEvents {
  readonly #past: LimitEvent[] = [];
  readonly #listeners = new Set<LimitEventListener>();

  push(event: LimitEvent): void {
    this.#past.push(event);
    if (this.#past.length > KEPT) this.#past.shift();
    for (const listener of this.#listeners) listener(event);
  }

  /** The last thousand, oldest first. */
  get past(): readonly LimitEvent[] {
    return [...this.#past];
  }

  /** Somebody waits for events. */
  get isFollowed(): boolean {
    return this.#listeners.size > 0;
  }

  /** @returns ends the listening when disposed */
  subscribe(listener: LimitEventListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }
}
