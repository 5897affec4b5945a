import { readingOf } from "../load-container.ts";
import { stress } from "../loads.ts";
import { judged } from "../trials/trial.ts";
import type { Profile } from "./profile.ts";

const MIB = 2 ** 20;
const LIMIT = 64;

/** Each process makes two more, for ever. */
const BOMB = "bomb() { bomb | bomb & }; bomb; sleep 600";

export const forkBomb: Profile = {
  summary: "programs that fork without end under --pids-limit",
  async run({ session, seconds, recorder, phase, tell }) {
    const resources = { PidsLimit: LIMIT, Memory: 256 * MIB, MemorySwap: 256 * MIB };
    const loads: readonly (readonly [string, readonly string[]])[] = [
      ["stress-ng --fork", stress(["--fork", "8", "--fork-max", String(LIMIT)], seconds / 2)],
      ["shell fork bomb", ["sh", "-c", BOMB]],
    ];
    for (const [name, argv] of loads) {
      await phase(name, async () => {
        await using container = await session.start(resources, { purpose: "fork-bomb" });
        recorder.follow(container, name, { pids: LIMIT });
        await container.spawn(argv);
        let most = 0;
        await session.until((seconds / 2) * 1000, async () => {
          const sample = await container.sample();
          most = Math.max(most, sample.stats.pids, readingOf(sample, "pids")?.peak ?? 0);
          return undefined;
        });
        tell({
          limit: "pids-limit",
          set: String(LIMIT),
          measured: `${most} tasks at most, ${name}`,
          ...judged(most / LIMIT - 1, 0),
        });
      });
    }
    return [
      { title: "Processes", unit: "tasks", series: recorder.series("pids") },
      { title: "CPU time", unit: "CPUs", series: recorder.series("cpus") },
    ];
  },
};
