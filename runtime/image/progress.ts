/** Progress of one layer in Docker's words, at most ten messages a second. */
import type { Progress } from "../types.ts";

const INTERVAL = 100;

export class LayerProgress {
  readonly #progress: Progress;
  readonly #id: string;
  #last = 0;

  /** @param id short id that is shown */
  constructor(progress: Progress, id: string) {
    this.#progress = progress;
    this.#id = id;
  }

  /** A new state: `Pull complete`. */
  say(status: string): void {
    this.#progress({ status, progressDetail: {}, id: this.#id });
  }

  /** How far it is, in bytes; left out when the last message was sent just now, except at the end. */
  amount(status: string, current: number, total: number): void {
    const now = performance.now();
    if (now - this.#last < INTERVAL && current < total) return;
    this.#last = now;
    this.#progress({ status, progressDetail: { current, total }, id: this.#id });
  }
}
