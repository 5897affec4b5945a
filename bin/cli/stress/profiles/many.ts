import { spin, untilBusy } from "../loads.ts";
import { judgeCpus } from "../trials/cpu-time.ts";
import type { Outcome } from "../verify.ts";
import { type CpuWindow, cpuWindow, lateInPeriod } from "../window.ts";
import type { Profile } from "./profile.ts";

const CONTAINERS = 20;

/** Of the machine's CPU time for all of them together: the rest is for whoever measures. */
const SHARE = 0.7;

const MIB = 2 ** 20;

export const many: Profile = {
  summary: `${CONTAINERS} containers at once, each with its own quota`,
  async run({ session, seconds, cpus, recorder, phase, tell }) {
    const quota = Math.max(0.01, Math.floor((cpus * SHARE * 100) / CONTAINERS) / 100);
    const resources = { NanoCpus: quota * 1e9, Memory: 64 * MIB, MemorySwap: 64 * MIB, PidsLimit: 32 };
    const numbers = Array.from({ length: CONTAINERS }, (_, index) => index + 1);
    const begun = performance.now();
    const containers = await phase("start", () =>
      Promise.all(numbers.map(() => session.start(resources, { purpose: "many" }))),
    );
    const startup = (performance.now() - begun) / 1000;
    const windows = await phase("load", async () => {
      for (const [index, container] of containers.entries()) {
        recorder.follow(container, `container ${index + 1}`, { cpus: quota });
      }
      await Promise.all(containers.map((container) => spin(container, 1, seconds)));
      await Promise.all(containers.map((container) => untilBusy(session, container)));
      const firsts = await Promise.all(containers.map((container) => lateInPeriod(session, container)));
      await session.pause(seconds * 1000);
      const lasts = await Promise.all(containers.map((container) => lateInPeriod(session, container)));
      return firsts.map((first, index) => cpuWindow(first, lasts[index] ?? first));
    });
    const deviations = windows.map((window) => window.cpus / quota - 1);
    tell({ ...together(quota, windows), why: `all ${CONTAINERS} were started in ${startup.toFixed(1)} s` });
    const bars = deviations.map((deviation, index) => [index + 1, deviation] as const);
    return [
      { title: "CPU time", unit: "CPUs", series: recorder.series("cpus") },
      {
        title: "Enforcement error by container",
        unit: "deviation",
        kind: "bars",
        series: [{ name: "error", points: bars }],
      },
    ];
  },
};

/** One finding for all; each for itself is drawn. */
function together(quota: number, windows: readonly CpuWindow[]): Outcome {
  const results = windows.map((window) => judgeCpus(quota, window));
  const used = windows.map(({ cpus }) => cpus).sort((a, b) => a - b);
  const [least = 0, median = 0, most = 0] = [used[0], used[Math.floor(used.length / 2)], used.at(-1)];
  const throttled = windows.reduce((sum, { throttledPeriods }) => sum + throttledPeriods, 0);
  const periods = windows.reduce((sum, one) => sum + one.periods, 0);
  return {
    limit: "cpus",
    set: `${quota} each`,
    measured: `${least.toFixed(3)} to ${most.toFixed(3)} CPUs, ${Math.round((throttled / Math.max(periods, 1)) * 100)}% of periods used up`,
    deviation: median / quota - 1,
    verdict: results.some(({ verdict }) => verdict === "fail") ? "fail" : "pass",
  };
}
