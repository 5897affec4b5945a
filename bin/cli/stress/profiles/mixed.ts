import { formatBinarySize } from "../../../../lib/units/size.ts";
import { readingOf } from "../load-container.ts";
import { stress, untilBusy } from "../loads.ts";
import { fileDevice } from "../machine.ts";
import type { Outcome } from "../verify.ts";
import { cpuWindow } from "../window.ts";
import type { Profile } from "./profile.ts";

const MIB = 2 ** 20;
const CPUS = 0.5;
const MEMORY = 128 * MIB;
const PIDS = 64;
const RATE = 4 * MIB;

/** Share that a rate may be above its limit. */
const CPU_TOLERANCE = 0.03;
const RATE_TOLERANCE = 0.15;

const LOAD = [
  ...["--cpu", "2", "--cpu-method", "int64"],
  ...["--vm", "1", "--vm-bytes", String(2 * MEMORY), "--vm-keep"],
  ...["--fork", "4", "--fork-max", String(PIDS)],
  ...["--hdd", "1", "--hdd-opts", "direct", "--hdd-bytes", "32m", "--hdd-write-size", "64k", "--temp-path", "/tmp"],
];

export const mixed: Profile = {
  summary: "CPU, memory, processes and disk all at once, under a limit of each",
  async run({ session, seconds, recorder, phase, tell }) {
    const device = await fileDevice(session);
    const resources = {
      ...{ NanoCpus: CPUS * 1e9, Memory: MEMORY, MemorySwap: MEMORY, PidsLimit: PIDS },
      ...(device === undefined ? {} : { BlkioDeviceWriteBps: [{ Path: device, Rate: RATE }] }),
    };
    await phase("all limits", async () => {
      await using container = await session.start(resources, { purpose: "mixed" });
      recorder.follow(container, "the load", { cpus: CPUS, memory: MEMORY, pids: PIDS, written: RATE });
      await container.spawn(stress(LOAD, seconds + 5));
      await untilBusy(session, container);
      const first = await container.sample();
      let most = 0;
      await session.until(seconds * 1000, async () => {
        const { stats } = await container.sample();
        most = Math.max(most, stats.pids);
        return undefined;
      });
      const last = await container.sample();
      const { cpus, seconds: measured, periods } = cpuWindow(first, last);
      // A window that cuts periods may hold one more than its length.
      const cutPeriod = periods === 0 ? 0 : 1 / periods;
      tell(atMost("cpus", CPUS, cpus, { tolerance: CPU_TOLERANCE + cutPeriod, shown: (value) => value.toFixed(3) }));
      tell(atMost("memory", MEMORY, last.stats.memoryPeak ?? last.stats.memoryUsage, { shown: formatBinarySize }));
      tell(atMost("pids-limit", PIDS, Math.max(most, readingOf(last, "pids")?.peak ?? 0), { shown: String }));
      if (device === undefined) return;
      const written = ((last.stats.io?.writeBytes ?? 0) - (first.stats.io?.writeBytes ?? 0)) / measured;
      const shown = (value: number): string => `${formatBinarySize(value)}/s`;
      tell(atMost("device-write-bps", RATE, written, { tolerance: RATE_TOLERANCE, shown }));
    });
    return [
      { title: "CPU time", unit: "CPUs", series: recorder.series("cpus") },
      { title: "Memory", unit: "bytes", series: recorder.series("memory") },
      { title: "Processes", unit: "tasks", series: recorder.series("pids") },
      { title: "Written", unit: "bytes/s", series: recorder.series("written") },
    ];
  },
};

interface AtMostOptions {
  readonly tolerance?: number;
  readonly shown: (value: number) => string;
}

/** With several kinds of load one of them may hinder another: what counts is that none goes beyond its limit. */
const atMost = (limit: string, set: number, value: number, { tolerance = 0, shown }: AtMostOptions): Outcome => ({
  limit,
  set: shown(set),
  measured: `${shown(value)} at most`,
  deviation: value / set - 1,
  verdict: value <= set * (1 + tolerance) ? "pass" : "fail",
});
