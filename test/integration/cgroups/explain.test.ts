/** Verdicts on faults that are really caused: the kernel's own figures must lead to them, and nothing else. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { describe, it } from "mocha";
import {
  type ExitFacts,
  explain,
  type Facts,
  groupId,
  type Limits,
  OomLog,
  type Verdict,
} from "../../../cgroups/index.ts";
import { waitFor } from "../../support/wait.ts";
import { disk, EAT_MEMORY, holdMemory, MIB, SPIN, TestGroups } from "./support.ts";

/** Milliseconds over which rates are measured. */
const WINDOW = 1500;

/** Verdicts on a live group, from a window of time. */
async function diagnose(groups: TestGroups, id: string, asked: Limits = {}): Promise<Verdict[]> {
  using oomLog = new OomLog();
  const since = groups.cgroups.moment(id);
  await delay(WINDOW);
  return explain(groups.cgroups.facts(id, { asked, since, oomLog }));
}

/** Verdicts on a group whose first process has ended. */
async function autopsy(groups: TestGroups, id: string, child: ChildProcess, how: ExitFacts["asked"] = "nothing") {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  using oomLog = new OomLog();
  await oomLog.catchUp(groups.cgroups.pathOf(id), groups.cgroups.oomKills(id));
  const code = child.signalCode === "SIGKILL" ? 137 : (child.exitCode ?? 0);
  const facts = groups.cgroups.facts(id, { oomLog, exit: { code, time: Date.now(), asked: how } });
  // What is kept of an exited container is text.
  return explain(JSON.parse(JSON.stringify(facts)) as Facts);
}

const codes = (verdicts: readonly Verdict[]): string[] => verdicts.map(({ code }) => code);

describe("why it was killed", () => {
  it("its own limit", async () => {
    await using groups = new TestGroups();
    const verdicts = await autopsy(groups, "web", groups.run("web", { memory: 20 * MIB, swap: 0 }, EAT_MEMORY));
    assert.deepEqual(codes(verdicts), ["oom-own-limit"]);
    assert.equal(verdicts[0]?.title, "It was killed at its own memory limit of 20MiB.");
    assert.match(verdicts[0]?.evidence[0]?.value ?? "", /^oom_kill \d+$/);
  });

  it("the limit of a group above", async () => {
    await using groups = new TestGroups();
    groups.cgroups.limitGroup(groupId("shop"), { memory: 24 * MIB, swap: 0 });
    const shop = groups.cgroups.under("shop");
    const child = groups.runIn(shop.create("web", { memory: 500 * MIB }).directories, EAT_MEMORY);
    await once(child, "exit");
    using oomLog = new OomLog();
    await oomLog.catchUp(shop.pathOf("web"), shop.oomKills("web"));
    const exit = { code: 137, time: Date.now(), asked: "nothing" } as const;
    const verdicts = explain(shop.facts("web", { oomLog, exit }));
    assert.deepEqual(codes(verdicts), ["oom-group-above"]);
    assert.match(verdicts[0]?.title ?? "", /shop\.group/);
    await shop.remove("web");
  });

  it("a child, and the rest goes on", async () => {
    await using groups = new TestGroups();
    groups.run("web", { memory: 20 * MIB, swap: 0 }, `(${EAT_MEMORY}); exec sleep 300`);
    await waitFor("the kill", () => groups.cgroups.oomKills("web") > 0);
    const verdicts = await diagnose(groups, "web");
    assert.deepEqual(
      codes(verdicts).filter((code) => code.startsWith("oom")),
      ["oom-own-limit", "oom-survivor"],
    );
  });

  it("a stranger's SIGKILL, a client's, and a stop that was not heeded", async () => {
    await using groups = new TestGroups();
    for (const [asked, expected] of [
      ["nothing", "killed-from-outside"],
      ["kill", "killed-by-request"],
      ["stop", "stop-timeout"],
    ] as const) {
      const child = groups.run(asked, {}, "exec sleep 300");
      await waitFor("it to run", () => groups.isJoined(asked));
      child.kill("SIGKILL");
      assert.deepEqual(codes(await autopsy(groups, asked, child, asked)), [expected]);
    }
  });

  it("its score, not its size", async () => {
    await using groups = new TestGroups();
    const low = Math.max(0, groups.host.lowestOomScoreAdj);
    // The small one is the worst by its score; the large one goes on growing until somebody dies.
    const limits = { memory: 48 * MIB, swap: 0 };
    const hold = "x=$(head -c 6000000 /dev/zero | tr '\\0' a); while :; do sleep 300; done";
    groups.run("web", limits, `echo 1000 > /proc/self/oom_score_adj; ${hold}`);
    await waitFor(
      "the small one",
      () => groups.cgroups.processes("web").length === 2 && groups.cgroups.stats("web").memoryUsage > 5 * MIB,
    );
    groups.runIn(groups.cgroups.directoriesOf("web"), EAT_MEMORY, { oomScoreAdj: low });
    await waitFor("the kill", () => groups.cgroups.oomKills("web") > 0);
    using oomLog = new OomLog();
    if (!oomLog.isReadable) return;
    // The kernel's log comes a moment after its counter.
    await waitFor("the verdict", () => codes(explain(groups.cgroups.facts("web", { oomLog }))).includes("oom-score"));
  });

  it("nothing, when it ended by itself", async () => {
    await using groups = new TestGroups();
    const limits = { memory: 64 * MIB, cpus: 0.5, pids: 50 };
    assert.deepEqual(await autopsy(groups, "web", groups.run("web", limits, "exit 3")), []);
  });
});

