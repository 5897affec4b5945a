/** Between the resources of Docker's `HostConfig` and {@link Limits}. */
import { invalid } from "../../lib/errors.ts";
import { DEFAULT_CPU_PERIOD, quotaOfCpus } from "../convert.ts";
import type { DeviceLimit, Limits, Maximum } from "../types.ts";

export interface DockerDeviceRate {
  readonly Path: string;
  /** Bytes or operations a second; 0 takes the limit away. */
  readonly Rate: number;
}

export interface DockerDeviceWeight {
  readonly Path: string;
  readonly Weight: number;
}

/** The part of `HostConfig` that says how much. Zero and empty mean not given, except where said otherwise. */
export interface DockerResources {
  /** Bytes; −1 takes the limit away. */
  readonly Memory?: number;
  /** Bytes of memory and swap together; −1 is unlimited. */
  readonly MemorySwap?: number;
  /**
   * Ours, and set by us alone: the total is what a user asked for, also where it is twice the memory, and so stays when the
   * memory is changed. Docker's default follows the memory.
   */
  readonly MemorySwapGiven?: boolean;
  readonly MemoryReservation?: number;
  /** 0 is a value; −1 and null mean not given. */
  readonly MemorySwappiness?: number | null;
  readonly OomKillDisable?: boolean | null;
  /** CPUs × 10⁹. */
  readonly NanoCpus?: number;
  /** Microseconds. */
  readonly CpuPeriod?: number;
  /** Microseconds in each period; −1 is unlimited. */
  readonly CpuQuota?: number;
  readonly CpuShares?: number;
  readonly CpuRealtimePeriod?: number;
  readonly CpuRealtimeRuntime?: number;
  readonly CpusetCpus?: string;
  readonly CpusetMems?: string;
  /** 0 and below are unlimited. */
  readonly PidsLimit?: number | null;
  readonly BlkioWeight?: number;
  readonly BlkioWeightDevice?: readonly DockerDeviceWeight[] | null;
  readonly BlkioDeviceReadBps?: readonly DockerDeviceRate[] | null;
  readonly BlkioDeviceWriteBps?: readonly DockerDeviceRate[] | null;
  readonly BlkioDeviceReadIOps?: readonly DockerDeviceRate[] | null;
  readonly BlkioDeviceWriteIOps?: readonly DockerDeviceRate[] | null;
  /** 0 is a value: it keeps the engine's own score from being inherited. */
  readonly OomScoreAdj?: number;
  /** Ours. Bytes of swap alone; 0 is a value, −1 is unlimited. */
  readonly Swap?: number;
  /** Ours. Bytes; −1 takes the limit away. */
  readonly MemoryHigh?: number;
  /** Ours. */
  readonly OomGroup?: boolean;
  /** Ours. */
  readonly CgroupConf?: Readonly<Record<string, string>>;
}

/**
 * Docker's resources as limits. Values are taken over, not judged: see `checkLimits`.
 * @throws `invalid` with Docker's text when CPUs are given in two ways
 */
export function limitsOfDocker(resources: DockerResources): Limits {
  const { PidsLimit, MemorySwappiness, CgroupConf = {} } = resources;
  return {
    ...given("memory", maximum(resources.Memory)),
    ...given("memorySwap", maximum(resources.MemorySwap)),
    ...given("swap", resources.Swap === -1 ? "max" : resources.Swap),
    ...given("memoryHigh", maximum(resources.MemoryHigh)),
    ...given("memoryReservation", resources.MemoryReservation || undefined),
    ...given("memorySwappiness", MemorySwappiness === -1 ? undefined : (MemorySwappiness ?? undefined)),
    ...given("oomKillDisable", resources.OomKillDisable || undefined),
    ...given("oomGroup", resources.OomGroup || undefined),
    ...cpuTime(resources),
    ...given("cpuShares", resources.CpuShares || undefined),
    ...given("cpuRealtimePeriod", resources.CpuRealtimePeriod || undefined),
    ...given("cpuRealtimeRuntime", resources.CpuRealtimeRuntime || undefined),
    ...given("cpusetCpus", resources.CpusetCpus || undefined),
    ...given("cpusetMems", resources.CpusetMems || undefined),
    ...given("pids", PidsLimit === undefined || PidsLimit === null ? undefined : PidsLimit <= 0 ? "max" : PidsLimit),
    ...given("blkioWeight", resources.BlkioWeight || undefined),
    ...given(
      "blkioWeightDevice",
      devices(resources.BlkioWeightDevice, ({ Weight }) => Weight),
    ),
    ...given("deviceReadBps", devices(resources.BlkioDeviceReadBps, rateOf)),
    ...given("deviceWriteBps", devices(resources.BlkioDeviceWriteBps, rateOf)),
    ...given("deviceReadIops", devices(resources.BlkioDeviceReadIOps, rateOf)),
    ...given("deviceWriteIops", devices(resources.BlkioDeviceWriteIOps, rateOf)),
    ...given("conf", Object.keys(CgroupConf).length === 0 ? undefined : CgroupConf),
    ...given("oomScoreAdj", resources.OomScoreAdj),
  };
}

