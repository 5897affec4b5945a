import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Cgroups, commandInGroup } from "../../../cgroups/index.ts";
import { silentLogger } from "../../../lib/log.ts";
import { type FakeHost, hybridHost, legacyHost, unifiedHost } from "./fake-kernel.ts";

const MIB = 2 ** 20;
const root = "/sys/fs/cgroup";
const open = ({ host }: FakeHost, parent = "/ctr"): Cgroups => new Cgroups({ host, parent, logger: silentLogger });

describe("the life of a group", () => {
  for (const make of [unifiedHost, hybridHost, legacyHost]) {
    it(`goes from nothing to nothing (${make.name})`, async () => {
      const fake = make();
      const cgroups = open(fake, "/a/ctr");
      const group = cgroups.create("web", {});
      assert.equal(group.path, "/a/ctr/web");
      assert.equal(cgroups.pathOf("web"), "/a/ctr/web");
      assert.deepEqual(
        group.directories,
        fake.host.hierarchies.map(({ directory }) => `${directory}/a/ctr/web`),
      );
      assert.ok(group.directories.every((directory) => fake.kernel.exists(directory)));
      cgroups.create("db", {});
      assert.deepEqual(cgroups.list(), ["db", "web"]);
      await cgroups.remove("web");
      assert.equal(cgroups.exists("web"), false);
      assert.equal(cgroups.exists("db"), true);
      cgroups.removeParent();
      assert.notEqual(fake.kernel.groups("ctr").length, 0, "db still lives in it");
      await cgroups.remove("db");
      await cgroups.remove("db");
      cgroups.removeParent();
      assert.deepEqual(fake.kernel.groups("a"), []);
      assert.deepEqual(cgroups.list(), []);
    });
  }

  it("v2: every ancestor hands the controllers down, the leaf does not", () => {
    const fake = unifiedHost();
    open(fake, "/a/ctr").create("web", {});
    for (const group of ["", "/a", "/a/ctr"]) {
      assert.equal(fake.kernel.read(`${root}${group}/cgroup.subtree_control`), "memory cpu cpuset pids io", group);
    }
    assert.equal(fake.kernel.read(`${root}/a/ctr/web/cgroup.subtree_control`), "");
  });

  it("v2: says that processes live in an inner group", () => {
    const fake = unifiedHost();
    fake.kernel.refusals.set(`${root}/cgroup.subtree_control`, "EBUSY");
    assert.throws(() => open(fake).create("web", {}), { status: 409, message: /processes live in that group itself/ });
    assert.deepEqual(fake.kernel.groups("web"), []);
  });

  it("v1: fills the cpuset, so that it takes processes", () => {
    const fake = hybridHost();
    open(fake, "/a/ctr").create("web", {});
    for (const group of ["a", "a/ctr", "a/ctr/web"]) {
      assert.equal(fake.kernel.read(`${root}/cpuset/${group}/cpuset.cpus`), "0-1");
      assert.equal(fake.kernel.read(`${root}/cpuset/${group}/cpuset.mems`), "0");
    }
  });

  it("makes the parent again when somebody removed it", async () => {
    const fake = hybridHost();
    const cgroups = open(fake);
    cgroups.create("one", {});
    await cgroups.remove("one");
    open(fake).removeParent();
    cgroups.create("two", { cpusetCpus: "0" });
    assert.equal(fake.kernel.read(`${root}/cpuset/ctr/two/cpuset.mems`), "0");
  });

  it("leaves nothing when a limit cannot be written", () => {
    for (const fake of [unifiedHost(), hybridHost()]) {
      const cgroups = open(fake);
      cgroups.create("other", {});
      const pids = fake.host.controllers.get("pids")?.directory;
      fake.kernel.refusals.set(`${pids}/ctr/web/pids.max`, "EROFS");
      assert.throws(() => cgroups.create("web", { memory: 64 * MIB, pids: 5 }), { message: /mounted read-only/ });
      assert.deepEqual(fake.kernel.groups("web"), []);
    }
  });

  it("changes nothing for bad limits, ids and parents", () => {
    const fake = hybridHost();
    const cgroups = open(fake);
    const writes = fake.kernel.writes.length;
    assert.throws(() => cgroups.create("web", { memory: 1 }), { status: 400 });
    for (const id of ["", ".", "..", "a/b/c", "a/", "a/..", "../x", "-x", "a\n", "x".repeat(200)]) {
      assert.throws(() => cgroups.create(id, {}), { code: "CTR_CGROUP_ID_INVALID" }, JSON.stringify(id));
      assert.throws(() => cgroups.exists(id), { code: "CTR_CGROUP_ID_INVALID" });
    }
    for (const parent of ["", "/", "ctr", "/ctr/", "/../x", "/a//b", "/a/../b", "/a b"]) {
      assert.throws(() => open(fake, parent), { code: "CTR_CGROUP_PARENT_INVALID" }, parent);
    }
    assert.equal(fake.kernel.writes.length, writes);
    assert.deepEqual(fake.kernel.groups("ctr"), []);
    assert.throws(() => cgroups.update("web", { pids: 5 }), { status: 404 });
  });

  it("takes an empty left-over, without its limits and with the groups in it", () => {
    const fake = hybridHost();
    open(fake).create("web", { pids: 5 });
    fake.kernel.makeDirectory(`${root}/pids/ctr/web/inner`);
    const cgroups = open(fake);
    cgroups.create("web", {});
    assert.equal(fake.kernel.read(`${root}/pids/ctr/web/pids.max`), "max");
    assert.equal(fake.kernel.exists(`${root}/pids/ctr/web/inner`), false);
  });

  it("refuses a group with processes, and leaves it alone", () => {
    const fake = hybridHost();
    const cgroups = open(fake);
    cgroups.create("web", { pids: 5 });
    fake.kernel.set(`${root}/pids/ctr/web/cgroup.procs`, "41\n7");
    assert.throws(() => cgroups.create("web", {}), { status: 409, message: /processes live in it: 7, 41$/ });
    assert.equal(fake.kernel.read(`${root}/pids/ctr/web/pids.max`), "5");
    assert.deepEqual(cgroups.processes("web"), [7, 41]);
  });

  it("finds and removes what a crash left in some hierarchies only", async () => {
    const fake = hybridHost();
    open(fake).create("other", {});
    fake.kernel.makeDirectory(`${root}/memory/ctr/half`);
    fake.kernel.makeDirectory(`${root}/memory/ctr/half/inner`);
    const cgroups = open(fake);
    assert.deepEqual(cgroups.list(), ["half", "other"]);
    assert.equal(cgroups.exists("half"), true);
    await cgroups.remove("half");
    assert.deepEqual(cgroups.list(), ["other"]);
  });
});

