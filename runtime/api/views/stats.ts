/** `GET /containers/{id}/stats`, in the shape that Docker gives it on a host with this version of cgroups. */
import { type BlockIoEntry, type CgroupHost, type KernelStats, memoryLimitOf } from "../../../cgroups/index.ts";
import type { ContainerSample, HostCpu } from "../../metrics/index.ts";
import { ZERO_TIME } from "./times.ts";

/** One container at one moment. */
export interface StatsSample {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly host: HostCpu;
  readonly container: Pick<ContainerSample, "stats" | "networks" | "limits">;
  readonly kernel: KernelStats;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

const BLOCK_IO_LISTS = [
  "io_service_bytes_recursive",
  "io_serviced_recursive",
  "io_queue_recursive",
  "io_service_time_recursive",
  "io_wait_time_recursive",
  "io_merged_recursive",
  "io_time_recursive",
  "sectors_recursive",
] as const;

const NO_CPU = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

/** @param previous the sample before; undefined for the first, whose percentages clients cannot compute */
export function statsView(
  { id, name }: Named,
  sample: StatsSample,
  previous: StatsSample | undefined,
  host: CgroupHost,
) {
  const { container, kernel } = sample;
  const { stats, limits, networks } = container;
  const isV1 = host.mode !== "unified";
  return {
    read: timeText(sample.time),
    preread: previous === undefined ? ZERO_TIME : timeText(previous.time),
    pids_stats: { current: stats.pids, ...(typeof limits.pids === "number" ? { limit: limits.pids } : {}) },
    blkio_stats: blockIoView(kernel, isV1),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuView(sample),
    precpu_stats: previous === undefined ? NO_CPU : cpuView(previous),
    memory_stats: {
      usage: stats.memoryUsage,
      ...(stats.memoryPeak === undefined ? {} : { max_usage: stats.memoryPeak }),
      stats: kernel.memory,
      ...(kernel.memoryFailures > 0 ? { failcnt: kernel.memoryFailures } : {}),
      limit: memoryLimitOf(limits.memory, host.memoryTotal),
    },
    name: `/${name}`,
    id,
    // Absent where there is none, as on the network of the host.
    ...(Object.keys(networks).length > 0 ? { networks } : {}),
  };
}

/** Of a container that does not run. */
export function noStatsView({ id, name }: Named) {
  return {
    read: ZERO_TIME,
    preread: ZERO_TIME,
    pids_stats: {},
    blkio_stats: blockIoLists(null),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: NO_CPU,
    precpu_stats: NO_CPU,
    memory_stats: {},
    name: `/${name}`,
    id,
  };
}

function cpuView({ container: { stats }, kernel, host }: StatsSample) {
  const { cpuUsagePerCpu } = kernel;
  return {
    cpu_usage: {
      total_usage: stats.cpuUsage,
      ...(cpuUsagePerCpu.length > 0 ? { percpu_usage: cpuUsagePerCpu } : {}),
      usage_in_kernelmode: stats.cpuSystem,
      usage_in_usermode: stats.cpuUser,
    },
    system_cpu_usage: host.time,
    online_cpus: host.cpus,
    throttling_data: {
      periods: stats.cpuPeriods,
      throttled_periods: stats.cpuThrottledPeriods,
      throttled_time: stats.cpuThrottledTime,
    },
  };
}

/** v1 has lists without entries where v2 has none. */
function blockIoView({ ioBytes, ioOperations }: KernelStats, isV1: boolean) {
  const lists = blockIoLists(isV1 ? [] : null);
  if (isV1) return { ...lists, io_service_bytes_recursive: ioBytes, io_serviced_recursive: ioOperations };
  return { ...lists, io_service_bytes_recursive: ioBytes.length > 0 ? ioBytes : null };
}

const blockIoLists = (value: readonly BlockIoEntry[] | null) =>
  Object.fromEntries(BLOCK_IO_LISTS.map((name) => [name, value])) as Record<
    (typeof BLOCK_IO_LISTS)[number],
    readonly BlockIoEntry[] | null
  >;

/** RFC 3339 with nine digits. */
const timeText = (time: number): string => new Date(time).toISOString().replace("Z", "000000Z");
