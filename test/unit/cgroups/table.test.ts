/** Every limit of the table on every kind of host: what is written, what is read back, how it is taken away again. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Cgroups, LIMIT_ROWS, type LimitField, type Limits, unsetLimits } from "../../../cgroups/index.ts";
import { silentLogger } from "../../../lib/log.ts";
import { type FakeHost, hybridHost, unifiedHost } from "./fake-kernel.ts";

const MIB = 2 ** 20;
const open = ({ host }: FakeHost): Cgroups => new Cgroups({ host, parent: "/ctr", logger: silentLogger });
const disk = (value: number): Limits["deviceReadBps"] => [{ device: "/dev/sda", value }];

/** Limit → file and content on v1 and on v2; undefined where that version has no such limit. */
const EXPECTED: Readonly<Record<string, readonly [Limits, v1: string | undefined, v2: string | undefined]>> = {
  memory: [{ memory: 64 * MIB }, `memory/memory.limit_in_bytes=${64 * MIB}`, `memory.max=${64 * MIB}`],
  memorySwap: [
    { memory: 64 * MIB, memorySwap: 96 * MIB },
    `memory/memory.memsw.limit_in_bytes=${96 * MIB}`,
    `memory.swap.max=${32 * MIB}`,
  ],
  swap: [
    { memory: 64 * MIB, swap: 16 * MIB },
    `memory/memory.memsw.limit_in_bytes=${80 * MIB}`,
    `memory.swap.max=${16 * MIB}`,
  ],
  memoryHigh: [{ memoryHigh: 32 * MIB }, undefined, `memory.high=${32 * MIB}`],
  memoryReservation: [
    { memoryReservation: 32 * MIB },
    `memory/memory.soft_limit_in_bytes=${32 * MIB}`,
    `memory.low=${32 * MIB}`,
  ],
  memorySwappiness: [{ memorySwappiness: 0 }, "memory/memory.swappiness=0", undefined],
  oomKillDisable: [
    { memory: 64 * MIB, oomKillDisable: true },
    "memory/memory.oom_control=oom_kill_disable 1\nunder_oom 0\noom_kill 0",
    undefined,
  ],
  oomGroup: [{ oomGroup: true }, undefined, "memory.oom.group=1"],
  cpus: [{ cpus: 0.5 }, "cpu/cpu.cfs_quota_us=50000", "cpu.max=50000 100000"],
  cpuPeriod: [{ cpus: 0.5, cpuPeriod: 20_000 }, "cpu/cpu.cfs_period_us=20000", "cpu.max=10000 20000"],
  cpuShares: [{ cpuShares: 512 }, "cpu/cpu.shares=512", "cpu.weight=59"],
  cpuRealtimePeriod: [{ cpuRealtimePeriod: 500_000 }, "cpu/cpu.rt_period_us=500000", undefined],
  cpuRealtimeRuntime: [{ cpuRealtimeRuntime: 20_000 }, "cpu/cpu.rt_runtime_us=20000", undefined],
  cpusetCpus: [{ cpusetCpus: "1" }, "cpuset/cpuset.cpus=1", "cpuset.cpus=1"],
  cpusetMems: [{ cpusetMems: "0" }, "cpuset/cpuset.mems=0", "cpuset.mems=0"],
  pids: [{ pids: 7 }, "pids/pids.max=7", "pids.max=7"],
  blkioWeight: [{ blkioWeight: 300 }, "blkio/blkio.bfq.weight=300", "io.weight=default 2930"],
  blkioWeightDevice: [
    { blkioWeightDevice: disk(200) ?? [] },
    "blkio/blkio.bfq.weight_device=8:0 200",
    undefined, // The fake v2 host keeps no weights a device: io.weight is tested below.
  ],
  deviceReadBps: [
    { deviceReadBps: disk(MIB) ?? [] },
    `blkio/blkio.throttle.read_bps_device=8:0 ${MIB}`,
    `io.max=8:0 rbps=${MIB}`,
  ],
  deviceWriteBps: [
    { deviceWriteBps: disk(MIB) ?? [] },
    `blkio/blkio.throttle.write_bps_device=8:0 ${MIB}`,
    `io.max=8:0 wbps=${MIB}`,
  ],
  deviceReadIops: [
    { deviceReadIops: disk(100) ?? [] },
    "blkio/blkio.throttle.read_iops_device=8:0 100",
    "io.max=8:0 riops=100",
  ],
  deviceWriteIops: [
    { deviceWriteIops: disk(100) ?? [] },
    "blkio/blkio.throttle.write_iops_device=8:0 100",
    "io.max=8:0 wiops=100",
  ],
};

const root = "/sys/fs/cgroup";

