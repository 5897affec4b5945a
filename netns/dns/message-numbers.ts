import { randomFillSync } from "node:crypto";

const BATCH = 256;

/** Random message numbers: together with the port, what somebody who forges an answer would have to guess. */
export class MessageNumbers {
  readonly #batch = new Uint16Array(BATCH);
  #used = BATCH;

  /** @param taken numbers of questions that are under way */
  next(taken: ReadonlyMap<number, unknown>): number {
    for (;;) {
      if (this.#used === BATCH) {
        randomFillSync(this.#batch);
        this.#used = 0;
      }
      const number = this.#batch[this.#used++] as number;
      if (!taken.has(number)) return number;
    }
  }
}
