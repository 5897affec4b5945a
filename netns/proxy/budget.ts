/** How many files the proxies of a process may have open together, so that the rest of it always gets one. */
export class Budget {
  readonly #limit: number;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** @returns false when there are not as many left */
  take(count: number): boolean {
    if (this.#used + count > this.#limit) return false;
    this.#used += count;
    return true;
  }

  giveBack(count: number): void {
    this.#used -= count;
  }
}
