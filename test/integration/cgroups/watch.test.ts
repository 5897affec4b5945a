/** Events of real groups: the kernel counts, the watcher tells. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "mocha";
import { type GroupEvent, GroupWatcher, type OomEvent } from "../../../cgroups/index.ts";
import { waitFor } from "../../support/wait.ts";
import { EAT_MEMORY, MIB, SPIN, TestGroups } from "./support.ts";

/** A watcher that samples when it is asked to, and what it told. */
function watch(): { readonly watcher: GroupWatcher; readonly events: GroupEvent[] } {
  const watcher = new GroupWatcher({
    interval: 0,
    thresholds: {
      throttled: { share: 0.3, window: 300 },
      pressure: [{ resource: "cpu", kind: "some", share: 0.2, window: 300 }],
    },
  });
  const events: GroupEvent[] = [];
  watcher.onEvent((event) => events.push(event));
  return { watcher, events };
}

describe("a watcher of groups", () => {
  it("tells of an OOM kill, before the group is gone: who, how large, for whose limit", async () => {
    await using groups = new TestGroups();
    const { watcher, events } = watch();
    using _end = watcher;
    const { path, directories } = groups.cgroups.create("hog", { memory: 20 * MIB, swap: 0 });
    watcher.add(groups.cgroups, "hog");
    await once(groups.runIn(directories, EAT_MEMORY), "exit");
    await watcher.finish(groups.cgroups, "hog");
    const oom = events.find((event): event is OomEvent => event.type === "oom");
    assert.ok(oom !== undefined && oom.kills >= 1 && oom.path === path);
    if (!watcher.oomLog.isReadable) return;
    const [victim] = oom.victims;
    assert.equal(victim?.name, "sh");
    assert.equal(victim?.reason, "group");
    assert.equal(victim?.limitGroup, path);
    assert.ok((victim?.anonymous ?? 0) > 10 * MIB && (victim?.anonymous ?? 0) <= 20 * MIB, `${victim?.anonymous}`);
    assert.ok(victim?.candidates.some(({ pid }) => pid === victim.pid));
    assert.deepEqual(await watcher.finish(groups.cgroups, "hog"), [], "told once");
  });

  it("tells of each kill once, while the container goes on", async () => {
    await using groups = new TestGroups();
    const { watcher, events } = watch();
    using _end = watcher;
    const { directories } = groups.cgroups.create("again", { memory: 20 * MIB, swap: 0 });
    watcher.add(groups.cgroups, "again");
    for (const kills of [1, 2, 3]) {
      await once(groups.runIn(directories, EAT_MEMORY), "exit");
      await waitFor("the kill to be told of", () => {
        watcher.poll();
        return events.filter(({ type }) => type === "oom").length >= kills;
      });
    }
    const told = events.flatMap((event) => (event.type === "oom" ? [event] : []));
    const sum = told.reduce((kills, event) => kills + event.kills, 0);
    assert.equal(sum, groups.cgroups.oomKills("again"));
    if (!watcher.oomLog.isReadable) return;
    const pids = told.flatMap(({ victims }) => victims.map(({ pid }) => pid));
    assert.equal(new Set(pids).size, sum);
  });

  it("tells of refused forks, of the first process and of the last", async () => {
    await using groups = new TestGroups();
    const { watcher, events } = watch();
    using _end = watcher;
    const { directories } = groups.cgroups.create("few", { pids: 5 });
    watcher.add(groups.cgroups, "few");
    const child = groups.runIn(directories, "while :; do sleep 300 & done");
    await once(child, "exit");
    watcher.poll();
    const limit = events.find(({ type }) => type === "limit");
    assert.ok(limit?.type === "limit" && limit.limit === "pids" && limit.count > 0);
    await groups.cgroups.kill("few");
    watcher.poll();
    if (groups.host.unified === undefined) return;
    const populated = events.flatMap((event) => (event.type === "populated" ? [event.populated] : []));
    assert.deepEqual(populated, [true, false]);
  });

  it("is woken by the kernel where it announces something, without any sampling", async () => {
    await using groups = new TestGroups();
    if (groups.host.unified === undefined) return;
    const { watcher, events } = watch();
    using _end = watcher;
    const { directories } = groups.cgroups.create("short", {});
    watcher.add(groups.cgroups, "short");
    groups.runIn(directories, "exec sleep 300");
    await waitFor("the first process to be told of", () => events.some((event) => event.type === "populated"));
  });

  it("tells when throttling and pressure begin and end", async () => {
    await using groups = new TestGroups();
    const { watcher, events } = watch();
    using _end = watcher;
    groups.run("busy", { cpus: 0.1 }, SPIN);
    await waitFor("throttling", () => groups.cgroups.stats("busy").cpuThrottledPeriods > 0);
    watcher.add(groups.cgroups, "busy");
    const told = (type: GroupEvent["type"], state: string) => () => {
      watcher.poll();
      return events.some((event) => event.type === type && "state" in event && event.state === state);
    };
    await waitFor("throttling above", told("throttled", "above"));
    if (groups.host.unified !== undefined && groups.cgroups.pressure("busy").cpu !== undefined) {
      await waitFor("pressure above", told("pressure", "above"));
    }
    groups.cgroups.update("busy", { cpus: "max" });
    await waitFor("throttling below", told("throttled", "below"));
  });

  it("goes on when a group is removed under it", async () => {
    await using groups = new TestGroups();
    const { watcher } = watch();
    using _end = watcher;
    groups.cgroups.create("gone", {});
    groups.cgroups.create("stays", {});
    watcher.add(groups.cgroups, "gone");
    watcher.add(groups.cgroups, "stays");
    await groups.cgroups.remove("gone");
    assert.deepEqual(watcher.poll(), []);
    assert.throws(() => watcher.add(groups.cgroups, "never"), { status: 404 });
  });
});