describe("why it is slow or fails", () => {
  it("its quota of CPU time", async () => {
    await using groups = new TestGroups();
    groups.run("web", { cpus: 0.2 }, SPIN);
    await waitFor("throttling", () => groups.cgroups.stats("web").cpuThrottledPeriods > 1);
    const verdicts = await diagnose(groups, "web");
    assert.ok(codes(verdicts).includes("cpu-throttled"), codes(verdicts).join());
    assert.match(verdicts.find(({ code }) => code === "cpu-throttled")?.fixes[0]?.command ?? "", /--cpus 0\.[3-9]/);
  });

  it("the quota of a group above", async () => {
    await using groups = new TestGroups();
    if (groups.host.unified === undefined) return;
    groups.cgroups.limitGroup(groupId("shop"), { cpus: 0.2 });
    const shop = groups.cgroups.under("shop");
    groups.runIn(shop.create("web", {}).directories, SPIN);
    await waitFor("throttling", () => groups.cgroups.stats(groupId("shop")).cpuThrottledPeriods > 2);
    const since = shop.moment("web");
    await delay(WINDOW);
    assert.deepEqual(codes(explain(shop.facts("web", { since }))), ["cpu-throttled-above"]);
    await shop.kill("web");
    await shop.remove("web");
  });

  it("the one CPU that it may use", async () => {
    await using groups = new TestGroups();
    if (groups.host.unified === undefined || groups.host.cpus.length < 2) return;
    groups.run("web", { cpusetCpus: String(groups.host.cpus[0]) }, `(${SPIN}) & (${SPIN}) & ${SPIN}`);
    await waitFor("it to run", () => groups.cgroups.processes("web").length === 3);
    // On a busy machine others use that CPU as well, which is the other verdict on the same wait.
    const [verdict] = codes(await diagnose(groups, "web"));
    assert.ok(["cpuset-full", "cpu-contended"].includes(verdict ?? ""), String(verdict));
  });

  it("others on the same CPUs", async () => {
    await using groups = new TestGroups();
    if (groups.host.unified === undefined) return;
    const all = groups.host.cpus.map(() => `(${SPIN}) &`).join(" ");
    groups.run("loud", { cpuShares: 8192 }, `${all} wait`);
    groups.run("web", {}, SPIN);
    await waitFor("both to run", () => groups.isJoined("loud") && groups.isJoined("web"));
    // A machine that is emulated may give it a fair part of the CPUs for a while.
    await waitFor("others to be in its way", async () => codes(await diagnose(groups, "web"))[0] === "cpu-contended");
  });

  it("its limit of tasks", async () => {
    await using groups = new TestGroups();
    // The shell that could not fork ends: all others are there yet.
    await once(groups.run("web", { pids: 12 }, "while :; do sleep 300 & done"), "exit");
    const verdicts = await diagnose(groups, "web");
    // Starting so many processes is work, for which a slow machine makes them wait.
    assert.equal(codes(verdicts)[0], "pids-limit");
    assert.match(verdicts[0]?.fixes[0]?.command ?? "", /^ctr limit set web --pids-limit \d+$/);
  });

  it("it is paused", async () => {
    await using groups = new TestGroups();
    if (groups.host.unified === undefined) return;
    groups.run("web", {}, "exec sleep 300");
    await waitFor("it to run", () => groups.isJoined("web"));
    await groups.cgroups.freeze("web");
    assert.deepEqual(codes(explain(groups.cgroups.facts("web"))), ["frozen"]);
    await groups.cgroups.thaw("web");
    assert.deepEqual(explain(groups.cgroups.facts("web")), []);
  });

  it("it waits for memory, as nobody may be killed", async () => {
    await using groups = new TestGroups();
    if (groups.host.controllers.get("memory")?.version !== 1) return;
    groups.run("web", { memory: 16 * MIB, swap: 0, oomKillDisable: true }, EAT_MEMORY);
    await waitFor("it to stand still", () => groups.cgroups.signals("web").underOom === true);
    assert.ok(codes(explain(groups.cgroups.facts("web"))).includes("oom-waiting"));
    groups.cgroups.update("web", { oomKillDisable: false });
    await waitFor("the kill", () => groups.cgroups.oomKills("web") > 0);
  });

  it("its disk limits", async () => {
    await using groups = new TestGroups();
    const device = disk();
    if (device === undefined || groups.host.unified === undefined) return;
    const limits: Limits = { deviceWriteBps: [{ device, value: MIB }], deviceReadBps: [{ device, value: MIB }] };
    groups.run("web", limits, `exec dd if=/dev/zero of=${groups.scratchFile()} bs=256k count=200 oflag=direct`);
    await waitFor("it to write", () => (groups.cgroups.stats("web").io?.writes ?? 0) > 2);
    assert.deepEqual(codes(await diagnose(groups, "web")), ["io-throttled"]);
  });

  it("a limit that was changed behind us", async () => {
    await using groups = new TestGroups();
    const asked = { pids: 50, memory: 64 * MIB };
    groups.run("web", asked, "exec sleep 300");
    await waitFor("it to run", () => groups.isJoined("web"));
    const file = groups.cgroups.read("web").find(({ limit }) => limit === "pids")?.file ?? "";
    groups.host.files.write(file, "9");
    assert.deepEqual(codes(explain(groups.cgroups.facts("web", { asked }))), ["limit-drift"]);
  });

  it("nothing, when it is well: idle, or with work and room for it", async () => {
    await using groups = new TestGroups();
    const asked = { memory: 64 * MIB, cpus: 1, pids: 50 };
    groups.run("idle", asked, "exec sleep 300");
    groups.run("holds", asked, holdMemory(20 * MIB));
    await waitFor("the memory to be in use", () => groups.cgroups.stats("holds").memoryUsage > 19 * MIB);
    assert.deepEqual(await diagnose(groups, "idle", asked), []);
    assert.deepEqual(await diagnose(groups, "holds", asked), []);
  });
});
