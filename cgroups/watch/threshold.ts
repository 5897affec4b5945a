/** A figure that is watched over windows of time: tells when it goes above its threshold, and when it comes back. */

/** It is below again only well below, or a figure at the threshold would be told of without end. */
const BACK = 0.8;

export class Threshold {
  readonly #share: number;
  readonly #window: number;
  #since: { readonly time: number; readonly lost: number; readonly whole: number } | undefined;
  #isAbove = false;

  /**
   * @param share 0 … 1
   * @param window milliseconds
   */
  constructor(share: number, window: number) {
    this.#share = share;
    this.#window = window;
  }

  get share(): number {
    return this.#share;
  }

  /**
   * @param lost counts up: what is lost
   * @param whole counts up: out of what
   * @param time milliseconds
   * @returns the share when it has crossed the threshold
   */
  take(
    lost: number,
    whole: number,
    time: number,
  ): { readonly state: "above" | "below"; readonly share: number } | undefined {
    const since = this.#since;
    if (since === undefined) {
      this.#since = { time, lost, whole };
      return undefined;
    }
    if (time - since.time < this.#window) return undefined;
    const all = whole - since.whole;
    this.#since = { time, lost, whole };
    const share = all <= 0 ? 0 : Math.min(1, Math.max(0, (lost - since.lost) / all));
    const isAbove = share >= (this.#isAbove ? this.#share * BACK : this.#share);
    if (isAbove === this.#isAbove) return undefined;
    this.#isAbove = isAbove;
    return { state: isAbove ? "above" : "below", share };
  }
}
