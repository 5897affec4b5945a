/** Named groups, groups inside of groups, ceilings, repair and what crashes leave. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Cgroups, groupId, type Limits, sliceParent, WHOLE } from "../../../cgroups/index.ts";
import { silentLogger } from "../../../lib/log.ts";
import { type FakeHost, hybridHost, unifiedHost } from "./fake-kernel.ts";

const MIB = 2 ** 20;
const root = "/sys/fs/cgroup";
const open = ({ host }: FakeHost): Cgroups => new Cgroups({ host, parent: "/ctr", logger: silentLogger });

describe("groups of groups", () => {
  for (const [make, memory] of [
    [unifiedHost, `${root}/ctr`],
    [hybridHost, `${root}/memory/ctr`],
  ] as const) {
    const file = make === unifiedHost ? "memory.max" : "memory.limit_in_bytes";

    it(`a ceiling over all, and over a named group; containers see who decides (${make.name})`, () => {
      const fake = make();
      const cgroups = open(fake);
      cgroups.limitGroup(WHOLE, { memory: 512 * MIB });
      cgroups.limitGroup(groupId("shop"), { memory: 256 * MIB });
      const shop = cgroups.under("shop");
      assert.equal(shop.pathOf("web"), "/ctr/shop.group/web");
      shop.create("web", {});
      cgroups.create("db", { memory: 64 * MIB });
      assert.equal(fake.kernel.read(`${memory}/${file}`), String(512 * MIB));
      assert.equal(fake.kernel.read(`${memory}/shop.group/${file}`), String(256 * MIB));
      const [reading] = shop.read("web");
      assert.equal(reading?.origin, "parent");
      assert.deepEqual(reading?.boundBy, {
        group: "/ctr/shop.group",
        value: 256 * MIB,
        file: `${memory}/shop.group/${file}`,
      });
      assert.equal(cgroups.read("db", { memory: 64 * MIB })[0]?.boundBy, undefined);
      assert.deepEqual(cgroups.list(), ["db"], "a named group is no container");
      assert.deepEqual(cgroups.groups(), ["shop"]);
    });

    it(`an exec has limits of its own inside of its container's (${make.name})`, async () => {
      const fake = make();
      const cgroups = open(fake);
      const group = cgroups.create("web", { memory: 64 * MIB });
      const child = cgroups.create("web/exec-1", { memory: 16 * MIB });
      assert.equal(child.path, "/ctr/web/exec-1");
      assert.equal(fake.kernel.read(`${memory}/web/exec-1/${file}`), String(16 * MIB));
      assert.equal(fake.kernel.read(`${memory}/web/${file}`), String(64 * MIB));
      await cgroups.remove("web/exec-1");
      assert.ok(group.directories.every((directory) => fake.kernel.exists(directory)));
      await cgroups.remove("web");
      assert.deepEqual(fake.kernel.groups("web"), []);
      assert.throws(() => cgroups.create("gone/exec-1", {}), { status: 404 });
    });
  }

  it("v2: the processes of a group that gets groups inside move into a leaf first", () => {
    const fake = unifiedHost();
    const cgroups = open(fake);
    cgroups.create("web", {});
    const group = `${root}/ctr/web`;
    fake.kernel.set(`${group}/cgroup.procs`, "41\n42");
    fake.kernel.busyWhilePopulated = true;
    cgroups.create("web/exec-1", {});
    assert.deepEqual(
      fake.kernel.writes.filter((write) => write.startsWith(`${group}/main/cgroup.procs`)),
      [`${group}/main/cgroup.procs=41`, `${group}/main/cgroup.procs=42`],
    );
    assert.match(fake.kernel.read(`${group}/cgroup.subtree_control`), /memory/);
  });

  it("v2: makes room in a tree that was delegated to us, and touches the real root never", () => {
    const delegated = unifiedHost({ [`${root}/cgroup.type`]: "domain", [`${root}/cgroup.procs`]: "1" });
    delegated.kernel.busyWhilePopulated = true;
    open(delegated).create("web", {});
    assert.ok(delegated.kernel.writes.includes(`${root}/main/cgroup.procs=1`));
    const real = unifiedHost({ [`${root}/cgroup.procs`]: "1" });
    open(real).create("web", {});
    assert.ok(!real.kernel.exists(`${root}/main`));
  });

  it("takes a parent as Docker does: a path as it is, a name below ours", () => {
    const cgroups = open(hybridHost());
    assert.equal(cgroups.under("/pods/a").pathOf("x"), "/pods/a/x");
    assert.equal(cgroups.under("/pods/"), cgroups.under("/pods"), "one instance for each");
    assert.equal(cgroups.under(undefined), cgroups);
    assert.equal(cgroups.under(""), cgroups);
    for (const bad of ["/", "../x", "a/b", "/a/../b", "a b", "x.group"]) {
      assert.throws(() => cgroups.under(bad), { status: 400 }, bad);
    }
  });

  it("nothing that makes or ends takes «all» for a group", async () => {
    const cgroups = open(hybridHost());
    for (const action of [
      () => cgroups.create(WHOLE, {}),
      () => cgroups.kill(WHOLE),
      () => cgroups.remove(WHOLE),
      () => cgroups.freeze(WHOLE),
    ]) {
      await assert.rejects(async () => await action(), { code: "CTR_CGROUP_ID_INVALID" });
    }
  });

  it("slices are paths", () => {
    assert.equal(sliceParent("machine.slice"), "/machine.slice");
    assert.equal(sliceParent("a-b-c.slice"), "/a.slice/a-b.slice/a-b-c.slice");
    for (const bad of ["x", "-a.slice", "a--b.slice", "a/b.slice", ".slice"]) {
      assert.throws(() => sliceParent(bad), /should be a valid slice named as "xxx.slice"/, bad);
    }
  });
});

describe("after a crash", () => {
  const asked: Limits = { memory: 64 * MIB, memorySwap: 96 * MIB, cpus: 0.5, pids: 9, cpuShares: 512 };

  for (const make of [unifiedHost, hybridHost]) {
    it(`repair brings a half changed group to what was asked, whichever write was the last (${make.name})`, () => {
      const change: Limits = {
        memory: 200 * MIB,
        memorySwap: 300 * MIB,
        cpus: 1,
        pids: 50,
        memoryReservation: 8 * MIB,
      };
      for (let last = 0; last < 8; last++) {
        const fake = make();
        const cgroups = open(fake);
        cgroups.create("web", asked);
        const before = cgroups.read("web").map(({ file, value }) => `${file}=${value}`);
        fake.kernel.dieAfter(last);
        try {
          cgroups.update("web", change, { asked });
        } catch {
          // Killed: nobody rolls back.
        }
        fake.kernel.revive();
        open(fake).repair("web", asked);
        assert.deepEqual(
          open(fake)
            .read("web")
            .map(({ file, value }) => `${file}=${value}`),
          before,
          `after ${last}`,
        );
        assert.deepEqual(open(fake).repair("web", asked), [], "nothing is left to do");
      }
    });
  }

  it("sweeps groups that nobody owns, also in named groups, and names those with processes", () => {
    const fake = hybridHost();
    const cgroups = open(fake);
    for (const id of ["kept", "empty", "busy"]) cgroups.create(id, {});
    cgroups.limitGroup(groupId("shop"), {});
    cgroups.under("shop").create("lost", {});
    fake.kernel.set(`${root}/memory/ctr/busy/cgroup.procs`, "7");
    assert.deepEqual(cgroups.sweep(new Set(["kept"])), ["/ctr/busy"]);
    assert.deepEqual(cgroups.list(), ["busy", "kept"]);
    assert.deepEqual(cgroups.under("shop").list(), []);
    assert.deepEqual(cgroups.groups(), ["shop"]);
  });
});

describe("a change of live processes", () => {
  it("oom_score_adj goes to each, and back to each when another limit fails", () => {
    const fake = hybridHost();
    const cgroups = open(fake);
    cgroups.create("web", { pids: 5 });
    fake.kernel.set(`${root}/pids/ctr/web/cgroup.procs`, "41\n42");
    fake.kernel.set("/proc/41/oom_score_adj", "0");
    fake.kernel.set("/proc/42/oom_score_adj", "7");
    const changed = cgroups.update("web", { oomScoreAdj: 300 });
    assert.deepEqual(
      changed.map(({ file, before, after }) => [file, before, after]),
      [
        ["/proc/41/oom_score_adj", "0", "300"],
        ["/proc/42/oom_score_adj", "7", "300"],
      ],
    );
    fake.kernel.refusals.set("/proc/42/oom_score_adj", "EACCES");
    assert.throws(() => cgroups.update("web", { oomScoreAdj: 10, pids: 99 }), { status: 403 });
    assert.equal(fake.kernel.read("/proc/41/oom_score_adj"), "300");
    assert.equal(fake.kernel.read(`${root}/pids/ctr/web/pids.max`), "5");
    fake.kernel.refusals.set("/proc/42/oom_score_adj", "ESRCH");
    cgroups.update("web", { oomScoreAdj: 10 });
    assert.equal(fake.kernel.read("/proc/41/oom_score_adj"), "10", "who has ended is left out");
  });

  it("v2: a list of CPUs that cannot be empty again goes back to all", () => {
    const fake = unifiedHost();
    const cgroups = open(fake);
    cgroups.create("web", {});
    fake.kernel.set(`${root}/ctr/web/cgroup.procs`, "41");
    fake.kernel.refusals.set(`${root}/ctr/web/pids.max`, "EROFS");
    assert.throws(() => cgroups.update("web", { cpusetCpus: "1", pids: 5 }), { code: "CTR_LIMIT_REFUSED" });
    assert.equal(fake.kernel.read(`${root}/ctr/web/cpuset.cpus`), "0-3");
  });

  it("keeps what was asked: the swap, the total, or Docker's default", () => {
    const total = (asked: Limits): string => {
      const fake = hybridHost();
      const cgroups = open(fake);
      cgroups.create("web", asked);
      cgroups.update("web", { memory: 80 * MIB }, { asked });
      return String(Number(fake.kernel.read(`${root}/memory/ctr/web/memory.memsw.limit_in_bytes`)) / MIB);
    };
    assert.equal(total({ memory: 64 * MIB }), "160");
    assert.equal(total({ memory: 64 * MIB, memorySwap: 128 * MIB }), "160");
    assert.equal(total({ memory: 64 * MIB, memorySwap: 96 * MIB }), "96");
    assert.equal(total({ memory: 64 * MIB, swap: 10 * MIB }), "90");
    assert.equal(total({ memory: 64 * MIB, swap: 0 }), "80");
    assert.equal(total({ memory: 64 * MIB, swap: 64 * MIB }), "144", "not taken for Docker's default");
  });
});
