/** Takes samples of what a container uses, for the statistics stream. */
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { NO_STATS } from "../../cgroups/index.ts";
import type { Container } from "../types.ts";
import type { ApiEngine } from "./engine-face.ts";
import { countersOf } from "./network-counters.ts";
import type { StatsSample } from "./views/stats.ts";
import { isRunning } from "./views/status.ts";

/** Milliseconds between two samples. */
const INTERVAL = 1000;

/** Nanoseconds of a clock tick: USER_HZ is 100 on every Linux architecture. */
const TICK = 10_000_000;

/** A container that does not run uses nothing. */
export function sampleStats({ containers }: ApiEngine, container: Container): StatsSample {
  const running = isRunning(container);
  return {
    read: new Date().toISOString().replace("Z", "000000Z"),
    group: running ? containers.stats(container.id) : NO_STATS,
    ...hostCpu(readFileSync("/proc/stat", "utf8")),
    // Those of the host are no container's.
    networks: running && container.hostConfig.NetworkMode !== "host" ? countersOf(container.pid) : {},
    memoryLimit: running ? container.hostConfig.Memory || totalmem() : 0,
  };
}

/**
 * A sample each second, until the signal is aborted or the container is removed.
 * @param first whether to begin at once; otherwise after the first second
 */
export async function* samples(
  engine: ApiEngine,
  id: string,
  { first, signal }: { readonly first: boolean; readonly signal: AbortSignal },
): AsyncGenerator<StatsSample> {
  for (let atOnce = first; ; atOnce = false) {
    if (!atOnce) await delay(INTERVAL, undefined, { signal }).catch(() => {});
    const container = signal.aborted ? undefined : engine.containers.list().find((known) => known.id === id);
    if (container === undefined) return;
    yield sampleStats(engine, container);
  }
}

/** The first line of /proc/stat holds the ticks of all CPUs together, see proc_stat(5). Exported for tests. */
export function hostCpu(stat: string): { readonly hostCpu: number; readonly onlineCpus: number } {
  const lines = stat.split("\n");
  // user, nice, system, idle, iowait, irq, softirq, steal; guest time is in user already.
  const ticks = (lines[0] ?? "").trim().split(/\s+/).slice(1, 9).map(Number);
  return {
    hostCpu: ticks.reduce((sum, value) => sum + value, 0) * TICK,
    onlineCpus: lines.filter((line) => /^cpu\d/.test(line)).length,
  };
}
