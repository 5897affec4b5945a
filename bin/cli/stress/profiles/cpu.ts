import { judgeCpus, spinForPeriods } from "../trials/cpu-time.ts";
import { cpuWindow } from "../window.ts";
import type { Profile } from "./profile.ts";

const QUOTAS = [0.25, 0.5, 1.5];

export const cpu: Profile = {
  summary: "one quota of CPU time after the other, with more workers than it has room for",
  async run({ session, seconds, cpus, recorder, phase, tell }) {
    const quotas = QUOTAS.filter((quota) => quota < cpus);
    for (const quota of quotas) {
      await phase(`${quota} CPUs`, async () => {
        await using container = await session.start({ NanoCpus: quota * 1e9 }, { purpose: "cpu" });
        recorder.follow(container, `${quota} CPUs`, { cpus: quota });
        const load = { workers: Math.ceil(quota) + 1, seconds: seconds / quotas.length };
        const window = cpuWindow(...(await spinForPeriods(session, container, load)));
        tell({ limit: "cpus", set: String(quota), ...judgeCpus(quota, window) });
      });
    }
    return [
      { title: "CPU time", unit: "CPUs", series: recorder.series("cpus") },
      { title: "Periods in which the quota was used up", unit: "share", series: recorder.series("throttled") },
    ];
  },
};
