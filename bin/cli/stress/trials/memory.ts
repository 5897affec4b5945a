/** Limits of memory: what happens to a program that wants more. */
import { formatBinarySize } from "../../../../lib/units/size.ts";
import { isGone, type LoadContainer, readingOf, type Sample } from "../load-container.ts";
import { stress } from "../loads.ts";
import { type HostMemory, hostMemory } from "../machine.ts";
import { without } from "../resources.ts";
import type { LoadSession } from "../session.ts";
import { boundWhy, judged, type Measurement, notMeasurable, type Trial, type TrialParts } from "./trial.ts";

const MIB = 2 ** 20;

/** Share of the limit that the peak may be off. */
const PEAK_TOLERANCE = 0.01;

/** How far above memory.high a group may be when the kernel has had the time to take its memory back. */
const HIGH_TOLERANCE = 0.1;

/** Milliseconds: the kernel lets a process far above wait for 2 s at a time, and swap may be slow. */
const SETTLING = 20_000;

/** Bytes that are left to the machine. */
const RESERVE = 128 * MIB;

/** Milliseconds until a hog has been killed: it fills at least 50 MiB a second. */
const patienceFor = (bytes: number): number => 20_000 + (bytes / (50 * MIB)) * 1000;

/** One process that takes memory and holds it; above its limit it is killed, and not begun anew. */
const hog = (bytes: number, seconds: number): string[] =>
  stress(["--vm", "1", "--vm-bytes", String(bytes), "--vm-keep", "--vm-method", "zero-one", "--oomable"], seconds);

export const tryMemory: Trial = async (parts) => {
  const { enforced: limit } = parts.reading;
  if (typeof limit !== "number") return notMeasurable("there is no limit");
  const bound = boundWhy(parts.reading);
  if (bound !== undefined) return notMeasurable(bound);
  await using container = await parts.session.start(asVictim(parts), { purpose: "memory" });
  const host = await hostMemory(container);
  const before = await container.sample();
  const total = totalOf(before, limit, host);
  const missing = whyNoRoom(limit, host);
  if (missing !== undefined) return notMeasurable(missing);
  await container.spawn(hog(total + limit / 2 + 16 * MIB, 60));
  const after = await untilKilled(parts.session, container, before, patienceFor(total));
  if (after === undefined) return await withoutKill(container, limit);
  const peak = after.stats.memoryPeak ?? after.stats.memoryUsage;
  const kills = after.stats.oomKills - before.stats.oomKills;
  return {
    measured: `${formatBinarySize(peak)} at most, ${kills === 1 ? "1 process" : `${kills} processes`} killed`,
    ...judged(peak / limit - 1, PEAK_TOLERANCE),
  };
};

/** Memory and swap that a group may fill before somebody is killed. */
function totalOf(sample: Sample, limit: number, { swapFree }: HostMemory): number {
  const total = readingOf(sample, "memorySwap")?.enforced;
  return limit + Math.min(swapFree, typeof total === "number" ? Math.max(0, total - limit) : swapFree);
}

/** It is a load of ours that is to be killed, and nobody else's process in a group above. */
const asVictim = ({ resources }: TrialParts) => ({
  ...without(resources, "OomScoreAdj", "OomGroup", "OomKillDisable", "MemoryHigh"),
  OomScoreAdj: 1000,
});

const whyNoRoom = (limit: number, { available }: HostMemory): string | undefined =>
  available > limit + RESERVE
    ? undefined
    : `the machine has only ${formatBinarySize(available)} to spare, less than the limit`;

/** The counters after the first kill. */
function untilKilled(session: LoadSession, container: LoadContainer, before: Sample, patience: number) {
  return session.until(patience, async () => {
    const sample = await container.sample();
    return sample.stats.oomKills > before.stats.oomKills ? sample : undefined;
  });
}

async function withoutKill(container: LoadContainer, limit: number): Promise<Measurement> {
  const { stats } = await container.sample();
  const peak = stats.memoryPeak ?? stats.memoryUsage;
  return {
    measured: `${formatBinarySize(peak)} at most, nobody killed`,
    deviation: peak / limit - 1,
    verdict: peak > limit * (1 + PEAK_TOLERANCE) ? "fail" : "not measurable",
    why: "the load did not come to the limit in time",
  };
}

/** Swap is what is used beside the memory when a hog wants both. */
export const trySwap: Trial = async (parts) => {
  const { session, reading } = parts;
  await using container = await session.start(asVictim(parts), { purpose: "swap" });
  const host = await hostMemory(container);
  if (host.swapTotal === 0) return notMeasurable("the machine has no swap");
  const before = await container.sample();
  const memory = readingOf(before, "memory")?.enforced;
  const wanted = reading.enforced;
  if (typeof memory !== "number" || typeof wanted !== "number") return notMeasurable("there is no limit");
  const swap = reading.limit === "memorySwap" ? wanted - memory : wanted;
  if (swap > host.swapFree)
    return notMeasurable(`the machine has only ${formatBinarySize(host.swapFree)} of free swap`);
  await container.spawn(hog(memory + swap + memory / 2 + 16 * MIB, 60));
  let peak = 0;
  await session.until(patienceFor(memory + swap), async () => {
    const { stats } = await container.sample();
    peak = Math.max(peak, stats.swapUsage ?? 0);
    return stats.oomKills > before.stats.oomKills ? true : undefined;
  });
  const measured = `${formatBinarySize(peak)} of swap at most`;
  // Between two looks the last pages go out: only the upper bound is exact.
  if (peak > swap * (1 + PEAK_TOLERANCE)) return { measured, deviation: peak / swap - 1, verdict: "fail" };
  return { measured, verdict: "pass" };
};

