/** What `ctr limit verify --host` tries: a usual value of each limit, each in a container of its own. */

import { fileDevice, hostCpus } from "./machine.ts";
import type { Resources } from "./resources.ts";
import type { LoadSession } from "./session.ts";

export interface StandardLimit {
  /** As in an outcome. */
  readonly limit: string;
  readonly set: string;
  readonly resources: Resources;
}

const MIB = 2 ** 20;

/** Bytes and operations a second that every disk gives. */
const RATE = 4 * MIB;
const OPERATIONS = 200;

export async function standardLimits(session: LoadSession): Promise<StandardLimit[]> {
  const cpus = await hostCpus(session);
  const device = await fileDevice(session);
  const rate = (Rate: number) => [{ Path: device ?? "", Rate }];
  const quotas = [0.25, 0.5, 1.5].filter((quota) => quota < cpus);
  return [
    ...quotas.map((quota) => one("cpus", String(quota), { NanoCpus: quota * 1e9 })),
    one("cpu-period", "50000µs", { CpuPeriod: 50_000, CpuQuota: 15_000 }),
    one("cpu-shares", "3072", { CpuShares: 3072 }),
    one("cpuset-cpus", String(cpus - 1), { CpusetCpus: String(cpus - 1) }),
    one("cpuset-mems", "0", { CpusetMems: "0" }),
    one("memory", "64MiB", { Memory: 64 * MIB, MemorySwap: 64 * MIB }),
    one("swap", "32MiB", { Memory: 64 * MIB, Swap: 32 * MIB }),
    one("memory-high", "64MiB", { MemoryHigh: 64 * MIB }),
    one("oom-group", "on", { Memory: 64 * MIB, MemorySwap: 64 * MIB, OomGroup: true }),
    one("oom-kill-disable", "on", { Memory: 64 * MIB, MemorySwap: 64 * MIB, OomKillDisable: true }),
    one("oom-score-adj", "500", { OomScoreAdj: 500 }),
    one("pids-limit", "32", { PidsLimit: 32 }),
    one("ulimit nofile", "512:512", { Ulimits: [{ Name: "nofile", Soft: 512, Hard: 512 }] }),
    one("shm-size", "16MiB", { ShmSize: 16 * MIB }),
    one("net-rate", "20mbit out, 40mbit in", { NetworkRate: { Egress: 20e6, Ingress: 40e6 } }),
    ...(device === undefined
      ? []
      : [
          one("device-write-bps", `${device} 4MiB/s`, { BlkioDeviceWriteBps: rate(RATE) }),
          one("device-read-bps", `${device} 4MiB/s`, { BlkioDeviceReadBps: rate(RATE) }),
          one("device-write-iops", `${device} 200/s`, { BlkioDeviceWriteIOps: rate(OPERATIONS) }),
          one("device-read-iops", `${device} 200/s`, { BlkioDeviceReadIOps: rate(OPERATIONS) }),
        ]),
  ];
}

const one = (limit: string, set: string, resources: Resources): StandardLimit => ({ limit, set, resources });
