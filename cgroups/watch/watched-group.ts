/** One group that is watched: compares what the kernel counts now with what it counted before. */
import type { Moment } from "../explain/types.ts";
import type { GroupSignals } from "../signals.ts";
import type { PressureResource } from "../types.ts";
import type { GroupEvent } from "./events.ts";
import type { OomVictim } from "./oom-victims.ts";
import { Threshold } from "./threshold.ts";

export interface PressureThreshold {
  readonly resource: PressureResource;
  readonly kind: "some" | "full";
  /** Part of the time, 0 … 1. */
  readonly share: number;
  /** Milliseconds. */
  readonly window: number;
}

export interface ThrottledThreshold {
  /** Part of the periods, 0 … 1. */
  readonly share: number;
  /** Milliseconds. */
  readonly window: number;
}

export interface Thresholds {
  readonly pressure: readonly PressureThreshold[];
  readonly throttled: ThrottledThreshold;
}

type Head = Pick<GroupEvent, "id" | "path" | "time">;

export class WatchedGroup {
  readonly #id: string;
  readonly #path: string;
  readonly #pressure: readonly { readonly asked: PressureThreshold; readonly threshold: Threshold }[];
  readonly #throttled: Threshold;
  #before: GroupSignals;
  /** Kills that were counted, and that the kernel's log has not told of yet. */
  #owed = 0;
  /** The last victim that was told of. */
  #sequence: number;

  constructor(id: string, path: string, first: Moment, thresholds: Thresholds, sequence: number) {
    this.#sequence = sequence;
    this.#id = id;
    this.#path = path;
    this.#pressure = thresholds.pressure.map((asked) => ({
      asked,
      threshold: new Threshold(asked.share, asked.window),
    }));
    this.#throttled = new Threshold(thresholds.throttled.share, thresholds.throttled.window);
    this.#before = first.signals;
    this.#shares({ id, path, time: first.time }, first);
  }

  get path(): string {
    return this.#path;
  }

  /** The last victim that was told of: those after it are news. */
  get sequence(): number {
    return this.#sequence;
  }

  /** How many of these kills have not been told of. @param counted since the group was made */
  untold(counted: number): number {
    return this.#owed + Math.max(0, counted - this.#before.oomKills);
  }

  /**
   * @param victims of this group that are news
   * @param isComplete no more is to be expected of the kernel's log
   */
  compare(moment: Moment, victims: readonly OomVictim[], isComplete: boolean): GroupEvent[] {
    const { signals, time } = moment;
    const head = { id: this.#id, path: this.#path, time };
    const before = this.#before;
    const kills = this.untold(signals.oomKills);
    this.#before = signals;
    return [
      ...this.#oomEvents(head, kills, victims, isComplete),
      ...limitEvents(head, before, signals),
      ...this.#shares(head, moment),
      ...populatedEvents(head, before, signals),
    ];
  }

  /** The log comes a moment after the counter: a kill is told of when its victim is known, or one look later. */
  #oomEvents(head: Head, kills: number, victims: readonly OomVictim[], isComplete: boolean): GroupEvent[] {
    if (kills === 0) return [];
    if (victims.length < kills && this.#owed === 0 && !isComplete) {
      this.#owed = kills;
      return [];
    }
    this.#owed = 0;
    this.#sequence = victims.at(-1)?.sequence ?? this.#sequence;
    return [{ ...head, type: "oom", kills, victims }];
  }

  #shares(head: Head, { stats, pressure, time }: Moment): GroupEvent[] {
    const events: GroupEvent[] = [];
    const throttled = this.#throttled.take(stats.cpuThrottledPeriods, stats.cpuPeriods, time);
    if (throttled !== undefined)
      events.push({ ...head, type: "throttled", threshold: this.#throttled.share, ...throttled });
    for (const { asked, threshold } of this.#pressure) {
      const { resource, kind } = asked;
      const total = pressure[resource]?.[kind].total;
      // Microseconds that were lost, of the microseconds that have passed.
      const crossed = total === undefined ? undefined : threshold.take(total, time * 1000, time);
      if (crossed !== undefined)
        events.push({ ...head, type: "pressure", resource, kind, threshold: asked.share, ...crossed });
    }
    return events;
  }
}

function limitEvents(head: Head, before: GroupSignals, now: GroupSignals): GroupEvent[] {
  const grown = (key: "memoryMax" | "memoryHigh" | "pidsMax"): number => (now[key] ?? 0) - (before[key] ?? 0);
  const kinds = [
    ["memory", grown("memoryMax")],
    ["memoryHigh", grown("memoryHigh")],
    ["pids", grown("pidsMax")],
  ] as const;
  return kinds.flatMap(([limit, count]): GroupEvent[] => (count > 0 ? [{ ...head, type: "limit", limit, count }] : []));
}

function populatedEvents(head: Head, before: GroupSignals, { populated }: GroupSignals): GroupEvent[] {
  if (populated === undefined || populated === before.populated) return [];
  return [{ ...head, type: "populated", populated }];
}
