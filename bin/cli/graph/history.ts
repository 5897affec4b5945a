/** What was seen of each container, for curves. */
import type { Figures } from "../format/figures.ts";

/** More than the widest terminal has columns. */
const LONGEST = 600;

/** One container at one moment. */
export interface Point {
  /** Per cent of one CPU. */
  readonly cpu: number | undefined;
  /** Bytes. */
  readonly memory: number;
  /** Parts of the time, 0 … 1. */
  readonly throttled: number | undefined;
  readonly cpuWait: number | undefined;
  readonly memoryWait: number | undefined;
  readonly ioWait: number | undefined;
}

export class History {
  readonly #points = new Map<string, Point[]>();

  /** Those that are gone are forgotten. */
  add(all: readonly Figures[]): void {
    const present = new Set(all.map(({ usage }) => usage.Id));
    for (const id of this.#points.keys()) if (!present.has(id)) this.#points.delete(id);
    for (const { usage, cpu, memory, throttled, pressure } of all) {
      const points = this.#points.get(usage.Id) ?? [];
      const waits = { cpuWait: pressure.cpu, memoryWait: pressure.memory, ioWait: pressure.io };
      points.push({ cpu, memory, throttled, ...waits });
      if (points.length > LONGEST) points.shift();
      this.#points.set(usage.Id, points);
    }
  }

  /** Oldest first. */
  of(id: string): readonly Point[] {
    return this.#points.get(id) ?? [];
  }
}
