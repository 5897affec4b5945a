import { deepEqual, equal, throws } from "node:assert/strict";
import { detectHost, type LimitField, limitsOfDocker } from "../../../cgroups/index.ts";
import { checkHostLimits } from "../../../runtime/container/limits.ts";
import { changedUlimits } from "../../../runtime/container/ulimits.ts";
import { describeUpdate, updatedHostConfig } from "../../../runtime/container/update-request.ts";
import { changedResources, describeChange, limitsBetween } from "../../../runtime/limits/index.ts";
import type { HostConfig, UpdateRequest } from "../../../runtime/types.ts";

const MIB = 2 ** 20;
const host = { ...detectHost(), lowestOomScoreAdj: -1000 };

describe("an update of a container", () => {
  const updated = (present: HostConfig, request: UpdateRequest): HostConfig =>
    updatedHostConfig(present, request, { shmSize: 64 * MIB });
  const rows = (present: HostConfig, request: UpdateRequest): string[] =>
    describeUpdate(present, updated(present, request), host, []).map(
      ({ limit, before, after }) => `${limit}: ${before} → ${after}`,
    );

  it("leaves alone what Docker's clients send for what nobody named", () => {
    const present = { Memory: 64 * MIB, MemorySwap: 128 * MIB, NanoCpus: 5e8, CpusetCpus: "0", PidsLimit: 9 };
    const silent = {
      Memory: 0,
      MemorySwap: 0,
      NanoCpus: 0,
      CpusetCpus: "",
      RestartPolicy: { Name: "" },
      Ulimits: null,
    };
    deepEqual(updated(present, silent), present);
  });

  it("keeps what is no limit", () => {
    const present = { Binds: ["/a:/b"], NetworkMode: "bridge", Memory: 64 * MIB };
    deepEqual(updated(present, { CpuShares: 512 }), { ...present, CpuShares: 512 });
  });

  it("takes limits away by any of their names", () => {
    const present = { Memory: 64 * MIB, MemorySwap: 128 * MIB, NanoCpus: 5e8, PidsLimit: 9, OomKillDisable: true };
    deepEqual(updated(present, { Unset: ["memory", "--cpus", "PidsLimit"], OomKillDisable: false }), {});
    throws(() => updated(present, { Unset: ["colour"] }), {
      message: "no such limit: colour",
      code: "CTR_LIMIT_UNKNOWN",
    });
  });

  it("means no limit of swap when one is taken away, and not Docker's default", () => {
    const present = { Memory: 64 * MIB, MemorySwap: 96 * MIB };
    deepEqual(updated(present, { Unset: ["memory-swap"] }), { Memory: 64 * MIB, MemorySwap: -1 });
    deepEqual(updated({ Memory: 64 * MIB, Swap: 0 }, { Unset: ["swap"] }), { Memory: 64 * MIB, MemorySwap: -1 });
  });

  it("keeps a total of memory and swap that was asked for, and lets the default follow the memory", () => {
    const asked = checkHostLimits({ Memory: 128 * MIB, MemorySwap: 256 * MIB }, host).hostConfig;
    const lowered = updated(asked, { Memory: 48 * MIB });
    equal(lowered.MemorySwap, 256 * MIB);
    equal(updated(lowered, { Memory: 200 * MIB }).MemorySwap, 256 * MIB);
    equal(updated(updated(lowered, { Memory: 128 * MIB }), { Memory: 64 * MIB }).MemorySwap, 256 * MIB);
    const usual = checkHostLimits({ Memory: 128 * MIB }, { ...host, swapAccounting: true }).hostConfig;
    equal(updated(usual, { Memory: 48 * MIB }).MemorySwap, 96 * MIB);
    equal(updated(updated(lowered, { Unset: ["memory"] }), { Memory: 48 * MIB }).MemorySwap, 96 * MIB);
  });

  it("refuses what does not fit what is there, with Docker's texts", () => {
    const present = { Memory: 64 * MIB, MemorySwap: 96 * MIB };
    throws(() => updated(present, { Memory: 128 * MIB }), {
      kind: "conflict",
      message:
        "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    });
    throws(() => updated(present, { MemorySwap: 32 * MIB }), /Minimum memoryswap limit should be larger than memory/);
    throws(() => updated({}, { MemorySwap: 32 * MIB }), /You should always set the Memory limit when using Memoryswap/);
    throws(() => updated({ AutoRemove: true }, { RestartPolicy: { Name: "always" } }), {
      status: 409,
      message: "Restart policy cannot be updated because AutoRemove is enabled for the container",
    });
    throws(() => updated({}, { RestartPolicy: { Name: "often" } }), /invalid restart policy: unknown policy 'often'/);
    throws(() => updated({}, { ShmSize: -1 }), /SHM size can not be less than 0/);
  });

  it("replaces limits of processes by name, and rates by their way", () => {
    const nofile = { Name: "nofile", Soft: 10, Hard: 20 };
    const core = { Name: "core", Soft: 0, Hard: 0 };
    const present = { Ulimits: [nofile, core], NetworkRate: { Egress: 5 } };
    const request = { Ulimits: [{ ...nofile, Soft: -1, Hard: -1 }], NetworkRate: { Ingress: 7 } };
    deepEqual(updated(present, request), {
      Ulimits: [{ ...nofile, Soft: -1, Hard: -1 }, core],
      NetworkRate: { Egress: 5, Ingress: 7 },
    });
    deepEqual(rows(present, request), ["ulimit nofile: 10:20 → max:max", "net-rate ingress: max → 7 bit/s"]);
  });

  it("puts limits of processes, /dev/shm and interfaces back to what they are without flags", () => {
    const nofile = { Name: "nofile", Soft: 10, Hard: 20 };
    const core = { Name: "core", Soft: 0, Hard: 0 };
    const present = { Ulimits: [nofile, core], NetworkRate: { Egress: 5 }, ShmSize: MIB };
    deepEqual(updated(present, { Unset: ["nofile", "--shm-size", "net-rate"] }), {
      Ulimits: [core],
      NetworkRate: { Egress: 0, Ingress: 0 },
      ShmSize: 64 * MIB,
    });
    deepEqual(updated(present, { Unset: ["ulimit"], Ulimits: [core] }).Ulimits, [core]);
    deepEqual(rows(present, { Unset: ["ulimit", "ShmSize"] }), [
      "ulimit nofile: 10:20 → default",
      "ulimit core: 0:0 → default",
      "shm-size: 1MiB → 64MiB",
    ]);
    deepEqual(changedUlimits(present, {}, [{ ...nofile, Soft: 15 }])[0], { ...nofile, Soft: 15 });
  });

  it("replaces the list of a device limit, without devices whose limit is 0", () => {
    const sda = { Path: "/dev/sda", Rate: 1 };
    deepEqual(updated({ BlkioDeviceReadBps: [sda] }, { BlkioDeviceReadBps: [{ ...sda, Rate: 0 }] }), {
      BlkioDeviceReadBps: [],
    });
  });

  it("is told in people's words", () => {
    deepEqual(rows({ Memory: 64 * MIB, MemorySwap: 128 * MIB }, { Memory: 32 * MIB, NanoCpus: 15e8, OomScoreAdj: 7 }), [
      "memory: 64MiB → 32MiB",
      "memory-swap: 128MiB → 64MiB",
      "cpus: max → 1.5",
      "oom-score-adj: 0 → 7",
    ]);
    deepEqual(rows({ Memory: 64 * MIB, MemorySwap: 96 * MIB }, { Swap: 0 }), ["swap: 32MiB → 0B"]);
    deepEqual(rows({ Memory: 64 * MIB, Swap: 0 }, { Unset: ["swap"] }), ["swap: 0B → max"]);
    deepEqual(rows({}, { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 } }), [
      "restart: no → on-failure:3",
    ]);
    deepEqual(rows({ ShmSize: 64 * MIB }, { ShmSize: 8 * MIB }), ["shm-size: 64MiB → 8MiB"]);
  });
});

describe("a change of limits", () => {
  const between = (before: HostConfig, after: HostConfig) =>
    limitsBetween(limitsOfDocker(before), limitsOfDocker(after));

  it("names what differs, and gives what is gone the value that takes it away", () => {
    deepEqual(between({ Memory: 64 * MIB, PidsLimit: 9 }, { Memory: 64 * MIB, NanoCpus: 1e9 }), {
      cpus: 1,
      pids: "max",
    });
    deepEqual(between({ CpuPeriod: 50_000, CpuQuota: 25_000 }, {}), { cpus: "max", cpuPeriod: 100_000 });
    deepEqual(between({ BlkioDeviceReadBps: [{ Path: "/dev/sda", Rate: 5 }] }, {}), { deviceReadBps: [] });
  });

  it("has one name for swap", () => {
    deepEqual(between({ Memory: MIB, Swap: 0 }, { Memory: MIB, MemorySwap: 2 * MIB }), { memorySwap: 2 * MIB });
    deepEqual(between({ Memory: MIB, MemorySwap: 2 * MIB }, { Memory: MIB, Swap: 0 }), { swap: 0 });
  });

  it("puts files back that are no longer asked for", () => {
    deepEqual(between({ CgroupConf: { "cpu.idle": "1", "a.b": "2" } }, { CgroupConf: { "a.b": "3" } }), {
      conf: { "cpu.idle": "", "a.b": "3" },
    });
  });

  it("leads back, too", () => {
    const states: HostConfig[] = [
      {},
      { Memory: 64 * MIB, MemorySwap: -1 },
      { Memory: 64 * MIB, Swap: MIB, OomKillDisable: true },
      { NanoCpus: 5e8, CpusetCpus: "0", CpuShares: 100 },
      { PidsLimit: 5, BlkioWeight: 100, CgroupConf: { "cpu.idle": "1" } },
    ];
    for (const one of states) {
      for (const other of states) {
        const [there, back] = [between(one, other), between(other, one)];
        const fields = (limits: object) =>
          Object.keys(limits)
            .filter((field) => !/swap/i.test(field))
            .sort() as LimitField[];
        deepEqual(fields(there), fields(back));
      }
    }
  });

  it("keeps the type and everything else of what it changes", () => {
    const changed = changedResources({ Memory: 64 * MIB, Binds: ["/a:/b"] }, { Memory: -1 });
    deepEqual(changed, { Binds: ["/a:/b"] });
    equal(describeChange({ memory: 64 * MIB }, {})[0]?.after, "max");
  });
});
