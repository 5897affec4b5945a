import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { Cgroups, type Limits, type Maximum } from "../../../cgroups/index.ts";
import { silentLogger } from "../../../lib/log.ts";
import { type FakeHost, hybridHost, unifiedHost } from "./fake-kernel.ts";

const MIB = 2 ** 20;
const open = ({ host }: FakeHost): Cgroups => new Cgroups({ host, parent: "/ctr", logger: silentLogger });

/** The writes of an action, by file name and value. */
function writesOf({ kernel }: FakeHost, action: () => void): string[] {
  const before = kernel.writes.length;
  action();
  return kernel.writes.slice(before).map((write) => write.slice(write.lastIndexOf("/") + 1));
}

const bytes = fc.integer({ min: 6, max: 4096 }).map((mebibytes) => mebibytes * MIB + 123);
const memoryPair: fc.Arbitrary<{ memory: Maximum; memorySwap: Maximum }> = fc.oneof(
  fc.constant({ memory: "max" as const, memorySwap: "max" as const }),
  bytes.map((memory) => ({ memory, memorySwap: "max" as const })),
  fc.tuple(bytes, fc.nat(2 ** 32)).map(([memory, more]) => ({ memory, memorySwap: memory + more })),
);

describe("the order of writes", () => {
  for (const [name, make] of [
    ["v1", hybridHost],
    ["v2", unifiedHost],
  ] as const) {
    it(`takes any pair of memory and total to any other on ${name}; the kernel never refuses`, () => {
      fc.assert(
        fc.property(fc.array(memoryPair, { minLength: 2, maxLength: 6 }), (pairs) => {
          const fake = make();
          const cgroups = open(fake);
          cgroups.create("a", {});
          for (const pair of pairs) {
            cgroups.update("a", pair);
            for (const { limit, enforced } of cgroups.read("a")) {
              if (limit !== "memory" && limit !== "memorySwap") continue;
              const asked = pair[limit];
              if (asked === "max" || enforced === "max") assert.equal(enforced, asked);
              else assert.ok(Math.abs(Number(enforced) - Number(asked)) < 2 * 4096, `${limit} ${enforced} ${asked}`);
            }
          }
        }),
        { numRuns: 200 },
      );
    });
  }

  it("v1: a total that grows goes first, one that shrinks last", () => {
    const fake = hybridHost();
    const cgroups = open(fake);
    cgroups.create("a", { memory: 30 * MIB, memorySwap: 50 * MIB });
    assert.deepEqual(
      writesOf(fake, () => cgroups.update("a", { memory: 60 * MIB, memorySwap: 80 * MIB })),
      [`memory.memsw.limit_in_bytes=${80 * MIB}`, `memory.limit_in_bytes=${60 * MIB}`],
    );
    assert.deepEqual(
      writesOf(fake, () => cgroups.update("a", { memory: 30 * MIB, memorySwap: 50 * MIB })),
      [`memory.limit_in_bytes=${30 * MIB}`, `memory.memsw.limit_in_bytes=${50 * MIB}`],
    );
    assert.deepEqual(
      writesOf(fake, () => cgroups.update("a", { memory: "max" })),
      ["memory.memsw.limit_in_bytes=-1", "memory.limit_in_bytes=-1"],
    );
  });

  it("v1: the share of time is never above both the old and the new one", () => {
    const pair = fc.record({
      cpus: fc.integer({ min: 50, max: 200 }).map((n) => n / 100),
      cpuPeriod: fc.integer({ min: 20_000, max: 1_000_000 }),
    });
    fc.assert(
      fc.property(pair, pair, (before, after) => {
        const fake = hybridHost();
        const cgroups = open(fake);
        cgroups.create("a", before);
        let quota = before.cpus * before.cpuPeriod;
        let period = before.cpuPeriod;
        for (const write of writesOf(fake, () => cgroups.update("a", after))) {
          const [file, value] = write.split("=");
          if (file === "cpu.cfs_quota_us") quota = Number(value);
          if (file === "cpu.cfs_period_us") period = Number(value);
          assert.ok(quota / period <= Math.max(before.cpus, after.cpus) + 1e-4, `${quota}/${period}`);
        }
      }),
    );
  });

  it("v2: what grows goes first", () => {
    const fake = unifiedHost();
    const cgroups = open(fake);
    cgroups.create("a", { memory: 100 * MIB, memorySwap: 100 * MIB, pids: 10 });
    assert.deepEqual(
      writesOf(fake, () => cgroups.update("a", { memory: 50 * MIB, memorySwap: 150 * MIB, pids: 20 })),
      [`memory.swap.max=${100 * MIB}`, "pids.max=20", `memory.max=${50 * MIB}`],
    );
  });
});

