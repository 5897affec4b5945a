import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { quotaOfCpus, swapOfTotal, totalForMemory, totalOfSwap, weightOfShares } from "../../../cgroups/convert.ts";
import { limitsOfDocker } from "../../../cgroups/index.ts";
import { formatList, parseList } from "../../../cgroups/lists.ts";
import { startingLimits } from "../../../cgroups/starting.ts";

const MIB = 2 ** 20;

describe("CPU shares as a v2 weight", () => {
  for (const [shares, weight] of [
    [0, 1],
    [2, 1],
    [100, 17],
    [200, 29],
    [256, 35],
    [512, 59],
    [1024, 100],
    [2000, 170],
    [4096, 303],
    [10240, 639],
    [22000, 1204],
    [262144, 10000],
    [400000, 10000],
  ] as const) {
    it(`${shares} → ${weight}`, () => assert.equal(weightOfShares(shares), weight));
  }

  it("never leaves 1 … 10000 and never falls", () => {
    fc.assert(
      fc.property(fc.nat(300_000), fc.nat(300_000), (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map(weightOfShares);
        assert.ok(low !== undefined && high !== undefined && low >= 1 && high <= 10_000 && low <= high);
      }),
    );
  });
});

describe("memory and swap together", () => {
  it("becomes swap alone, and back", () => {
    assert.equal(swapOfTotal(300, 100), 200);
    assert.equal(swapOfTotal(100, 100), 0);
    assert.equal(swapOfTotal("max", 100), "max");
    assert.equal(swapOfTotal(100, "max"), "max");
    assert.equal(totalOfSwap(200, 100), 300);
    assert.equal(totalOfSwap("max", 100), "max");
    assert.equal(totalOfSwap(0, "max"), "max");
  });

  for (const [name, memory, inForce, total] of [
    ["a first limit gets twice as much", 100, { memory: "max", memorySwap: "max" }, 200],
    ["the default follows", 1_000_000, { memory: 300_000, memorySwap: 600_000 }, 2_000_000],
    [
      "the default follows also after rounding to pages",
      40_960_000,
      { memory: 9_998_336, memorySwap: 20_000_768 },
      81_920_000,
    ],
    ["an asked total stays", 2_000_000, { memory: 1_000_000, memorySwap: 5_000_000 }, 5_000_000],
    ["unlimited swap stays", 200, { memory: 100, memorySwap: "max" }, "max"],
    ["no limit takes the total away", "max", { memory: 100, memorySwap: 500 }, "max"],
  ] as const) {
    it(`a new memory limit alone: ${name}`, () => assert.equal(totalForMemory(memory, inForce), total));
  }
});

describe("CPUs as quota", () => {
  it("rounds what floating point misses", () => {
    assert.equal(quotaOfCpus(0.29, 100_000), 29_000);
    assert.equal(quotaOfCpus(0.57, 100_000), 57_000);
    assert.equal(quotaOfCpus(1.5, 50_000), 75_000);
  });

  it("brings Docker's quota and period back exactly", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 1_000_000 }),
        fc.integer({ min: 1000, max: 4_000_000 }),
        (period, quota) => {
          const { cpus, cpuPeriod } = limitsOfDocker({ CpuPeriod: period, CpuQuota: quota });
          assert.equal(quotaOfCpus(Number(cpus), Number(cpuPeriod)), quota);
        },
      ),
    );
  });
});

describe("Docker's resources", () => {
  it("become limits; zero is not given", () => {
    assert.deepEqual(limitsOfDocker({ Memory: 0, MemorySwap: 0, NanoCpus: 0, CpusetCpus: "", PidsLimit: null }), {});
    assert.deepEqual(
      limitsOfDocker({
        Memory: 64,
        MemorySwap: -1,
        NanoCpus: 5e8,
        CpuShares: 512,
        CpusetCpus: "0",
        PidsLimit: -1,
        OomScoreAdj: 0,
      }),
      { memory: 64, memorySwap: "max", cpus: 0.5, cpuShares: 512, cpusetCpus: "0", pids: "max", oomScoreAdj: 0 },
    );
    assert.deepEqual(limitsOfDocker({ Memory: 2 ** 63, BlkioDeviceReadBps: [{ Path: "/dev/a", Rate: 2 ** 63 }] }), {
      memory: "max",
      deviceReadBps: [{ device: "/dev/a", value: "max" }],
    });
    assert.deepEqual(limitsOfDocker({ Memory: -1, CpuQuota: -1, PidsLimit: 0 }), {
      memory: "max",
      cpus: "max",
      pids: "max",
    });
    assert.deepEqual(limitsOfDocker({ CpuQuota: 50_000 }), { cpus: 0.5, cpuPeriod: 100_000 });
    assert.deepEqual(limitsOfDocker({ CpuPeriod: 50_000 }), { cpuPeriod: 50_000 });
  });

  it("refuses CPUs given in two ways, in Docker's words", () => {
    assert.throws(() => limitsOfDocker({ NanoCpus: 1, CpuPeriod: 1000 }), {
      message: "Conflicting options: Nano CPUs and CPU Period cannot both be set",
    });
    assert.throws(() => limitsOfDocker({ NanoCpus: 1, CpuQuota: 1000 }), {
      message: "Conflicting options: Nano CPUs and CPU Quota cannot both be set",
    });
    assert.throws(() => limitsOfDocker({ CpuQuota: 999 }), {
      message: "CPU cfs quota can not be less than 1ms (i.e. 1000)",
    });
  });
});

describe("limits while a runtime prepares the process", () => {
  it("leave out the quota and give room for the runtime's threads", () => {
    assert.deepEqual(startingLimits({ memory: 64 * MIB, cpus: 0.01, cpuPeriod: 5000, pids: 1 }), {
      memory: 64 * MIB,
      pids: 32,
    });
    assert.deepEqual(startingLimits({ pids: 500 }), { pids: 500 });
    assert.deepEqual(startingLimits({ pids: "max" }), { pids: "max" });
    assert.deepEqual(startingLimits({}), {});
  });

  it("give room for the runtime's memory beside as much swap as was asked for", () => {
    assert.deepEqual(startingLimits({ memory: 6 * MIB, memorySwap: 8 * MIB, memoryHigh: 5 * MIB }), {
      memory: 32 * MIB,
      memorySwap: 34 * MIB,
      memoryHigh: 32 * MIB,
    });
    assert.deepEqual(startingLimits({ memory: 6 * MIB, swap: 0 }), { memory: 32 * MIB, swap: 0 });
    assert.deepEqual(startingLimits({ memory: "max", memorySwap: "max" }), { memory: "max", memorySwap: "max" });
  });
});

describe("lists of CPUs", () => {
  it("are read strictly", () => {
    assert.deepEqual(parseList("0-2,4"), [0, 1, 2, 4]);
    assert.deepEqual(parseList("4,0-2,1"), [0, 1, 2, 4]);
    assert.deepEqual(parseList(""), []);
    for (const text of ["a", "1-", "-1", "2-1", "0,,1", "0 1", "1,", "0-99999999", "0x1"]) {
      assert.equal(parseList(text), undefined, text);
    }
  });

  it("are printed as the kernel prints them, and read back", () => {
    assert.equal(formatList([0, 1, 2, 4]), "0-2,4");
    assert.equal(formatList([]), "");
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(200)), (numbers) => {
        const sorted = numbers.toSorted((a, b) => a - b);
        assert.deepEqual(parseList(formatList(sorted)), sorted);
      }),
    );
  });
});
