/** A trial for each limit. */
import type { LimitField } from "../../../../cgroups/index.ts";
import { tryDeviceReadBps, tryDeviceReadIops, tryDeviceWriteBps, tryDeviceWriteIops } from "./block-io.ts";
import { tryCpuShares } from "./cpu-shares.ts";
import { tryCpuPeriod, tryCpus } from "./cpu-time.ts";
import { tryCpusetCpus, tryCpusetMems } from "./cpuset.ts";
import { tryMemory, tryMemoryHigh, tryOomGroup, tryOomKillDisable, trySwap } from "./memory.ts";
import { onlyRead, tryOomScoreAdj } from "./read-back.ts";
import { tryPids } from "./tasks.ts";
import type { Trial } from "./trial.ts";

const WEIGHT = "weights act only while the disk is contended and its scheduler is bfq";
const REALTIME = "it needs realtime processes";

export const TRIALS: Readonly<Record<LimitField, Trial>> = {
  memory: tryMemory,
  memorySwap: trySwap,
  swap: trySwap,
  memoryHigh: tryMemoryHigh,
  memoryReservation: onlyRead("it acts only when the machine is short of memory"),
  memorySwappiness: onlyRead("it is a preference, not a limit"),
  oomKillDisable: tryOomKillDisable,
  oomGroup: tryOomGroup,
  cpus: tryCpus,
  cpuPeriod: tryCpuPeriod,
  cpuShares: tryCpuShares,
  cpuRealtimeRuntime: onlyRead(REALTIME),
  cpuRealtimePeriod: onlyRead(REALTIME),
  cpusetCpus: tryCpusetCpus,
  cpusetMems: tryCpusetMems,
  pids: tryPids,
  blkioWeight: onlyRead(WEIGHT),
  blkioWeightDevice: onlyRead(WEIGHT),
  deviceReadBps: tryDeviceReadBps,
  deviceWriteBps: tryDeviceWriteBps,
  deviceReadIops: tryDeviceReadIops,
  deviceWriteIops: tryDeviceWriteIops,
  conf: onlyRead("what the file does is not known here"),
  oomScoreAdj: tryOomScoreAdj,
};
