/** Freezing, killing and removing groups of real processes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, rmdirSync } from "node:fs";
import { describe, it } from "mocha";
import { waitFor } from "../../support/wait.ts";
import { SPIN, TestGroups } from "./support.ts";

describe("the life of a group of real processes", () => {
  it("frozen, it gets no CPU time; thawed, it goes on", async () => {
    await using groups = new TestGroups();
    const { cgroups } = groups;
    groups.run("frozen", {}, SPIN);
    groups.run("other", {}, SPIN);
    await waitFor(
      "both to run",
      () => cgroups.stats("frozen").cpuUsage > 20e6 && cgroups.stats("other").cpuUsage > 20e6,
    );
    await cgroups.freeze("frozen");
    const [frozen, other] = [cgroups.stats("frozen").cpuUsage, cgroups.stats("other").cpuUsage];
    await waitFor("the other to work", () => cgroups.stats("other").cpuUsage > other + 200e6);
    assert.equal(cgroups.stats("frozen").cpuUsage, frozen);
    await cgroups.thaw("frozen");
    await waitFor("it to go on", () => cgroups.stats("frozen").cpuUsage > frozen + 20e6);
  });

  it("frozen, it can be killed", async () => {
    await using groups = new TestGroups();
    const child = groups.run("frozen", {}, SPIN);
    const exit = once(child, "exit");
    await waitFor("it to run", () => groups.cgroups.stats("frozen").cpuUsage > 10e6);
    await groups.cgroups.freeze("frozen");
    await groups.cgroups.kill("frozen");
    assert.deepEqual(groups.cgroups.processes("frozen"), []);
    assert.deepEqual(await exit, [null, "SIGKILL"]);
  });

  it("forking without end, it is killed to the last process", async () => {
    await using groups = new TestGroups();
    const loop = "(while :; do sh -c 'while :; do sleep 0.01 & done' & sleep 0.02; done) &";
    groups.run("forks", { pids: 60 }, `exec 2>/dev/null; ${loop} ${loop} ${loop} exec sleep 300`);
    await waitFor("a crowd", () => groups.cgroups.stats("forks").pids > 30);
    await groups.cgroups.kill("forks");
    assert.deepEqual(groups.cgroups.processes("forks"), []);
    await groups.cgroups.remove("forks");
    assert.equal(groups.cgroups.exists("forks"), false);
  });

  it("with processes in it, it is not removed; the error has their pids", async () => {
    await using groups = new TestGroups();
    const child = groups.run("alive", {}, "exec sleep 300");
    await waitFor("it to run", () => groups.isJoined("alive"));
    await assert.rejects(groups.cgroups.remove("alive"), {
      status: 409,
      message: new RegExp(`live in it: ${child.pid}$`),
    });
    assert.throws(() => groups.cgroups.create("alive", {}), { status: 409 });
    assert.deepEqual(groups.cgroups.processes("alive"), [child.pid]);
  });

  it("is removed while its last process is about to exit", async () => {
    await using groups = new TestGroups();
    const child = groups.run("leaving", {}, "exec sleep 300");
    await waitFor("it to run", () => groups.isJoined("leaving"));
    const removed = groups.cgroups.remove("leaving");
    child.kill("SIGKILL");
    await removed;
    assert.equal(groups.cgroups.exists("leaving"), false);
  });

  it("is found and removed by a new instance, with groups inside and after a crash half way", async () => {
    await using groups = new TestGroups();
    const { directories } = groups.cgroups.create("left", { pids: 10 });
    for (const directory of directories) mkdirSync(`${directory}/inner`);
    groups.runIn(
      directories.map((directory) => `${directory}/inner`),
      "exec sleep 300",
    );
    await waitFor("it to run", () => groups.cgroups.processes("left").length === 1);

    const later = groups.another();
    assert.deepEqual(later.list(), ["left"]);
    await later.kill("left");
    const [first = ""] = directories;
    rmdirSync(`${first}/inner`);
    rmdirSync(first);
    assert.equal(later.exists("left"), directories.length > 1);
    await later.remove("left");
    assert.deepEqual(directories.filter(existsSync), []);
    assert.deepEqual(later.list(), []);
  });

  it("leaves no group behind, not even the parent", async () => {
    const groups = new TestGroups();
    groups.cgroups.create("one", {});
    await groups[Symbol.asyncDispose]();
    const parents = groups.host.hierarchies.map(({ directory }) => `${directory}${groups.parent}`);
    assert.deepEqual(parents.filter(existsSync), []);
  });
});
