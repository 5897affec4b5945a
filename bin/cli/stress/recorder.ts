/** Records what load containers use while a profile runs: one stream of the engine's for all of them. */
import type { GroupStats } from "../../../cgroups/index.ts";
import type { LoadContainer } from "./load-container.ts";
import type { Point, Series } from "./report/types.ts";
import type { LoadSession } from "./session.ts";

/** Milliseconds between two samples: some periods of CPU time, so that one that is cut does not look like a peak. */
const INTERVAL = 500;

/** A line of `GET /ctr/stats?stream=1`, the fields that are used. */
interface UsageLine {
  /** Milliseconds since 1970. */
  readonly Time: number;
  readonly Containers: readonly { readonly Id: string; readonly Stats?: GroupStats }[];
}

/** What is worth a plot. */
export type Measure = "cpus" | "throttled" | "memory" | "pids" | "written" | "read";

export type PlotLimits = Partial<Readonly<Record<Measure, number>>>;

interface Track {
  readonly name: string;
  readonly limits: PlotLimits;
  readonly samples: { readonly time: number; readonly stats: GroupStats }[];
}

export class Recorder {
  readonly #session: LoadSession;
  readonly #begun: number;
  readonly #tracks = new Map<string, Track>();
  readonly #aborter = new AbortController();
  #reading: Promise<void> = Promise.resolve();

  constructor(session: LoadSession) {
    this.#session = session;
    this.#begun = Date.now();
  }

  /** Seconds since the beginning. */
  get now(): number {
    return (Date.now() - this.#begun) / 1000;
  }

  /**
   * @param name in plots
   * @param limits what may not be exceeded
   */
  follow(container: LoadContainer, name: string, limits: PlotLimits): void {
    this.#tracks.set(container.id, { name, limits, samples: [] });
  }

  nameOf(id: string): string | undefined {
    return this.#tracks.get(id)?.name;
  }

  start(): void {
    this.#reading = this.#read().catch((error: unknown) => {
      if (!this.#aborter.signal.aborted) throw error;
    });
    this.#reading.catch(() => {});
  }

  /** @throws what went wrong meanwhile */
  async stop(): Promise<void> {
    this.#aborter.abort();
    await this.#reading;
  }

  async #read(): Promise<void> {
    const lines = this.#session.client.events<UsageLine>("GET", "/ctr/stats", {
      query: { stream: 1, interval: INTERVAL },
      signal: this.#aborter.signal,
    });
    for await (const { Time, Containers } of lines) {
      for (const { Id, Stats } of Containers) {
        if (Stats !== undefined) this.#tracks.get(Id)?.samples.push({ time: Time, stats: Stats });
      }
    }
  }

  /** A line for each container that was followed. */
  series(measure: Measure): Series[] {
    return [...this.#tracks.values()].map(({ name, samples, limits }) => ({
      name,
      ...(limits[measure] === undefined ? {} : { limit: limits[measure] }),
      points: samples.flatMap((sample, index) => {
        const value = VALUES[measure](sample, samples[index - 1]);
        return value === undefined ? [] : [[(sample.time - this.#begun) / 1000, value] as Point];
      }),
    }));
  }
}

type TimedStats = Track["samples"][number];

/** Rates are those since the sample before. */
const VALUES: Readonly<Record<Measure, (now: TimedStats, before: TimedStats | undefined) => number | undefined>> = {
  cpus: rateOf(({ cpuUsage }) => cpuUsage / 1e9),
  throttled: (now, before) => {
    if (before === undefined) return undefined;
    const periods = now.stats.cpuPeriods - before.stats.cpuPeriods;
    return periods === 0 ? 0 : (now.stats.cpuThrottledPeriods - before.stats.cpuThrottledPeriods) / periods;
  },
  memory: ({ stats }) => stats.memoryUsage,
  pids: ({ stats }) => stats.pids,
  written: rateOf(({ io }) => io?.writeBytes),
  read: rateOf(({ io }) => io?.readBytes),
};

function rateOf(counter: (stats: GroupStats) => number | undefined) {
  return (now: TimedStats, before: TimedStats | undefined): number | undefined => {
    if (before === undefined) return undefined;
    const [last, first] = [counter(now.stats), counter(before.stats)];
    return last === undefined || first === undefined ? undefined : (last - first) / ((now.time - before.time) / 1000);
  };
}
