import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  blockIo,
  cpuPercent,
  dockerOfLimits,
  type Limits,
  limitNamed,
  limitsOfDocker,
  memoryInUse,
  memoryLimitOf,
  mergeDockerResources,
  networkIo,
  parseLimits,
  throttledShare,
} from "../../../cgroups/index.ts";

const MIB = 2 ** 20;

describe("Docker's resources", () => {
  it("go to limits and back", () => {
    const all: Limits = {
      memory: 64 * MIB,
      memorySwap: "max",
      memoryHigh: 32 * MIB,
      memoryReservation: 16 * MIB,
      memorySwappiness: 0,
      oomKillDisable: true,
      oomGroup: true,
      cpus: 0.29,
      cpuShares: 512,
      cpuRealtimePeriod: 1_000_000,
      cpuRealtimeRuntime: 10_000,
      cpusetCpus: "0-1",
      cpusetMems: "0",
      pids: "max",
      blkioWeight: 300,
      blkioWeightDevice: [{ device: "/dev/sda", value: 200 }],
      deviceReadBps: [{ device: "/dev/sda", value: MIB }],
      deviceWriteBps: [{ device: "/dev/sda", value: "max" }],
      deviceReadIops: [{ device: "/dev/sda", value: 100 }],
      deviceWriteIops: [{ device: "/dev/sda", value: 100 }],
      conf: { "cpu.idle": "1" },
      oomScoreAdj: 0,
    };
    assert.deepEqual(limitsOfDocker(dockerOfLimits(all)), all);
    const { memorySwap: _total, ...others } = all;
    const swap: Limits = { ...others, swap: 0, cpus: 0.5, cpuPeriod: 20_000 };
    assert.deepEqual(limitsOfDocker(dockerOfLimits(swap)), swap);
    assert.deepEqual(limitsOfDocker(dockerOfLimits({ cpus: "max", swap: "max" })), { cpus: "max", swap: "max" });
  });

  it("what Docker's clients send for «not given» is not given", () => {
    const empty = {
      Memory: 0,
      MemorySwap: 0,
      MemorySwappiness: -1,
      OomKillDisable: false,
      NanoCpus: 0,
      CpuShares: 0,
      PidsLimit: null,
      BlkioWeight: 0,
      BlkioWeightDevice: [],
      BlkioDeviceReadBps: null,
      CpusetCpus: "",
    };
    assert.deepEqual(limitsOfDocker(empty), {});
  });

  it("an update changes what it names, and a newer way to say the same replaces the older", () => {
    const merge = mergeDockerResources;
    assert.deepEqual(merge({ NanoCpus: 5e8, CpuShares: 7 }, { CpuQuota: 20_000 }), { CpuQuota: 20_000, CpuShares: 7 });
    assert.deepEqual(merge({ CpuQuota: 1, CpuPeriod: 2 }, { NanoCpus: 5e8 }), { NanoCpus: 5e8 });
    assert.deepEqual(merge({ CpuQuota: 10_000, CpuPeriod: 50_000 }, { CpuQuota: 20_000 }), {
      CpuQuota: 20_000,
      CpuPeriod: 50_000,
    });
    assert.deepEqual(merge({ NanoCpus: 5e8 }, { CpuPeriod: 50_000 }), { CpuPeriod: 50_000, CpuQuota: 25_000 });
    assert.deepEqual(merge({ Memory: 64, MemorySwap: 128 }, { Memory: 100 }), { Memory: 100, MemorySwap: 200 });
    assert.deepEqual(merge({ Memory: 64, MemorySwap: 100 }, { Memory: 80 }), { Memory: 80, MemorySwap: 100 });
    const given = merge({}, { Memory: 64, MemorySwap: 128 });
    assert.deepEqual(merge(given, { Memory: 48 }), { Memory: 48, MemorySwap: 128, MemorySwapGiven: true });
    assert.deepEqual(merge(given, { MemorySwap: -1 }), { Memory: 64, MemorySwap: -1 });
    assert.deepEqual(merge(given, {}, ["memorySwap"]), { Memory: 64 });
    assert.deepEqual(merge({ Memory: 64, MemorySwap: -1 }, { Memory: 80 }), { Memory: 80, MemorySwap: -1 });
    assert.deepEqual(merge({ Memory: 64, MemorySwap: 128 }, { Memory: -1 }), {});
    assert.deepEqual(merge({ Memory: 64, MemorySwap: 128 }, { Swap: 0 }), { Memory: 64, Swap: 0 });
    assert.deepEqual(merge({ Memory: 64, Swap: 5 }, { Memory: 100 }), { Memory: 100, Swap: 5 });
    assert.deepEqual(merge({ PidsLimit: 5, Memory: 64 }, {}, ["pids"]), { Memory: 64 });
    assert.deepEqual(merge({ NanoCpus: 5 }, {}, ["cpus"]), {});
    assert.deepEqual(merge({ CgroupConf: { a: "1", b: "2" } }, { CgroupConf: { a: "", c: "3" } }), {
      CgroupConf: { b: "2", c: "3" },
    });
    assert.deepEqual(
      merge({ PidsLimit: 5, OomScoreAdj: 9 }, { PidsLimit: 0, OomScoreAdj: 0, BlkioDeviceReadBps: [] }),
      {
        PidsLimit: 5,
        OomScoreAdj: 9,
      },
    );
  });
});

