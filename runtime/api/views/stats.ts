/** `GET /containers/{id}/stats`. */
import type { GroupStats } from "../../../cgroups/index.ts";
import type { InterfaceCounters } from "../network-counters.ts";

/** Counters of one container and the host at one moment. */
export interface StatsSample {
  /** RFC 3339. */
  readonly read: string;
  readonly group: GroupStats;
  /** Nanoseconds that all CPUs of the host have spent since boot, idle too: the base of CPU percentages. */
  readonly hostCpu: number;
  readonly onlineCpus: number;
  readonly networks: Readonly<Record<string, InterfaceCounters>>;
  /** Bytes: the container's limit, or the host's memory without one. */
  readonly memoryLimit: number;
}

/** @param previous the sample before; undefined for the first, whose percentages clients cannot compute */
export function statsView(
  { id, name }: { readonly id: string; readonly name: string },
  sample: StatsSample,
  previous: StatsSample | undefined,
) {
  const { group } = sample;
  return {
    name: `/${name}`,
    id,
    read: sample.read,
    preread: previous?.read ?? "0001-01-01T00:00:00Z",
    num_procs: 0,
    pids_stats: { current: group.pids },
    cpu_stats: cpuView(sample),
    precpu_stats: previous === undefined ? EMPTY_CPU : cpuView(previous),
    memory_stats: {
      usage: group.memoryUsage,
      ...(group.memoryPeak === undefined ? {} : { max_usage: group.memoryPeak }),
      limit: sample.memoryLimit,
      // Both names: clients subtract the one that their host's cgroup version has.
      stats: { inactive_file: group.memoryInactiveFile, total_inactive_file: group.memoryInactiveFile },
    },
    blkio_stats: { io_service_bytes_recursive: [] },
    storage_stats: {},
    networks: sample.networks,
  };
}

const EMPTY_CPU = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

function cpuView({ group, hostCpu, onlineCpus }: StatsSample) {
  return {
    cpu_usage: {
      total_usage: group.cpuUsage,
      usage_in_kernelmode: group.cpuSystem,
      usage_in_usermode: group.cpuUser,
    },
    system_cpu_usage: hostCpu,
    online_cpus: onlineCpus,
    throttling_data: {
      periods: group.cpuPeriods,
      throttled_periods: group.cpuThrottledPeriods,
      throttled_time: group.cpuThrottledTime,
    },
  };
}
