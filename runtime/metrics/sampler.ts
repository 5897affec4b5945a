/** Takes samples at intervals, and only while somebody waits for them. Who asks for the same interval shares them. */
import { type SampledEngine, Tick } from "./tick.ts";

/** A tick that is so young serves whoever asks for one now. Milliseconds. */
const FRESH = 50;

/** Those who wait for ticks of one interval. */
interface Series {
  readonly timer: NodeJS.Timeout;
  readonly listeners: Set<(tick: Tick) => void>;
}

export class Sampler implements Disposable {
  readonly #engine: SampledEngine;
  readonly #series = new Map<number, Series>();
  #latest: Tick | undefined;

  constructor(engine: SampledEngine) {
    this.#engine = engine;
  }

  /** A tick of this moment. */
  now(): Tick {
    if (this.#latest === undefined || Date.now() - this.#latest.time > FRESH) this.#latest = new Tick(this.#engine);
    return this.#latest;
  }

  /**
   * A tick at each interval until the signal is aborted. Who is slower than that misses some.
   * @param interval milliseconds
   * @param first whether to begin at once; otherwise with the next tick of the interval
   */
  async *every(
    interval: number,
    { first, signal }: { readonly first: boolean; readonly signal: AbortSignal },
  ): AsyncGenerator<Tick> {
    let wake = Promise.withResolvers<Tick | undefined>();
    const listener = (tick: Tick): void => wake.resolve(tick);
    const end = (): void => wake.resolve(undefined);
    signal.addEventListener("abort", end, { once: true });
    this.#listen(interval, listener);
    try {
      if (first) yield this.now();
      while (!signal.aborted) {
        const tick = await wake.promise;
        if (tick === undefined) return;
        wake = Promise.withResolvers();
        yield tick;
      }
    } finally {
      this.#leave(interval, listener);
      signal.removeEventListener("abort", end);
    }
  }

  #listen(interval: number, listener: (tick: Tick) => void): void {
    let series = this.#series.get(interval);
    if (series === undefined) {
      const listeners = new Set<(tick: Tick) => void>();
      const timer = setInterval(() => {
        const tick = this.now();
        for (const hears of listeners) hears(tick);
      }, interval);
      series = { timer, listeners };
      this.#series.set(interval, series);
    }
    series.listeners.add(listener);
  }

  #leave(interval: number, listener: (tick: Tick) => void): void {
    const series = this.#series.get(interval);
    series?.listeners.delete(listener);
    if (series?.listeners.size !== 0) return;
    clearInterval(series.timer);
    this.#series.delete(interval);
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#series.values()) clearInterval(timer);
    this.#series.clear();
  }
}
