/** The number of processes and threads. */

import { readingOf } from "../load-container.ts";
import { stress } from "../loads.ts";
import { without } from "../resources.ts";
import { boundWhy, judged, notMeasurable, type Trial } from "./trial.ts";

/** Processes above this number would be a burden for the machine, each taking some kernel memory. */
const MOST = 16_384;

/** Milliseconds until the limit must be reached. */
const PATIENCE = 30_000;

export const tryPids: Trial = async ({ session, resources, reading }) => {
  const { enforced: limit } = reading;
  if (typeof limit !== "number") return notMeasurable("there is no limit");
  const bound = boundWhy(reading);
  if (bound !== undefined) return notMeasurable(bound);
  if (limit > MOST) return notMeasurable(`to try it, ${limit} processes would be needed`);
  // Small memory or little CPU time would end the trial before the limit is reached.
  await using container = await session.start(
    without(resources, "Memory", "MemorySwap", "Swap", "NanoCpus", "CpuQuota"),
    {
      purpose: "pids",
    },
  );
  // Zombies are tasks: this many can be had at once without any that work.
  await container.spawn(stress(["--zombie", "1", "--zombie-max", String(limit + 64)], PATIENCE / 1000));
  const look = async (): Promise<number> => {
    const sample = await container.sample();
    return Math.max(sample.stats.pids, readingOf(sample, "pids")?.peak ?? 0);
  };
  await session.until(PATIENCE, async () => ((await look()) >= limit ? true : undefined));
  // Once more while forks go on being refused.
  await session.pause(200);
  const most = await look();
  return { measured: `${most} tasks at most`, ...judged(most / limit - 1, 0) };
};
