/** Random choices that a printed seed repeats. */

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 ≤ x < 1; mulberry32 by Tommy Ettinger, in the public domain. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = this.#state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  }

  /** @param low smallest result @param high largest result */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.between(0, values.length - 1)];
    if (value === undefined) throw new RangeError("nothing to choose from");
    return value;
  }

  shuffle<T>(values: readonly T[]): T[] {
    return values
      .map((value) => ({ value, order: this.next() }))
      .sort((one, other) => one.order - other.order)
      .map(({ value }) => value);
  }

  /** A name that nothing else in the project has, and that is no keyword of nft. */
  word(): string {
    const syllables = Array.from({ length: 3 }, () => `${this.pick([..."bdfgklmnprstvz"])}${this.pick([..."aeiou"])}`);
    return `${syllables.join("")}${this.between(10, 99)}`;
  }

  hex(digits: number): string {
    return Array.from({ length: digits }, () => this.pick([..."0123456789abcdef"])).join("");
  }
}