describe("what is written", () => {
  const all: Limits = {
    memory: 64 * MIB,
    memorySwap: 96 * MIB,
    memoryReservation: 32 * MIB,
    cpus: 0.5,
    cpuPeriod: 50_000,
    cpuShares: 512,
    cpusetCpus: "0",
    cpusetMems: "0",
    pids: 7,
  };

  it("v1, every limit", () => {
    const fake = hybridHost();
    const cgroups = open(fake);
    cgroups.create("warm", {});
    assert.deepEqual(writesOf(fake, () => cgroups.create("a", all)).toSorted(), [
      "cpu.cfs_period_us=50000",
      "cpu.cfs_quota_us=25000",
      "cpu.shares=512",
      "cpuset.cpus=0",
      "cpuset.mems=0",
      `memory.limit_in_bytes=${64 * MIB}`,
      `memory.memsw.limit_in_bytes=${96 * MIB}`,
      `memory.soft_limit_in_bytes=${32 * MIB}`,
      "pids.max=7",
    ]);
  });

  it("v2, every limit", () => {
    const fake = unifiedHost();
    const cgroups = open(fake);
    cgroups.create("warm", {});
    assert.deepEqual(writesOf(fake, () => cgroups.create("a", all)).toSorted(), [
      "cpu.max=25000 50000",
      "cpu.weight=59",
      "cpuset.cpus=0",
      "cpuset.mems=0",
      `memory.low=${32 * MIB}`,
      `memory.max=${64 * MIB}`,
      `memory.swap.max=${32 * MIB}`,
      "pids.max=7",
    ]);
  });

  it("is nothing when all is as asked", () => {
    for (const fake of [hybridHost(), unifiedHost()]) {
      const cgroups = open(fake);
      cgroups.create("a", all);
      assert.deepEqual(
        writesOf(fake, () => cgroups.update("a", all)),
        [],
      );
    }
  });

  it("keeps the total of memory and swap consistent when memory alone changes", () => {
    for (const fake of [hybridHost(), unifiedHost()]) {
      const cgroups = open(fake);
      const total = (): unknown => cgroups.read("a").find(({ limit }) => limit === "memorySwap")?.enforced;
      cgroups.create("a", { memory: 64 * MIB });
      assert.equal(total(), 128 * MIB, "Docker's default");
      cgroups.update("a", { memory: 128 * MIB });
      assert.equal(total(), 256 * MIB, "the default follows");
      cgroups.update("a", { memorySwap: 300 * MIB });
      cgroups.update("a", { memory: 200 * MIB });
      assert.equal(total(), 300 * MIB, "an asked total stays");
      assert.throws(() => cgroups.update("a", { memory: 400 * MIB }), {
        status: 409,
        message:
          "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
      });
      cgroups.update("a", { memory: "max" });
      assert.equal(total(), "max");
      assert.throws(() => cgroups.update("a", { memorySwap: 300 * MIB }), /always set the Memory limit/);
    }
  });

  it("keeps the period in force when the quota alone changes, and the quota's share when the period does", () => {
    for (const fake of [hybridHost(), unifiedHost()]) {
      const cgroups = open(fake);
      const cpu = (): unknown[] =>
        cgroups
          .read("a")
          .filter(({ limit }) => limit === "cpus" || limit === "cpuPeriod")
          .map(({ enforced }) => enforced);
      cgroups.create("a", { cpus: 0.5, cpuPeriod: 50_000 });
      cgroups.update("a", { cpus: 1.5 });
      assert.deepEqual(cpu(), [1.5, 50_000]);
      cgroups.update("a", { cpuPeriod: 20_000 });
      assert.deepEqual(cpu(), [1.5, 20_000]);
      cgroups.update("a", { cpus: "max" });
      assert.deepEqual(cpu(), ["max", 20_000]);
    }
  });
});

