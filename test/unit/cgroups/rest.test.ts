import assert from "node:assert/strict";
import { HeldFiles } from "../../../cgroups/held-files.ts";
import { Cgroups } from "../../../cgroups/index.ts";
import { Rest } from "../../../cgroups/rest.ts";
import { readStats } from "../../../cgroups/stats.ts";
import { GroupTree } from "../../../cgroups/tree.ts";
import { silentLogger } from "../../../lib/log.ts";
import { hybridHost, unifiedHost } from "./fake-kernel.ts";

const root = "/sys/fs/cgroup";

describe("a group at rest", () => {
  it("keeps figures once its CPU time has stood still for three seconds, for half a minute", () => {
    const rest = new Rest();
    rest.look("1", 0).pids = 7;
    assert.equal(rest.look("1", 2999).pids, undefined, "not yet");
    rest.look("1", 3000).pids = 8;
    assert.equal(rest.look("1", 32_999).pids, 8);
    assert.equal(rest.look("1", 33_000).pids, undefined, "read again now and then");
  });

  it("keeps nothing once something has run, and nothing of another group under its name", () => {
    const rest = new Rest();
    rest.look("1", 0);
    rest.look("1", 5000).pids = 8;
    assert.equal(rest.look("2", 5001).pids, undefined);
    assert.equal(rest.look("2", 5002).pids, undefined);
    rest.look("2", 9000).pids = 9;
    rest.forget();
    assert.equal(rest.look("2", 9001).pids, undefined);
  });

  for (const make of [hybridHost, unifiedHost]) {
    it(`is told of as it is when something has run in it, or memory was taken from it (${make.name})`, () => {
      const { kernel, host } = make();
      new Cgroups({ host, parent: "/ctr", logger: silentLogger }).create("web", {});
      const tree = new GroupTree(host, "/ctr");
      const held = new HeldFiles(tree);
      const file = (controller: string, name: string): string =>
        `${tree.controllerDirectory(controller, "web")}/${name}`;
      const isV2 = make === unifiedHost;
      const usage = file("memory", isV2 ? "memory.current" : "memory.usage_in_bytes");
      const cpu = `${tree.unifiedDirectory("web")}/cpu.stat`;
      if (make === hybridHost) kernel.set(cpu, "usage_usec 3\nuser_usec 1\nsystem_usec 2");
      held.of("web").rest.look(kernel.read(cpu), performance.now() - 10_000);
      const before = readStats(tree, "web", held);
      kernel.set(file("pids", "pids.current"), "5");
      kernel.set(file("memory", "memory.stat"), "inactive_file 1024\ntotal_inactive_file 1024\ntotal_swap 0");
      assert.deepEqual(readStats(tree, "web", held), before, "nothing can have changed these");
      kernel.set(usage, "8192");
      assert.deepEqual(
        readStats(tree, "web", held),
        { ...before, memoryUsage: 8192, memoryInactiveFile: 1024 },
        "the kernel takes memory from a group at rest",
      );
      kernel.set(cpu, kernel.read(cpu).replace("3", "4"));
      const after = readStats(tree, "web", held);
      assert.equal(after.pids, 5);
      assert.ok(after.cpuUsage > before.cpuUsage);
    });
  }

  it("is told of as it is after it was removed and made again", () => {
    const { kernel, host } = hybridHost();
    const cgroups = new Cgroups({ host, parent: "/ctr", logger: silentLogger });
    cgroups.create("web", {});
    const tree = new GroupTree(host, "/ctr");
    const held = new HeldFiles(tree);
    const cpu = `${root}/unified/ctr/web/cpu.stat`;
    held.of("web").rest.look(kernel.read(cpu), performance.now() - 10_000);
    assert.equal(readStats(tree, "web", held).pids, 0);
    held.release("web");
    kernel.set(`${root}/pids/ctr/web/pids.current`, "5");
    assert.equal(readStats(tree, "web", held).pids, 5);
  });
});
