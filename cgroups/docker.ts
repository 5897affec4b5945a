/** Between Docker's `HostConfig` of the Engine API and {@link Limits}. */
import { invalid } from "../lib/errors.ts";
import { DEFAULT_CPU_PERIOD } from "./convert.ts";
import type { Limits } from "./types.ts";

/** The part of Docker's `HostConfig` that says how much. Zero means not given, except where said otherwise. */
export interface DockerResources {
  /** Bytes; −1 takes the limit away. */
  readonly Memory?: number;
  /** Bytes of memory and swap together; −1 is unlimited. */
  readonly MemorySwap?: number;
  readonly MemoryReservation?: number;
  /** CPUs × 10⁹. */
  readonly NanoCpus?: number;
  /** Microseconds. */
  readonly CpuPeriod?: number;
  /** Microseconds in each period; −1 is unlimited. */
  readonly CpuQuota?: number;
  readonly CpuShares?: number;
  readonly CpusetCpus?: string;
  readonly CpusetMems?: string;
  /** 0 and below are unlimited. */
  readonly PidsLimit?: number | null;
  /** 0 is a value: it keeps the engine's own score from being inherited. */
  readonly OomScoreAdj?: number;
}

/**
 * Docker's resources as limits. Values are taken over, not judged: see `checkLimits`.
 * @throws `invalid` with Docker's text when CPUs are given in two ways
 */
export function limitsOfDocker(resources: DockerResources): Limits {
  const { NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0 } = resources;
  if (NanoCpus !== 0 && CpuPeriod !== 0) throw conflicting("CPU Period");
  if (NanoCpus !== 0 && CpuQuota !== 0) throw conflicting("CPU Quota");
  if (CpuQuota > 0 && CpuQuota < 1000) {
    throw invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)", "CTR_LIMIT_INVALID");
  }
  const cpus =
    NanoCpus !== 0 ? NanoCpus / 1e9 : CpuQuota > 0 ? CpuQuota / (CpuPeriod || DEFAULT_CPU_PERIOD) : undefined;
  const { PidsLimit } = resources;
  return {
    ...given("memory", maximum(resources.Memory)),
    ...given("memorySwap", maximum(resources.MemorySwap)),
    ...given("memoryReservation", resources.MemoryReservation || undefined),
    ...given("cpus", CpuQuota < 0 ? "max" : cpus),
    // A quota without a period means the default one, also over a period that is in force.
    ...given("cpuPeriod", CpuPeriod || (CpuQuota > 0 ? DEFAULT_CPU_PERIOD : undefined)),
    ...given("cpuShares", resources.CpuShares || undefined),
    ...given("cpusetCpus", resources.CpusetCpus || undefined),
    ...given("cpusetMems", resources.CpusetMems || undefined),
    ...given("pids", PidsLimit === undefined || PidsLimit === null ? undefined : PidsLimit <= 0 ? "max" : PidsLimit),
    ...given("oomScoreAdj", resources.OomScoreAdj),
  };
}

const conflicting = (what: string): Error =>
  invalid(`Conflicting options: Nano CPUs and ${what} cannot both be set`, "CTR_LIMIT_CONTRADICTION");

const maximum = (value = 0): Limits["memory"] | undefined => (value === -1 ? "max" : value === 0 ? undefined : value);

function given<Field extends keyof Limits>(
  field: Field,
  value: Limits[Field] | undefined,
): Pick<Limits, Field> | object {
  return value === undefined ? {} : { [field]: value };
}
