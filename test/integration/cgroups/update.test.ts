/** Changing limits of groups with live processes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "mocha";
import type { Limits } from "../../../cgroups/index.ts";
import { waitFor } from "../../support/wait.ts";
import { holdMemory, MIB, SPIN, TestGroups } from "./support.ts";

describe("a live update", () => {
  it("raises and lowers memory and total, together and alone, and takes them away", async () => {
    await using groups = new TestGroups();
    groups.run("live", { memory: 64 * MIB, memorySwap: 96 * MIB }, "exec sleep 300");
    await waitFor("it to run", () => groups.cgroups.processes("live").length === 1);
    const steps: readonly (readonly [Limits, Limits["memory"], Limits["memorySwap"]])[] = [
      [{ memory: 128 * MIB, memorySwap: 160 * MIB }, 128 * MIB, 160 * MIB],
      [{ memory: 32 * MIB, memorySwap: 40 * MIB }, 32 * MIB, 40 * MIB],
      [{ memory: 36 * MIB }, 36 * MIB, 40 * MIB],
      [{ memorySwap: "max" }, 36 * MIB, "max"],
      [{ memory: 20 * MIB }, 20 * MIB, "max"],
      [{ memorySwap: 40 * MIB }, 20 * MIB, 40 * MIB],
      [{ memory: 50 * MIB }, 50 * MIB, 100 * MIB],
      [{ memory: "max" }, "max", "max"],
      [{ memory: 64 * MIB }, 64 * MIB, 128 * MIB],
    ];
    for (const [change, memory, memorySwap] of steps) {
      groups.cgroups.update("live", change);
      const enforced = groups.enforced("live");
      assert.deepEqual([enforced["memory"], enforced["memorySwap"]], [memory, memorySwap], JSON.stringify(change));
    }
    assert.equal(groups.cgroups.oomKills("live"), 0);
    assert.equal(groups.cgroups.processes("live").length, 1);
  });

  it("takes effect: a hog is killed after its limit came down on new memory", async () => {
    await using groups = new TestGroups();
    const hog = groups.run(
      "hog",
      {},
      "while [ ! -e /proc/self/never ] && sleep 0.02; do head -c 60000000 /dev/zero | tail -c 60000000; done",
    );
    await waitFor("the hog to work", () => (groups.cgroups.stats("hog").memoryPeak ?? 60e6) > 50e6);
    assert.equal(groups.cgroups.oomKills("hog"), 0);
    await waitFor("a moment in which the use is small", () => {
      groups.cgroups.update("hog", { memory: 30 * MIB, memorySwap: 30 * MIB });
      return true;
    });
    await waitFor("an OOM kill", () => groups.cgroups.oomKills("hog") > 0);
    await groups.cgroups.kill("hog");
    if (hog.exitCode === null && hog.signalCode === null) await once(hog, "exit");
  });

  it("changes CPU time", async () => {
    await using groups = new TestGroups();
    groups.run("busy", { cpus: 0.1 }, SPIN);
    await waitFor("throttling", () => groups.cgroups.stats("busy").cpuThrottledPeriods > 2);
    groups.cgroups.update("busy", { cpus: "max" });
    const before = groups.cgroups.stats("busy");
    const after = await waitFor("more CPU time", () => {
      const stats = groups.cgroups.stats("busy");
      return stats.cpuUsage > before.cpuUsage + 300e6 ? stats : undefined;
    });
    assert.ok(after.cpuThrottledPeriods <= before.cpuThrottledPeriods + 1, "no longer throttled");
    groups.cgroups.update("busy", { cpuPeriod: 20_000, cpus: 0.5 });
    groups.cgroups.update("busy", { cpuPeriod: 200_000, cpus: 0.2 });
    groups.cgroups.update("busy", { cpuPeriod: 10_000, cpus: 1.5 });
    assert.equal(groups.enforced("busy")["cpus"], 1.5);
  });

  it("below the present use is refused, kills nobody, and leaves every old limit in force", async () => {
    await using groups = new TestGroups();
    const limits = { memory: 64 * MIB, memorySwap: 64 * MIB, cpus: 0.5, cpuShares: 512, pids: 50 };
    groups.run("holder", limits, holdMemory(40 * MIB));
    // What fills the memory ends then by itself: the shell, who waits and who holds stay.
    await waitFor(
      "the memory to be in use",
      () => groups.cgroups.stats("holder").memoryUsage > 38 * MIB && groups.cgroups.processes("holder").length === 3,
    );
    const values = (): string[] => groups.cgroups.read("holder").map(({ file, value }) => `${file}=${value}`);
    const before = values();
    const processes = groups.cgroups.processes("holder");
    assert.throws(
      () => groups.cgroups.update("holder", { memory: 8 * MIB, memorySwap: 8 * MIB, cpus: 1, cpuShares: 99, pids: 60 }),
      { status: 409, code: "CTR_LIMIT_REFUSED", message: /^cannot set --memory: writing "\d+" to \/.*memory/ },
    );
    assert.deepEqual(values(), before);
    assert.equal(groups.cgroups.oomKills("holder"), 0);
    assert.deepEqual(groups.cgroups.processes("holder"), processes, "nobody was killed");
  });

  it("of a group that is gone is an error", async () => {
    await using groups = new TestGroups();
    assert.throws(() => groups.cgroups.update("never", { pids: 5 }), { status: 404 });
  });
});