/** Above the soft limit a hog is slowed down, its memory is taken back, and nobody is killed. */
export const tryMemoryHigh: Trial = async (parts) => {
  const { session, resources, reading, seconds } = parts;
  const { enforced: high } = reading;
  if (typeof high !== "number") return notMeasurable("there is no limit");
  await using container = await session.start({ ...resources, OomScoreAdj: 1000 }, { purpose: "memory-high" });
  const before = await container.sample();
  const host = await hostMemory(container);
  const missing = whyNoRoom(high * 2, host);
  if (missing !== undefined) return notMeasurable(missing);
  const wanted = high * 1.5 + 16 * MIB;
  await container.spawn(hog(wanted, seconds + 60));
  let [peak, level] = [0, 0];
  const look = async (): Promise<void> => {
    level = (await container.sample()).stats.memoryUsage;
    peak = Math.max(peak, level);
  };
  const until = async (patience: number, isSo: () => boolean): Promise<boolean> =>
    (await session.until(patience, async () => look().then(() => isSo() || undefined))) ?? false;
  if (!(await until(20_000, () => peak > high * 0.95))) {
    return notMeasurable("the load did not come to the limit in time");
  }
  // As long as others need for a measurement, so that it has the time to become larger; and then to come back.
  await until(seconds * 1000, () => false);
  await until(SETTLING, () => level <= high * (1 + HIGH_TOLERANCE));
  const { stats, signals } = await container.sample();
  return judgeHigh(high, {
    wanted,
    peak,
    level,
    kills: stats.oomKills - before.stats.oomKills,
    slowdowns: (signals?.memoryHigh ?? 0) - (before.signals?.memoryHigh ?? 0),
    swapFree: host.swapFree,
  });
};

export interface HighMeasured {
  /** Bytes that the load would have without a limit. */
  readonly wanted: number;
  /** Bytes, at most and in the end. */
  readonly peak: number;
  readonly level: number;
  readonly kills: number;
  /** Times that a process was slowed down. */
  readonly slowdowns: number;
  /** Bytes of swap that the machine has to put memory away. */
  readonly swapFree: number;
}

/**
 * The soft limit is no wall: a process may be far above for a moment, until it is slowed down and memory was taken back.
 * Where there is no swap its memory cannot be taken back, and being held back is all there is.
 * Exported for tests.
 */
export function judgeHigh(high: number, measured: HighMeasured): Measurement {
  const { wanted, peak, level, kills, slowdowns, swapFree } = measured;
  const told = {
    measured:
      `${formatBinarySize(level)} in the end, ${formatBinarySize(peak)} at most; ` +
      `slowed down ${times(slowdowns)}, ${kills === 0 ? "nobody" : kills} killed`,
    deviation: level / high - 1,
  };
  if (kills > 0 || slowdowns === 0) return { ...told, verdict: "fail" };
  if (level <= high * (1 + HIGH_TOLERANCE)) return { ...told, verdict: "pass" };
  if (level >= wanted * (1 - HIGH_TOLERANCE)) return { ...told, verdict: "fail" };
  if (swapFree < wanted - high) {
    return { ...told, verdict: "pass", why: "it was held back; without swap its memory cannot be taken back" };
  }
  return { ...told, verdict: "not measurable", why: "it was held back, and the machine is too busy to take it back" };
}

const times = (count: number): string => (count === 1 ? "once" : `${count} times`);

/** With one process all are killed: the container ends. */
export const tryOomGroup: Trial = async (parts) => {
  const { session, resources } = parts;
  const { Memory = 0 } = resources;
  if (Memory <= 0) return notMeasurable("without a limit of memory nobody is killed");
  // stress-ng guards its first process against being killed, which holds against this limit, too.
  const grow = "x=0123456789abcdef; while :; do x=$x$x; done";
  await using container = await session.start(resources, {
    purpose: "oom-group",
    command: ["sh", "-c", `sh -c '${grow}'; sleep 600`],
  });
  const ended = await session.until(patienceFor(Memory), async () =>
    (await container.isRunning()) ? undefined : true,
  );
  return ended === true
    ? { measured: "all processes killed together", verdict: "pass" }
    : { measured: "the first process lives on", verdict: "fail" };
};

/** Nobody is killed: who wants more waits. */
export const tryOomKillDisable: Trial = async (parts) => {
  const { session, resources, seconds } = parts;
  const { Memory: limit = 0 } = resources;
  if (limit <= 0) return notMeasurable("without a limit of memory the whole machine would be filled");
  await using container = await session.start(resources, { purpose: "oom-kill-disable" });
  const before = await container.sample();
  const missing = whyNoRoom(limit, await hostMemory(container));
  if (missing !== undefined) return notMeasurable(missing);
  await container.spawn(hog(limit * 2, seconds + 30));
  const full = await session.until(patienceFor(limit), async () => {
    const { stats } = await container.sample();
    return stats.memoryUsage > limit * (1 - PEAK_TOLERANCE) ? true : undefined;
  });
  if (full === undefined) return notMeasurable("the load did not come to the limit in time");
  await session.pause(1000);
  const kills = await container.sample().then(
    ({ stats }) => stats.oomKills - before.stats.oomKills,
    (error: unknown) => {
      if (isGone(error)) return 1;
      throw error;
    },
  );
  return kills === 0
    ? { measured: "full, and nobody killed", verdict: "pass" }
    : { measured: `${kills} killed`, verdict: "fail" };
};
