import { spin, untilBusy } from "../loads.ts";
import type { Resources } from "../resources.ts";
import { judgeCpus } from "../trials/cpu-time.ts";
import { cpuWindow, lateInPeriod } from "../window.ts";
import type { Profile } from "./profile.ts";

export const noisyNeighbour: Profile = {
  summary: "a service beside a greedy container without limits, with few shares, and with a quota",
  async run({ session, seconds, cpus, recorder, phase, tell }) {
    const quota = Math.max(0.1, Math.round(cpus * 2.5) / 10);
    const variants: readonly (readonly [string, Resources, number?])[] = [
      ["no limits", {}],
      ["--cpu-shares 64", { CpuShares: 64 }],
      [`--cpus ${quota}`, { NanoCpus: quota * 1e9 }, quota],
    ];
    for (const [name, resources, limit] of variants) {
      await phase(name, async () => {
        await using container = await session.start(resources, { purpose: "noisy" });
        recorder.follow(container, name, limit === undefined ? {} : { cpus: limit });
        await spin(container, cpus * 2, seconds / variants.length);
        await untilBusy(session, container);
        const first = await lateInPeriod(session, container);
        await session.pause((seconds / variants.length) * 1000);
        const window = cpuWindow(first, await lateInPeriod(session, container));
        if (limit !== undefined) tell({ limit: "cpus", set: String(limit), ...judgeCpus(limit, window) });
      });
    }
    return [{ title: "CPU time of the neighbour", unit: "CPUs", series: recorder.series("cpus") }];
  },
};