describe("a change that fails half way", () => {
  it("is rolled back on v1, and the error names file, value and reason", () => {
    const fake = hybridHost();
    const cgroups = open(fake);
    const limits = { memory: 64 * MIB, memorySwap: 64 * MIB, cpus: 0.5, pids: 10 };
    cgroups.create("a", limits);
    const before = JSON.stringify(cgroups.read("a"));
    fake.kernel.memoryUsage = 50 * MIB;
    assert.throws(
      () => cgroups.update("a", { memory: 20 * MIB, memorySwap: 20 * MIB, cpus: 1, cpuShares: 99, pids: 20 }),
      {
        status: 409,
        code: "CTR_LIMIT_REFUSED",
        message:
          /--memory: writing "20971520" to \/sys\/fs\/cgroup\/memory\/ctr\/a\/memory\.limit_in_bytes: .* \(EBUSY\)/,
      },
    );
    assert.equal(JSON.stringify(cgroups.read("a")), before);
  });

  it("is rolled back whichever write fails", () => {
    for (const make of [hybridHost, unifiedHost]) {
      const change = {
        memory: 96 * MIB,
        memorySwap: 200 * MIB,
        memoryReservation: 32 * MIB,
        cpus: 1,
        cpuShares: 99,
        cpusetCpus: "1",
        pids: 20,
      };
      const paths = (() => {
        const fake = make();
        const cgroups = open(fake);
        cgroups.create("a", { memory: 64 * MIB, cpus: 0.5, pids: 10 });
        const before = fake.kernel.writes.length;
        cgroups.update("a", change);
        return fake.kernel.writes.slice(before).map((write) => write.slice(0, write.indexOf("=")));
      })();
      assert.ok(paths.length >= 7);
      for (const path of paths) {
        const fake = make();
        const cgroups = open(fake);
        cgroups.create("a", { memory: 64 * MIB, cpus: 0.5, pids: 10 });
        const before = JSON.stringify(cgroups.read("a"));
        fake.kernel.refusals.set(path, "EINVAL");
        assert.throws(() => cgroups.update("a", change), { code: "CTR_LIMIT_REFUSED" }, path);
        assert.equal(JSON.stringify(cgroups.read("a")), before, path);
      }
    }
  });

  it("on v2 asks the kernel to free memory first, and does not kill when it cannot", () => {
    const fake = unifiedHost();
    const cgroups = open(fake);
    cgroups.create("a", { memory: 64 * MIB, pids: 10 });
    fake.kernel.set("/sys/fs/cgroup/ctr/a/memory.current", String(50 * MIB));
    assert.deepEqual(
      writesOf(fake, () => cgroups.update("a", { memory: 40 * MIB, memorySwap: 128 * MIB })),
      [`memory.swap.max=${88 * MIB}`, `memory.reclaim=${10 * MIB}`, `memory.max=${40 * MIB}`],
    );
    fake.kernel.memoryUsage = 50 * MIB;
    const before = JSON.stringify(cgroups.read("a"));
    assert.throws(() => cgroups.update("a", { memory: 20 * MIB, pids: 20 }), { status: 409, message: /EAGAIN/ });
    assert.equal(JSON.stringify(cgroups.read("a")), before);
  });

  it("reports a value that the kernel takes and does not keep", () => {
    const fake = hybridHost();
    const cgroups = open(fake);
    cgroups.create("a", {});
    const { write } = fake.kernel;
    fake.kernel.write = function (path, value) {
      write.call(this, path, path.endsWith("pids.max") ? "5" : value);
    };
    assert.throws(() => cgroups.update("a", { pids: 20 }), { code: "CTR_LIMIT_NOT_KEPT" });
  });
});