function cpuTime({ NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0 }: DockerResources): Limits {
  if (NanoCpus !== 0 && CpuPeriod !== 0) throw conflicting("CPU Period");
  if (NanoCpus !== 0 && CpuQuota !== 0) throw conflicting("CPU Quota");
  if (CpuQuota > 0 && CpuQuota < 1000) {
    throw invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)", "CTR_LIMIT_INVALID");
  }
  const cpus =
    NanoCpus !== 0 ? NanoCpus / 1e9 : CpuQuota > 0 ? CpuQuota / (CpuPeriod || DEFAULT_CPU_PERIOD) : undefined;
  return {
    ...given("cpus", CpuQuota < 0 ? "max" : cpus),
    // A quota without a period means the default one, also over a period that is in force.
    ...given("cpuPeriod", CpuPeriod || (CpuQuota > 0 ? DEFAULT_CPU_PERIOD : undefined)),
  };
}

/** Limits as Docker's resources: what a client sends. CPUs go as `NanoCpus`, with a period of their own as a quota. */
export function dockerOfLimits(limits: Limits): DockerResources {
  const { cpus, cpuPeriod, conf, oomKillDisable, oomGroup, swap } = limits;
  const time: DockerResources =
    cpus === "max"
      ? { CpuQuota: -1 }
      : cpus !== undefined && cpuPeriod === undefined
        ? { NanoCpus: Math.round(cpus * 1e9) }
        : { ...entry("CpuQuota", cpus === undefined ? undefined : quotaOfCpus(cpus, cpuPeriod ?? DEFAULT_CPU_PERIOD)) };
  return {
    ...entry("Memory", bytes(limits.memory)),
    ...entry("MemorySwap", bytes(limits.memorySwap)),
    ...entry("Swap", bytes(swap)),
    ...entry("MemoryHigh", bytes(limits.memoryHigh)),
    ...entry("MemoryReservation", limits.memoryReservation),
    ...entry("MemorySwappiness", limits.memorySwappiness),
    ...entry("OomKillDisable", oomKillDisable),
    ...entry("OomGroup", oomGroup),
    ...time,
    ...entry("CpuPeriod", cpus === "max" ? undefined : cpuPeriod),
    ...entry("CpuShares", limits.cpuShares),
    ...entry("CpuRealtimePeriod", limits.cpuRealtimePeriod),
    ...entry("CpuRealtimeRuntime", limits.cpuRealtimeRuntime),
    ...entry("CpusetCpus", limits.cpusetCpus),
    ...entry("CpusetMems", limits.cpusetMems),
    ...entry("PidsLimit", bytes(limits.pids)),
    ...entry("BlkioWeight", limits.blkioWeight === "max" ? 0 : limits.blkioWeight),
    ...entry(
      "BlkioWeightDevice",
      limits.blkioWeightDevice?.map(({ device, value }) => ({ Path: device, Weight: value === "max" ? 0 : value })),
    ),
    ...entry("BlkioDeviceReadBps", rates(limits.deviceReadBps)),
    ...entry("BlkioDeviceWriteBps", rates(limits.deviceWriteBps)),
    ...entry("BlkioDeviceReadIOps", rates(limits.deviceReadIops)),
    ...entry("BlkioDeviceWriteIOps", rates(limits.deviceWriteIops)),
    ...entry("CgroupConf", conf),
    ...entry("OomScoreAdj", limits.oomScoreAdj),
  };
}

const conflicting = (what: string): Error =>
  invalid(`Conflicting options: Nano CPUs and ${what} cannot both be set`, "CTR_LIMIT_CONTRADICTION");

/** No machine has so much: clients write their largest number for «no limit». */
const BEYOND = 2 ** 53;

const maximum = (value = 0): Maximum | undefined =>
  value === -1 || value >= BEYOND ? "max" : value === 0 ? undefined : value;

const bytes = (value: Maximum | undefined): number | undefined => (value === "max" ? -1 : value);

const rateOf = ({ Rate }: DockerDeviceRate): number => Rate;

function devices<Entry extends { readonly Path: string }>(
  list: readonly Entry[] | null | undefined,
  value: (entry: Entry) => number,
): readonly DeviceLimit[] | undefined {
  if (list === undefined || list === null || list.length === 0) return undefined;
  return list.map((entry) => ({ device: entry.Path, value: maximum(value(entry)) ?? "max" }));
}

const rates = (list: readonly DeviceLimit[] | undefined): readonly DockerDeviceRate[] | undefined =>
  list?.map(({ device, value }) => ({ Path: device, Rate: value === "max" ? 0 : value }));

function given<Field extends keyof Limits>(
  field: Field,
  value: Limits[Field] | undefined,
): Pick<Limits, Field> | object {
  return value === undefined ? {} : { [field]: value };
}

function entry<Key extends keyof DockerResources>(
  key: Key,
  value: DockerResources[Key] | undefined,
): Pick<DockerResources, Key> | object {
  return value === undefined ? {} : { [key]: value };
}
