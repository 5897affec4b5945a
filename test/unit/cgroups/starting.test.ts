import assert from "node:assert/strict";
import { Cgroups, type Limits, limitRunning, limitWaiting, startingLimits } from "../../../cgroups/index.ts";
import { silentLogger } from "../../../lib/log.ts";
import { hybridHost, unifiedHost } from "./fake-kernel.ts";

const MIB = 2 ** 20;
const TINY: Limits = { memory: 6 * MIB, memorySwap: 6 * MIB, pids: 1 };

for (const make of [hybridHost, unifiedHost])
  describe(`a start under limits too small for the runtime (${make.name})`, () => {
    const usageFile = make === hybridHost ? "/sys/fs/cgroup/memory/ctr/web/memory.usage_in_bytes" : undefined;

    /** A group in which the runtime's init waits, with so many bytes in use. */
    function waiting(limits: Limits, usage: number) {
      const { kernel, host } = make();
      const cgroups = new Cgroups({ host, parent: "/ctr", logger: silentLogger });
      cgroups.create("web", startingLimits(limits));
      const use = (bytes: number): void => {
        kernel.memoryUsage = bytes;
        kernel.set(usageFile ?? "/sys/fs/cgroup/ctr/web/memory.current", String(bytes));
      };
      use(usage);
      const inForce = (): Limits => cgroups.enforced("web", ["memory", "memorySwap", "pids"]);
      return { cgroups, use, inForce };
    }

    it("puts all in force before the program runs where the runtime fits", () => {
      const { cgroups, inForce } = waiting(TINY, 4096);
      assert.equal(limitWaiting(cgroups, "web", TINY), true);
      assert.deepEqual(inForce(), TINY);
    });

    it("puts the memory limit in force when the runtime's memory is gone, and the others before", async () => {
      const { cgroups, use, inForce } = waiting(TINY, 11 * MIB);
      assert.equal(limitWaiting(cgroups, "web", TINY), false);
      assert.deepEqual(inForce(), { memory: 32 * MIB, memorySwap: 32 * MIB, pids: 1 });
      const done = limitRunning(cgroups, "web", TINY);
      use(4096);
      assert.equal(await done, true);
      assert.deepEqual(inForce(), TINY);
    });

    it("is content when the program has ended meanwhile", async () => {
      const { cgroups } = waiting(TINY, 11 * MIB);
      limitWaiting(cgroups, "web", TINY);
      const done = limitRunning(cgroups, "web", TINY);
      await cgroups.remove("web");
      assert.equal(await done, true);
    });

    it("refuses what a runtime cannot be the reason of", () => {
      const limits: Limits = { memory: 40 * MIB, memorySwap: 40 * MIB };
      const { cgroups } = waiting({ memory: 80 * MIB }, 60 * MIB);
      assert.throws(() => limitWaiting(cgroups, "web", limits), { code: "CTR_LIMIT_REFUSED" });
    });
  });
