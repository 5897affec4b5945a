/** Groups of groups with real processes: ceilings, who dies first, limits of an exec, an engine that is killed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { groupId, WHOLE } from "../../../cgroups/index.ts";
import { waitFor } from "../../support/wait.ts";
import { holdMemory, MIB, TestGroups } from "./support.ts";

describe("groups of groups", () => {
  it("a ceiling over all kills who is below his own limit; the one with the higher score dies first", async () => {
    await using groups = new TestGroups();
    const score = Math.max(0, groups.host.lowestOomScoreAdj);
    groups.cgroups.limitGroup(WHOLE, { memory: 70 * MIB, swap: 0 });
    const modest = groups.run("modest", { memory: 64 * MIB, oomScoreAdj: Math.max(score, 800) }, holdMemory(24 * MIB));
    await waitFor("the memory of the first", () => groups.cgroups.stats("modest").memoryUsage > 23 * MIB);
    const greedy = groups.run("greedy", { memory: 64 * MIB, oomScoreAdj: score }, holdMemory(52 * MIB));
    await waitFor("a kill", () => groups.cgroups.oomKills("modest") + groups.cgroups.oomKills("greedy") > 0);
    assert.ok(groups.cgroups.oomKills("modest") > 0, "the smaller one, whose score is higher");
    assert.equal(groups.cgroups.oomKills("greedy"), 0);
    for (const child of [modest, greedy]) assert.ok(child.pid);
    const [reading] = groups.cgroups.read("greedy", { memory: 64 * MIB });
    assert.equal(reading?.boundBy, undefined, "its own limit is less than the ceiling");
    assert.equal(groups.enforced(WHOLE)["memory"], 70 * MIB);
  });

  it("a named group has a limit of its own below the ceiling, and its members are found", async () => {
    await using groups = new TestGroups();
    groups.cgroups.limitGroup(groupId("shop"), { pids: 6 });
    const shop = groups.cgroups.under("shop");
    const { directories } = shop.create("web", {});
    const child = groups.runIn(directories, "while :; do sleep 300 & done");
    await once(child, "exit");
    assert.equal(shop.processes("web").length, 5, "the shell that could not fork has ended");
    assert.equal(shop.read("web").find(({ limit }) => limit === "pids")?.boundBy?.value, 6);
    assert.ok((shop.facts("web").above[0]?.pids?.refused ?? 0) >= 0);
    await shop.kill("web");
    await shop.remove("web");
    await groups.cgroups.remove(groupId("shop"));
    assert.deepEqual(groups.cgroups.groups(), []);
  });

  it("an exec has less than its container, whose processes go on", async () => {
    await using groups = new TestGroups();
    const main = groups.run("web", { memory: 64 * MIB }, "exec sleep 300");
    await waitFor("it to run", () => groups.isJoined("web"));
    const exec = groups.run(
      "web/exec-1",
      { memory: 12 * MIB, swap: 0 },
      "head -c 40000000 /dev/zero | tail -c 40000000",
    );
    await once(exec, "exit");
    assert.ok(groups.cgroups.oomKills("web/exec-1") > 0);
    // The shell may have been chosen, and the others follow it.
    await waitFor("all of the exec to be gone", () => groups.cgroups.processes("web/exec-1").length === 0);
    assert.equal(main.exitCode, null);
    assert.deepEqual(groups.cgroups.processes("web"), [main.pid]);
    await groups.cgroups.remove("web/exec-1");
    assert.equal(groups.enforced("web")["memory"], 64 * MIB);
  });

  it("oom_score_adj of live processes is changed, also of children", async () => {
    await using groups = new TestGroups();
    const score = Math.max(200, groups.host.lowestOomScoreAdj);
    groups.run("web", {}, "sleep 300 & sleep 300 & wait");
    await waitFor("three processes", () => groups.cgroups.processes("web").length === 3);
    groups.cgroups.update("web", { oomScoreAdj: score });
    for (const pid of groups.cgroups.processes("web")) {
      assert.equal(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8").trim(), String(score));
    }
  });
});

describe("an engine that is killed", () => {
  it("between two writes leaves what the next one repairs", async () => {
    await using groups = new TestGroups();
    const asked = { memory: 64 * MIB, swap: 0, cpus: 0.5, pids: 50 };
    groups.cgroups.create("web", asked);
    const values = (): string[] => groups.cgroups.read("web", asked).map(({ file, value }) => `${file}=${value}`);
    const before = values();
    for (let writes = 1; writes <= 3; writes++) {
      await once(dieAfterWrites(groups.parent, writes), "exit");
      assert.notDeepEqual(values(), before, "something was written");
      groups.another().repair("web", asked);
      assert.deepEqual(values(), before);
    }
  });

  it("while it makes groups leaves what a sweep takes away", async () => {
    await using groups = new TestGroups();
    groups.cgroups.create("kept", {});
    const script = `${HEAD}
      const make = files.makeDirectory; let made = 0;
      files.makeDirectory = (path) => { make(path); if (path.endsWith("/half") && ++made === 3) process.kill(process.pid, "SIGKILL"); };
      cgroups.create("half", {});`;
    await once(run(script, groups.parent), "exit");
    assert.deepEqual(groups.cgroups.list(), ["half", "kept"]);
    assert.deepEqual(groups.another().sweep(new Set(["kept"])), []);
    assert.deepEqual(groups.cgroups.list(), ["kept"]);
    assert.ok(!groups.cgroups.directoriesOf("half").some((directory) => existsSync(directory)));
  });
});

const HEAD = `
  import { Cgroups, detectHost } from "${new URL("../../../cgroups/index.ts", import.meta.url)}";
  const host = detectHost(); const { files } = host;
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const cgroups = new Cgroups({ host, parent: process.env.PARENT, logger });`;

const run = (script: string, parent: string) =>
  spawn(process.execPath, ["--input-type=module", "-e", script], { env: { ...process.env, PARENT: parent } });

const dieAfterWrites = (parent: string, writes: number) =>
  run(
    `${HEAD}
      const write = files.write; let done = 0;
      files.write = (path, value) => { write(path, value); if (++done === ${writes}) process.kill(process.pid, "SIGKILL"); };
      cgroups.update("web", { memory: ${128 * MIB}, memorySwap: ${200 * MIB}, cpus: 1, pids: 99, cpuShares: 77 });`,
    parent,
  );
