/**
 * How exactly limits hold, by the kernel's own counters. Asked: CPU quota within 3 %, memory killed at the limit within
 * 1 %, tasks exactly, block I/O within 15 %, shares 1:3 within 10 % under contention, an update within 100 ms.
 *
 * A machine that is busy with other things gives less than a limit allows: then no test can tell a quota that is too
 * small from a CPU that others have. Upper bounds hold always; lower bounds are judged by the periods that were used up.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { describe, it } from "mocha";
import type { GroupStats } from "../../../cgroups/index.ts";
import { PATIENCE, waitFor } from "../../support/wait.ts";
import { disk, EAT_MEMORY, MIB, SPIN, TestGroups } from "./support.ts";

/** Milliseconds of a measurement. */
const WINDOW = 4000;

/** Of a quota: the 10 s that are asked for in the machine of test/host-v2, where they are few among all that it takes. */
const QUOTA_WINDOW = PATIENCE > 1 ? 10_000 : WINDOW;

async function measure(
  groups: TestGroups,
  ids: readonly string[],
  window = WINDOW,
): Promise<{ used: number; periods: number; throttled: number; seconds: number }[]> {
  const before = ids.map((id) => [groups.cgroups.stats(id), performance.now()] as const);
  await delay(window);
  return ids.map((id, index) => {
    const [first, time] = before[index] as readonly [GroupStats, number];
    const last = groups.cgroups.stats(id);
    return {
      used: last.cpuUsage - first.cpuUsage,
      periods: last.cpuPeriods - first.cpuPeriods,
      throttled: last.cpuThrottledPeriods - first.cpuThrottledPeriods,
      seconds: (performance.now() - time) / 1000,
    };
  });
}

describe("how exactly limits hold", () => {
  for (const cpus of [0.25, 0.5, 1.5]) {
    it(`CPU quota of ${cpus}: within 3 %`, async () => {
      await using groups = new TestGroups();
      groups.run("web", { cpus }, `(${SPIN}) & (${SPIN}) & ${SPIN}`);
      await waitFor("it to run", () => groups.cgroups.stats("web").cpuPeriods > 3);
      const [result] = await measure(groups, ["web"], QUOTA_WINDOW);
      assert.ok(result !== undefined);
      const quota = cpus * 1e8;
      const elapsed = result.seconds * 1e9 * cpus;
      // One period may be cut at each end of the window.
      assert.ok(result.used <= elapsed * 1.03 + 2 * quota, `${result.used} ns in ${result.seconds} s`);
      // A period that was used up has given its quota: up to a slice of 5 ms for each CPU, which the kernel hands out.
      const least = (result.throttled - 1) * quota * 0.97;
      assert.ok(result.used >= least, `${result.used} ns, ${result.throttled} of ${result.periods} periods used up`);
    });
  }

  it("shares 1:3 under contention: within 10 %", async () => {
    await using groups = new TestGroups();
    const cpusetCpus = String(groups.host.cpus.at(-1));
    groups.run("one", { cpusetCpus, cpuShares: 1024 }, SPIN);
    groups.run("three", { cpusetCpus, cpuShares: 3072 }, SPIN);
    await waitFor("both to run", () => groups.isJoined("one") && groups.isJoined("three"));
    const [one, three] = await measure(groups, ["one", "three"]);
    const isV2 = groups.host.controllers.get("cpu")?.version === 2;
    // v2: 3072 shares are a weight of 240 to 100, as runc and crun convert.
    const wanted = isV2 ? 2.4 : 3;
    const ratio = (three?.used ?? 0) / (one?.used ?? 1);
    assert.ok(Math.abs(ratio / wanted - 1) <= 0.1, `${ratio}`);
  });

  it("memory: killed at the limit, the peak within 1 %", async () => {
    await using groups = new TestGroups();
    const memory = 64 * MIB;
    await once(groups.run("web", { memory, swap: 0 }, EAT_MEMORY), "exit");
    assert.ok(groups.cgroups.oomKills("web") >= 1);
    const { memoryPeak } = groups.cgroups.stats("web");
    if (memoryPeak === undefined) return;
    // The shell doubles what it holds, so that the step that kills it may end well below the limit on v1 and v2 alike:
    // what is charged page by page is not.
    assert.ok(memoryPeak <= memory && memoryPeak >= memory * 0.99, `peak ${memoryPeak} of ${memory}`);
  });

  it("block I/O: within 15 %, written directly", async () => {
    await using groups = new TestGroups();
    const device = disk();
    if (device === undefined) return;
    const rate = 4 * MIB;
    const script = `exec dd if=/dev/zero of=${groups.scratchFile()} bs=256k count=64 oflag=direct`;
    groups.cgroups.create("web", { deviceWriteBps: [{ device, value: rate }] });
    const child = groups.runIn(groups.cgroups.directoriesOf("web"), script);
    await waitFor("it to write", () => (groups.cgroups.stats("web").io?.writeBytes ?? 0) > 0);
    const first = groups.cgroups.stats("web").io?.writeBytes ?? 0;
    const begun = performance.now();
    await once(child, "exit");
    const seconds = (performance.now() - begun) / 1000;
    const written = (groups.cgroups.stats("web").io?.writeBytes ?? 0) - first;
    assert.ok(written > 8 * MIB, `${written} bytes: this file is on another disk`);
    assert.ok(Math.abs(written / seconds / rate - 1) <= 0.15, `${written / seconds / MIB} MiB/s`);
  });

  it("an update takes effect within 100 ms", async () => {
    await using groups = new TestGroups();
    groups.run("web", { cpus: 0.05 }, SPIN);
    await waitFor("throttling", () => groups.cgroups.stats("web").cpuThrottledPeriods > 1);
    groups.cgroups.update("web", { cpus: 0.6 });
    // The period in which it was changed is over then.
    await delay(100);
    const [result] = await measure(groups, ["web"]);
    assert.ok(result !== undefined && result.used > result.seconds * 1e9 * 0.1, `${result?.used} ns`);
  });

  it("a frozen group gets no CPU time at all", async () => {
    await using groups = new TestGroups();
    groups.run("web", {}, SPIN);
    await waitFor("it to run", () => groups.cgroups.stats("web").cpuUsage > 0);
    await groups.cgroups.freeze("web");
    const before = groups.cgroups.stats("web").cpuUsage;
    await delay(500);
    assert.equal(groups.cgroups.stats("web").cpuUsage, before);
  });
});