describe("the figures of docker stats", () => {
  it("CPU: share of the host's time, times its CPUs", () => {
    const before = { totalUsage: 1e9, systemUsage: 100e9, onlineCpus: 2 };
    assert.equal(cpuPercent({ totalUsage: 2e9, systemUsage: 104e9, onlineCpus: 2 }, before), 50);
    assert.equal(cpuPercent(before, before), 0);
    assert.equal(cpuPercent({ ...before, totalUsage: 2e9 }, before), 0, "the host's clock did not move");
    assert.equal(cpuPercent({ totalUsage: 5, systemUsage: 104e9, onlineCpus: 2 }, before), 0, "started anew");
  });

  it("memory: without what can be dropped at once, by the name of either version", () => {
    assert.equal(memoryInUse(100, { total_inactive_file: 30, inactive_file: 1 }), 70);
    assert.equal(memoryInUse(100, { inactive_file: 30 }), 70);
    assert.equal(memoryInUse(100, { total_inactive_file: 100 }), 100);
    assert.equal(memoryInUse(100, { inactive_file: 200 }), 100);
    assert.equal(memoryInUse(100, {}), 100);
    assert.equal(memoryLimitOf("max", 7), 7);
    assert.equal(memoryLimitOf(9, 7), 7);
    assert.equal(memoryLimitOf(5, 7), 5);
  });

  it("network and block I/O: sums over interfaces and devices", () => {
    assert.deepEqual(networkIo({ eth0: { rx_bytes: 1, tx_bytes: 2 }, eth1: { rx_bytes: 10, tx_bytes: 20 } }), {
      received: 11,
      sent: 22,
    });
    const entries = ["Read", "Write", "read", "write", "Sync", "Total"].map((op, index) => ({
      op,
      value: 10 ** index,
    }));
    assert.deepEqual(blockIo(entries), { read: 101, written: 1010 });
    assert.deepEqual(blockIo(null), { read: 0, written: 0 });
  });

  it("throttling: of the periods with something to run; none is not 0 %", () => {
    const at = (cpuPeriods: number, cpuThrottledPeriods: number) => ({ cpuPeriods, cpuThrottledPeriods });
    assert.equal(throttledShare(at(20, 5), at(10, 0)), 0.5);
    assert.equal(throttledShare(at(10, 5), at(10, 0)), undefined);
  });
});

describe("flags that name devices, files and switches", () => {
  it("are read with Docker's texts", () => {
    assert.deepEqual(parseLimits("deviceReadBps", ["/dev/sda:1mb", "/dev/sdb:0"]), [
      { device: "/dev/sda", value: MIB },
      { device: "/dev/sdb", value: "max" },
    ]);
    assert.deepEqual(parseLimits("deviceWriteIops", ["/dev/sda:100"]), [{ device: "/dev/sda", value: 100 }]);
    assert.deepEqual(parseLimits("blkioWeightDevice", ["/dev/sda:300"]), [{ device: "/dev/sda", value: 300 }]);
    assert.deepEqual(parseLimits("conf", ["cpu.idle=1", "a.b=x=y"]), { "cpu.idle": "1", "a.b": "x=y" });
    assert.equal(parseLimits("oomGroup", ["true"]), true);
    assert.equal(parseLimits("pids", ["5", "7"]), 7, "the last wins");
    for (const [field, text, message] of [
      ["deviceReadBps", "/dev/sda", "bad format: /dev/sda"],
      ["deviceReadBps", "sda:5", "bad format for device path: sda:5"],
      [
        "deviceReadBps",
        "/dev/sda:fast",
        "invalid rate for device: /dev/sda:fast. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb",
      ],
      [
        "deviceReadIops",
        "/dev/sda:1k",
        "invalid rate for device: /dev/sda:1k. The correct format is <device-path>:<number>. Number must be a positive integer",
      ],
      ["blkioWeightDevice", "/dev/sda:5", "invalid weight for device: /dev/sda:5"],
      ["oomKillDisable", "maybe", 'strconv.ParseBool: parsing "maybe": invalid syntax'],
      ["conf", "cpu.idle", 'invalid cgroup file setting: "cpu.idle"'],
    ] as const) {
      assert.throws(() => parseLimits(field, [text]), { message, status: 400 }, text);
    }
  });

  it("limits are found by any of their names", () => {
    for (const name of ["pids", "pids-limit", "--pids-limit", "PidsLimit"])
      assert.equal(limitNamed(name).field, "pids");
    assert.throws(() => limitNamed("speed"), { code: "CTR_LIMIT_UNKNOWN", hint: /memory-swap/ });
  });
});
