import assert from "node:assert/strict";
import { LIMIT_FIELDS } from "../../../bin/cli/container/limit-options.ts";
import { UPDATE_OPTIONS, updateRequest } from "../../../bin/cli/container/limit-update.ts";
import { CONTAINER_OPTIONS } from "../../../bin/cli/container/options.ts";
import { createRequest } from "../../../bin/cli/container/request.ts";
import { parseFlags } from "../../../bin/flags/parse.ts";
import { LIMIT_ROWS } from "../../../cgroups/index.ts";
import type { HostConfig } from "../../../runtime/index.ts";

const MIB = 2 ** 20;

function hostConfigOf(...argv: readonly string[]): HostConfig {
  const { values } = parseFlags([...argv, "image"], CONTAINER_OPTIONS, { interspersed: false });
  return createRequest({ values, image: "image", command: [], detached: false }).HostConfig ?? {};
}

function updateOf(...argv: readonly string[]) {
  const { values } = parseFlags(argv, UPDATE_OPTIONS, { interspersed: true });
  return updateRequest(values);
}

/** Command lines of `run`, and what they put into HostConfig. */
const CREATED: readonly (readonly [string, Partial<HostConfig>])[] = [
  ["-m -1", { Memory: -1 }],
  ["-m 64m --swap 16m", { Memory: 64 * MIB, Swap: 16 * MIB }],
  ["--memory-high 32m --oom-group", { MemoryHigh: 32 * MIB, OomGroup: true }],
  ["--memory-swappiness 0", { MemorySwappiness: 0 }],
  ["--oom-kill-disable", { OomKillDisable: true }],
  ["--cpus 1.5", { NanoCpus: 1.5e9 }],
  ["--cpus 1 --cpu-period 50000", { NanoCpus: 1e9, CpuPeriod: 50_000 }],
  ["--cpu-quota -1", { CpuQuota: -1 }],
  ["--cpu-rt-period 1000000 --cpu-rt-runtime 5000", { CpuRealtimePeriod: 1_000_000, CpuRealtimeRuntime: 5000 }],
  ["--pids-limit -1", { PidsLimit: -1 }],
  ["--blkio-weight 300", { BlkioWeight: 300 }],
  ["--blkio-weight-device /dev/sda:200", { BlkioWeightDevice: [{ Path: "/dev/sda", Weight: 200 }] }],
  [
    "--device-read-bps /dev/sda:1mb --device-read-bps /dev/sdb:2mb",
    {
      BlkioDeviceReadBps: [
        { Path: "/dev/sda", Rate: MIB },
        { Path: "/dev/sdb", Rate: 2 * MIB },
      ],
    },
  ],
  ["--device-write-iops /dev/sda:7", { BlkioDeviceWriteIOps: [{ Path: "/dev/sda", Rate: 7 }] }],
  ["--cgroup-conf cpu.idle=1 --cgroup-conf pids.x=", { CgroupConf: { "cpu.idle": "1", "pids.x": "" } }],
  ["--net-rate 10mbit", { NetworkRate: { Egress: 1e7, Ingress: 1e7 } }],
  ["--net-rate ingress=50mbit", { NetworkRate: { Ingress: 5e7 } }],
  ["--cgroup-parent shop --cgroupns private", { CgroupParent: "shop", CgroupnsMode: "private" }],
  ["--storage-opt size=10g --group-add audio", { StorageOpt: { size: "10g" }, GroupAdd: ["audio"] }],
  ["--device-cgroup-rule c_1:*_rwm", { DeviceCgroupRules: ["c 1:* rwm"] }],
  ["--device /dev/null", { Devices: [device("/dev/null", "/dev/null", "rwm")] }],
  ["--device /dev/null:r", { Devices: [device("/dev/null", "/dev/null", "r")] }],
  ["--device /dev/null:/dev/x:rw", { Devices: [device("/dev/null", "/dev/x", "rw")] }],
  ["--device /dev/nul*:r", { Devices: [device("/dev/null", "/dev/null", "r")] }],
  ["--kernel-memory 50m", {}],
];

function device(PathOnHost: string, PathInContainer: string, CgroupPermissions: string) {
  return { PathOnHost, PathInContainer, CgroupPermissions };
}

/** Command lines of `update`, and the whole request. */
const UPDATED: readonly (readonly [string, object])[] = [
  ["-m 128m", { Memory: 128 * MIB }],
  ["-m -1 --pids-limit 0", { Memory: -1, PidsLimit: -1 }],
  ["-m 0", { Unset: ["memory"] }],
  ["--cpu-shares 0 --cpuset-cpus=", { Unset: ["cpu-shares", "cpuset-cpus"] }],
  ["--cpus 0", { Unset: ["cpus"] }],
  ["--cpu-quota 0", { Unset: ["cpus"] }],
  ["--oom-kill-disable=false --oom-group=false", { Unset: ["oom-kill-disable", "oom-group"] }],
  ["--oom-score-adj 0 --memory-swappiness -1", { Unset: ["memory-swappiness", "oom-score-adj"] }],
  ["--swap 0 --memory-swappiness 0", { Swap: 0, MemorySwappiness: 0 }],
  ["--blkio-weight 0", { Unset: ["blkio-weight"] }],
  ["--device-read-bps /dev/sda:0", { BlkioDeviceReadBps: [{ Path: "/dev/sda", Rate: 0 }] }],
  ["--shm-size 128m --net-rate none", { ShmSize: 128 * MIB, NetworkRate: { Egress: 0, Ingress: 0 } }],
  ["--ulimit nofile=5:6", { Ulimits: [{ Name: "nofile", Soft: 5, Hard: 6 }] }],
  ["--restart always", { RestartPolicy: { Name: "always", MaximumRetryCount: 0 } }],
];

/** Underscores stand for spaces inside of a word. */
const words = (line: string): string[] => line.split(" ").map((word) => word.replaceAll("_", " "));

describe("the flags of limits", () => {
  it("are those of the table", () => {
    assert.deepEqual(
      LIMIT_FIELDS.map(([flag, field]) => [`--${flag}`, field]).sort(),
      LIMIT_ROWS.map(({ flag, field }) => [flag, field]).sort(),
    );
  });

  for (const [line, expected] of CREATED) {
    it(`run ${line}`, () => {
      const plain = hostConfigOf();
      assert.deepEqual(hostConfigOf(...words(line)), { ...plain, ...expected });
    });
  }

  for (const [line, expected] of UPDATED) {
    it(`update ${line}`, () => assert.deepEqual(updateOf(...words(line)), expected));
  }

  it("that nobody should give any more are told about, and not shown", () => {
    const { warnings } = parseFlags(["--kernel-memory", "5m"], CONTAINER_OPTIONS, { interspersed: false });
    assert.deepEqual(warnings, ["Flag --kernel-memory has been deprecated, and no longer supported by the kernel"]);
  });
});
