/** How threads share out a list: who takes the next piece, who may do what only one may, and that something was handed over. */

/** Places in the memory that all have. */
const Place = { next: 0, lock: 1, handed: 2 } as const;
const BYTES = 4 * Object.keys(Place).length;
const [FREE, TAKEN] = [0, 1];

/** Milliseconds that a thread is waited for. Longer ones have ended, whatever the reason, and are done without. */
const PATIENCE = 5000;

export class SharedWork {
  /** For the other threads' {@link SharedWork}. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory = new SharedArrayBuffer(BYTES)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** @returns the number of the next piece, which nobody else gets: 0, 1, 2 … without end */
  take(): number {
    return Atomics.add(this.#words, Place.next, 1);
  }

  /** Calls `body` while no other thread does. It must not wait for one. */
  exclusively<T>(body: () => T): T {
    while (Atomics.compareExchange(this.#words, Place.lock, FREE, TAKEN) !== FREE) {
      if (Atomics.wait(this.#words, Place.lock, TAKEN, PATIENCE) === "timed-out") break;
    }
    try {
      return body();
    } finally {
      Atomics.store(this.#words, Place.lock, FREE);
      Atomics.notify(this.#words, Place.lock, 1);
    }
  }

  /** How often something was handed over. */
  get handedOver(): number {
    return Atomics.load(this.#words, Place.handed);
  }

  handOver(): void {
    Atomics.add(this.#words, Place.handed, 1);
    Atomics.notify(this.#words, Place.handed);
  }

  /** Holds the thread until more was handed over than `before`. @returns false when nobody does any more */
  waitForMore(before: number): boolean {
    return Atomics.wait(this.#words, Place.handed, before, PATIENCE) !== "timed-out";
  }
}
