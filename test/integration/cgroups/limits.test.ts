/** Limits on real processes, proved by the kernel's own counters. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { waitFor } from "../../support/wait.ts";
import { holdMemory, MIB, SPIN, TestGroups } from "./support.ts";

describe("limits that hold", () => {
  it("memory: a hog is killed at its limit, and counted", async () => {
    await using groups = new TestGroups();
    const limits = { memory: 32 * MIB, memorySwap: 32 * MIB };
    const hog = groups.run("hog", limits, "head -c 300000000 /dev/zero | tail -c 300000000");
    await once(hog, "exit");
    assert.ok(groups.cgroups.oomKills("hog") >= 1);
    const stats = groups.cgroups.stats("hog");
    assert.equal(stats.oomKills, groups.cgroups.oomKills("hog"));
    if (stats.memoryPeak !== undefined) {
      assert.ok(stats.memoryPeak <= limits.memory, `peak ${stats.memoryPeak}`);
      assert.ok(stats.memoryPeak >= limits.memory * 0.99, `peak ${stats.memoryPeak}`);
    }
  });

  it("memory: who stays below its limit lives", async () => {
    await using groups = new TestGroups();
    groups.run("modest", { memory: 64 * MIB }, holdMemory(16 * MIB));
    await waitFor("the memory to be in use", () => groups.cgroups.stats("modest").memoryUsage > 15 * MIB);
    assert.equal(groups.cgroups.oomKills("modest"), 0);
    assert.ok(groups.cgroups.processes("modest").length >= 3);
  });

  it("CPUs: half a CPU gets half a CPU", async () => {
    await using groups = new TestGroups();
    groups.run("half", { cpus: 0.5 }, `(${SPIN}) & ${SPIN}`);
    const first = await waitFor("the first period", () => {
      const stats = groups.cgroups.stats("half");
      return stats.cpuPeriods > 0 ? stats : undefined;
    });
    // A busy machine may not give it half a CPU in every period.
    const last = await waitFor("30 periods, and one that was used up", () => {
      const stats = groups.cgroups.stats("half");
      const isThrottled = stats.cpuThrottledPeriods > first.cpuThrottledPeriods;
      return isThrottled && stats.cpuPeriods >= first.cpuPeriods + 30 ? stats : undefined;
    });
    const QUOTA = 50e6;
    const usage = last.cpuUsage - first.cpuUsage;
    const periods = last.cpuPeriods - first.cpuPeriods;
    const throttled = last.cpuThrottledPeriods - first.cpuThrottledPeriods;
    assert.ok(last.cpuThrottledTime > first.cpuThrottledTime);
    assert.ok(usage <= (periods + 1) * QUOTA * 1.1, `${usage} ns in ${periods} periods`);
    assert.ok(usage >= throttled * QUOTA * 0.8, `${usage} ns, ${throttled} periods were used up`);
  });

  it("pids: exactly so many, and one more after an update", async () => {
    await using groups = new TestGroups();
    // The shell ends when it cannot fork: its children then stay, one less than the limit.
    const script = "while :; do sleep 300 & done";
    const { directories } = groups.cgroups.create("few", { pids: 8 });
    for (const limit of [8, 9, 7]) {
      groups.cgroups.update("few", { pids: limit });
      await once(groups.runIn(directories, script), "exit");
      assert.equal(groups.cgroups.processes("few").length, limit - 1);
      assert.equal(groups.cgroups.stats("few").pids, limit - 1);
      await groups.cgroups.kill("few");
      await waitFor("zombies to be reaped, as they count", () => groups.cgroups.stats("few").pids === 0);
    }
  });

  it("cpuset and oom_score_adj: the process has them from its first moment", async () => {
    await using groups = new TestGroups();
    const cpu = groups.host.cpus.at(-1);
    const score = Math.max(groups.host.lowestOomScoreAdj, 321);
    groups.run("pinned", { cpusetCpus: String(cpu), cpusetMems: "0", oomScoreAdj: score }, "exec sleep 300");
    const pid = await waitFor("the program", () =>
      groups.cgroups.processes("pinned").find((id) => readFileSync(`/proc/${id}/comm`, "utf8") === "sleep\n"),
    );
    assert.match(readFileSync(`/proc/${pid}/status`, "utf8"), new RegExp(`^Cpus_allowed_list:\\t${cpu}$`, "m"));
    assert.equal(groups.cgroups.read("pinned").at(-1)?.enforced, score);
  });

  it("oom_score_adj: what the check says can be set is what can be set", async () => {
    await using groups = new TestGroups();
    const { lowestOomScoreAdj: lowest } = groups.host;
    const run = async (id: string, oomScoreAdj: number): Promise<unknown> =>
      (await once(groups.runIn(groups.cgroups.create(id, {}).directories, "exit 7", { oomScoreAdj }), "exit"))[0];
    assert.equal(await run("can", lowest), 7);
    if (lowest > -1000) assert.equal(await run("cannot", lowest - 1), 125);
  });

  it("reads back everything that was asked", async () => {
    await using groups = new TestGroups();
    const limits = {
      memory: 64 * MIB,
      memorySwap: 96 * MIB,
      memoryReservation: 32 * MIB,
      cpus: 0.25,
      cpuPeriod: 50_000,
      cpuShares: 512,
      cpusetCpus: "0",
      cpusetMems: "0",
      pids: 100,
    };
    groups.cgroups.create("all", limits);
    const shares = groups.host.controllers.get("cpu")?.version === 2 ? "weight 59" : 512;
    const enforced = groups.enforced("all");
    for (const [limit, value] of Object.entries({ ...limits, cpuShares: shares })) {
      assert.equal(enforced[limit], value, limit);
    }
    for (const { file, value } of groups.cgroups.read("all")) assert.equal(readFileSync(file, "utf8").trim(), value);
  });
});