describe("reading a group", () => {
  it("counts the same in both versions", () => {
    const expected = {
      cpuUsage: 3000,
      cpuUser: 1000,
      cpuSystem: 2000,
      cpuPeriods: 4,
      cpuThrottledPeriods: 3,
      cpuThrottledTime: 2000,
      memoryUsage: 4096,
      memoryPeak: 8192,
      memoryInactiveFile: 2048,
      oomKills: 0,
    };
    for (const make of [unifiedHost, hybridHost, legacyHost]) {
      const cgroups = open(make());
      cgroups.create("web", {});
      const { io, swapUsage, ...common } = cgroups.stats("web");
      assert.deepEqual(common, { ...expected, pids: 0 }, make.name);
      if (make === legacyHost) continue;
      assert.deepEqual(io, { readBytes: 15, writeBytes: 20, reads: 1, writes: 2 });
      assert.equal(swapUsage, make === unifiedHost ? 1024 : 0);
      assert.throws(() => cgroups.stats("gone"), { status: 404 });
    }
  });

  it("v1: adds the OOM kills of groups inside", () => {
    const fake = hybridHost();
    const cgroups = open(fake);
    cgroups.create("web", {});
    fake.kernel.makeDirectory(`${root}/memory/ctr/web/inner`);
    fake.kernel.set(`${root}/memory/ctr/web/memory.oom_control`, "oom_kill_disable 0\nunder_oom 0\noom_kill 2");
    fake.kernel.set(`${root}/memory/ctr/web/inner/memory.oom_control`, "oom_kill_disable 0\nunder_oom 0\noom_kill 3");
    assert.equal(cgroups.oomKills("web"), 5);
    assert.equal(cgroups.oomKills("gone"), 0);
  });

  it("gives evidence for each limit: file, text, use", () => {
    const fake = unifiedHost();
    const cgroups = open(fake);
    const asked = { memory: 64 * MIB, pids: 9 };
    cgroups.create("web", asked);
    fake.kernel.set(`${root}/ctr/web/cgroup.procs`, "41");
    fake.kernel.set("/proc/41/oom_score_adj", "300");
    const readings = cgroups.read("web", asked);
    assert.deepEqual(readings[0], {
      limit: "memory",
      asked: 64 * MIB,
      enforced: 64 * MIB,
      origin: "flag",
      usage: 4096,
      peak: 8192,
      file: `${root}/ctr/web/memory.max`,
      value: String(64 * MIB),
    });
    assert.equal(readings.find(({ limit }) => limit === "pids")?.peak, 2);
    assert.equal(readings.at(-1)?.enforced, 300);
    assert.deepEqual(cgroups.read("gone"), []);
  });

  it("gives some limits alone, those without a limit too", () => {
    const cgroups = open(unifiedHost());
    cgroups.create("web", { memory: 64 * MIB });
    assert.deepEqual(cgroups.enforced("web", ["memory", "pids", "cpus"]), {
      memory: 64 * MIB,
      cpus: "max",
      pids: "max",
    });
    assert.deepEqual(cgroups.enforced("gone", ["memory"]), {});
  });

  it("tells whether it is frozen, by itself or from above", () => {
    const fake = unifiedHost();
    const cgroups = open(fake);
    cgroups.create("web", {});
    assert.equal(cgroups.isFrozen("web"), false);
    fake.kernel.set(`${root}/ctr/web/cgroup.freeze`, "1");
    assert.equal(cgroups.isFrozen("web"), true);
    fake.kernel.set(`${root}/ctr/web/cgroup.freeze`, "0");
    fake.kernel.set(`${root}/ctr/web/cgroup.events`, "populated 1\nfrozen 1");
    assert.equal(cgroups.isFrozen("web"), true);
    assert.equal(cgroups.isFrozenItself("web"), false);
    assert.equal(cgroups.isFrozen("gone"), false);
  });

  it("v1: tells by the freezer whether it is frozen", () => {
    const fake = legacyHost();
    const cgroups = open(fake);
    cgroups.create("web", {});
    assert.equal(cgroups.isFrozen("web"), false);
    fake.kernel.set(`${root}/freezer/ctr/web/freezer.state`, "FROZEN");
    assert.equal(cgroups.isFrozen("web"), true);
    assert.equal(cgroups.isFrozenItself("web"), false);
    fake.kernel.set(`${root}/freezer/ctr/web/freezer.self_freezing`, "1");
    assert.equal(cgroups.isFrozenItself("web"), true);
  });

  it("hybrid: thaws what others have frozen by the freezer of v1, and touches it for nothing else", async () => {
    const fake = hybridHost();
    const cgroups = open(fake);
    cgroups.create("web", {});
    const freezes = (): string[] => fake.kernel.writes.filter((write) => /freez/.test(write));
    await cgroups.thaw("web");
    assert.deepEqual(freezes(), [`${root}/unified/ctr/web/cgroup.freeze=0`]);
    fake.kernel.set(`${root}/freezer/ctr/web/freezer.state`, "FROZEN");
    fake.kernel.set(`${root}/freezer/ctr/web/freezer.self_freezing`, "1");
    await cgroups.thaw("web");
    assert.deepEqual(freezes().slice(1), [
      `${root}/freezer/ctr/web/freezer.state=THAWED`,
      `${root}/unified/ctr/web/cgroup.freeze=0`,
    ]);
  });

  it("shows only what the host has", () => {
    const cgroups = open(legacyHost());
    cgroups.create("web", {});
    assert.ok(!cgroups.read("web").some(({ limit }) => limit === "pids"));
  });
});

describe("a command inside a group", () => {
  it("joins every directory before it becomes the program", () => {
    const argv = commandInGroup({ id: "a", path: "/ctr/a", directories: ["/d1", "/d2"] }, ["prog", "-x"], {
      oomScoreAdj: 5,
    });
    assert.deepEqual(argv.slice(3), ["sh", "5", "2", "/d1", "/d2", "prog", "-x"]);
  });
});