describe("each limit of the table", () => {
  it("is expected here, but for those that are no file", () => {
    const fields = LIMIT_ROWS.map(({ field }) => field).filter((field) => field !== "conf" && field !== "oomScoreAdj");
    assert.deepEqual(Object.keys(EXPECTED).sort(), fields.sort());
  });

  for (const [field, [limits, v1, v2]] of Object.entries(EXPECTED)) {
    for (const [make, expected] of [
      [hybridHost, v1],
      [unifiedHost, v2],
    ] as const) {
      if (expected === undefined) continue;
      it(`${field}: is written, and can be taken away from a live group (${make.name})`, () => {
        const fake = make();
        const cgroups = open(fake);
        cgroups.create("fresh", {});
        cgroups.create("web", limits);
        const [path = "", content] = split(expected);
        const [controller = "", file = ""] = path.includes("/") ? path.split("/") : ["", path];
        const pathOf = (id: string): string => `${root}${controller === "" ? "" : `/${controller}`}/ctr/${id}/${file}`;
        assert.equal(fake.kernel.read(pathOf("web")), content);
        cgroups.create("live", {});
        cgroups.update("live", limits);
        assert.equal(fake.kernel.read(pathOf("live")), content, "an update writes the same");
        const fields = field === "cpuPeriod" ? (["cpus"] as const) : [field as LimitField];
        cgroups.update("web", unsetLimits(fields), { asked: limits });
        if (field === "memorySwap" || field === "swap") return;
        // A group that had a list of CPUs may not have an empty one again: it has all of them.
        const all = { cpusetCpus: "0-3", cpusetMems: "0" }[field];
        const expectedNow = make === unifiedHost && all !== undefined ? all : fake.kernel.read(pathOf("fresh"));
        assert.equal(fake.kernel.read(pathOf("web")), expectedNow, "as in a new group");
      });
    }
  }

  it("v2: one file holds all four limits of a disk, and each is changed alone", () => {
    const fake = unifiedHost();
    const cgroups = open(fake);
    cgroups.create("web", { deviceReadBps: disk(MIB) ?? [], deviceWriteIops: disk(7) ?? [] });
    const file = `${root}/ctr/web/io.max`;
    assert.equal(fake.kernel.read(file), `8:0 rbps=${MIB} wiops=7`);
    cgroups.update("web", { deviceReadBps: [{ device: "9:1", value: 5 }] });
    assert.equal(fake.kernel.read(file), "8:0 wiops=7\n9:1 rbps=5", "the list is the whole truth");
    assert.deepEqual(cgroups.read("web").find(({ limit }) => limit === "deviceWriteIops")?.enforced, [
      { device: "8:0", value: 7 },
    ]);
  });

  it("v2: takes bfq's file for weights where the host has it", () => {
    const group = `${root}/other.slice`;
    const extra = { [`${group}/io.stat`]: "", [`${group}/io.bfq.weight`]: "default 100" };
    const { host } = unifiedHost(extra);
    assert.ok(!host.missingFiles.has("io.bfq.weight"));
    assert.ok(unifiedHost().host.missingFiles.has("io.bfq.weight"));
  });

  it("names the whole disk for a partition", () => {
    const fake = hybridHost({ "/sys/dev/block/8:1/partition": "1", "/sys/dev/block/8:1/../dev": "8:0" });
    fake.kernel.devices.set("/dev/sda1", "8:1");
    open(fake).create("web", { deviceReadBps: [{ device: "/dev/sda1", value: 5 }] });
    assert.equal(fake.kernel.read(`${root}/blkio/ctr/web/blkio.throttle.read_bps_device`), "8:0 5");
  });

  it("refuses what is no disk, before anything is made", () => {
    const fake = hybridHost({ "/dev/null": "" });
    const cgroups = open(fake);
    assert.throws(() => cgroups.create("web", { deviceReadBps: [{ device: "/dev/nope", value: 5 }] }), {
      message: "stat /dev/nope: no such file or directory",
      status: 400,
    });
    assert.throws(() => cgroups.create("web", { deviceReadBps: [{ device: "/dev/null", value: 5 }] }), {
      message: "/dev/null is no block device",
    });
    assert.deepEqual(fake.kernel.groups("web"), []);
  });
});

describe("any other file of a group", () => {
  it("is written, read, and put back to what a new group has", () => {
    const fake = unifiedHost();
    const cgroups = open(fake);
    cgroups.create("web", {});
    const conf = { "cpu.idle": "1" };
    cgroups.update("web", { conf });
    assert.equal(fake.kernel.read(`${root}/ctr/web/cpu.idle`), "1");
    assert.deepEqual(cgroups.read("web", { conf }).at(-1)?.enforced, conf);
    cgroups.update("web", { conf: { "cpu.idle": "" } });
    assert.equal(fake.kernel.read(`${root}/ctr/web/cpu.idle`), "0");
    assert.deepEqual(cgroups.list(), ["web"], "the group that was looked at is gone");
  });

  for (const [file, message] of [
    ["memory.max", /is set by --memory$/],
    ["cgroup.procs", /is no limit/],
    ["../memory.max", /is no name of a cgroup file/],
    ["memory/max", /is no name/],
    ["rdma.max", /offers no controller "rdma"|is no/],
  ] as const) {
    it(`refuses ${file}`, () => {
      const cgroups = open(hybridHost());
      assert.throws(() => cgroups.create("web", { conf: { [file]: "1" } }), { message });
    });
  }

  it("says that the kernel has no such file, and leaves nothing", () => {
    const fake = unifiedHost();
    assert.throws(() => open(fake).create("web", { conf: { "memory.nope": "1" } }), { status: 501 });
    assert.deepEqual(fake.kernel.groups("web"), []);
  });
});

function split(text: string): [string, string] {
  const at = text.indexOf("=");
  return [text.slice(0, at), text.slice(at + 1)];
}
