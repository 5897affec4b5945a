/**
 * The metrics of a container: names, units and where each comes from. Names are those of cAdvisor where it has one, so
 * that dashboards and alerts which know it work unchanged. docs/metrics.md is checked against this table.
 */
import { memoryInUse, type PressureResource } from "../../cgroups/index.ts";
import type { ContainerSample } from "./tick.ts";

/** One value, with labels beside those of the container. */
export type Reading = readonly [value: number, labels?: Readonly<Record<string, string>>];

export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  /** Names of the labels beside those of the container. */
  readonly labels?: readonly string[];
  /** None where this host does not count it, or the container has no such limit. */
  readonly read: (sample: ContainerSample) => readonly Reading[];
}

const NANOSECOND = 1e-9;
const MICROSECOND = 1e-6;

const some = (value: number | undefined): readonly Reading[] => (value === undefined ? [] : [[value]]);
const ifLimited = (value: unknown): readonly Reading[] => (typeof value === "number" ? [[value]] : []);

const NETWORK = ["interface"] as const;
type NetworkCounter = keyof ContainerSample["networks"][string];
const network =
  (counter: NetworkCounter) =>
  ({ networks }: ContainerSample): readonly Reading[] =>
    Object.entries(networks).map(([name, counters]) => [counters[counter], { interface: name }]);

const stalled =
  (resource: PressureResource, kind: "some" | "full") =>
  ({ pressure }: ContainerSample): readonly Reading[] =>
    pressure[resource] === undefined ? [] : [[pressure[resource][kind].total * MICROSECOND]];

export const FAMILIES: readonly Family[] = [
  {
    name: "container_cpu_usage_seconds_total",
    type: "counter",
    help: "CPU time used.",
    read: ({ stats }) => [[stats.cpuUsage * NANOSECOND]],
  },
  {
    name: "container_cpu_user_seconds_total",
    type: "counter",
    help: "CPU time used by programs themselves.",
    read: ({ stats }) => [[stats.cpuUser * NANOSECOND]],
  },
  {
    name: "container_cpu_system_seconds_total",
    type: "counter",
    help: "CPU time used by the kernel on behalf of programs.",
    read: ({ stats }) => [[stats.cpuSystem * NANOSECOND]],
  },
  {
    name: "container_cpu_cfs_periods_total",
    type: "counter",
    help: "Periods of the CPU quota in which there was something to run.",
    read: ({ stats }) => [[stats.cpuPeriods]],
  },
  {
    name: "container_cpu_cfs_throttled_periods_total",
    type: "counter",
    help: "Periods in which the CPU quota was used up.",
    read: ({ stats }) => [[stats.cpuThrottledPeriods]],
  },
  {
    name: "container_cpu_cfs_throttled_seconds_total",
    type: "counter",
    help: "Time that threads waited because the CPU quota was used up, of all CPUs together.",
    read: ({ stats }) => [[stats.cpuThrottledTime * NANOSECOND]],
  },
  {
    name: "container_spec_cpu_limit_cpus",
    type: "gauge",
    help: "CPU limit, as a number of CPUs.",
    read: ({ limits }) => ifLimited(limits.cpus),
  },
  {
    name: "container_memory_usage_bytes",
    type: "gauge",
    help: "Memory used, file cache included.",
    read: ({ stats }) => [[stats.memoryUsage]],
  },
  {
    name: "container_memory_working_set_bytes",
    type: "gauge",
    help: "Memory used without what the kernel can drop at once: what docker stats shows.",
    read: ({ stats }) => [[memoryInUse(stats.memoryUsage, { inactive_file: stats.memoryInactiveFile })]],
  },
  {
    name: "container_memory_max_usage_bytes",
    type: "gauge",
    help: "Most memory that was used.",
    read: ({ stats }) => some(stats.memoryPeak),
  },
  {
    name: "container_memory_swap",
    type: "gauge",
    help: "Bytes in swap.",
    read: ({ stats }) => some(stats.swapUsage),
  },
  {
    name: "container_spec_memory_limit_bytes",
    type: "gauge",
    help: "Memory limit.",
    read: ({ limits }) => ifLimited(limits.memory),
  },
  {
    name: "container_spec_memory_swap_limit_bytes",
    type: "gauge",
    help: "Limit of memory and swap together.",
    read: ({ limits }) => ifLimited(limits.memorySwap),
  },
  {
    name: "container_oom_events_total",
    type: "counter",
    help: "Processes killed because memory ran out.",
    read: ({ stats }) => [[stats.oomKills]],
  },
  {
    name: "ctr_container_memory_limit_hits_total",
    type: "counter",
    help: "Times that the memory limit was reached and memory had to be taken back; cgroup v2.",
    read: ({ signals }) => some(signals.memoryMax),
  },
  {
    name: "container_processes",
    type: "gauge",
    help: "Processes and threads.",
    read: ({ stats }) => [[stats.pids]],
  },
  {
    name: "ctr_container_processes_limit",
    type: "gauge",
    help: "Limit of processes and threads.",
    read: ({ limits }) => ifLimited(limits.pids),
  },
  {
    name: "ctr_container_forks_refused_total",
    type: "counter",
    help: "New processes and threads that the limit refused.",
    read: ({ signals }) => some(signals.pidsMax),
  },
  {
    name: "container_fs_reads_bytes_total",
    type: "counter",
    help: "Bytes read from block devices.",
    read: ({ stats }) => some(stats.io?.readBytes),
  },
  {
    name: "container_fs_writes_bytes_total",
    type: "counter",
    help: "Bytes written to block devices.",
    read: ({ stats }) => some(stats.io?.writeBytes),
  },
  {
    name: "container_fs_reads_total",
    type: "counter",
    help: "Operations that read from block devices.",
    read: ({ stats }) => some(stats.io?.reads),
  },
  {
    name: "container_fs_writes_total",
    type: "counter",
    help: "Operations that wrote to block devices.",
    read: ({ stats }) => some(stats.io?.writes),
  },
  {
    name: "container_pressure_cpu_waiting_seconds_total",
    type: "counter",
    help: "Time that some task waited for a CPU.",
    read: stalled("cpu", "some"),
  },
  {
    name: "container_pressure_cpu_stalled_seconds_total",
    type: "counter",
    help: "Time that all tasks waited for a CPU.",
    read: stalled("cpu", "full"),
  },
  {
    name: "container_pressure_memory_waiting_seconds_total",
    type: "counter",
    help: "Time that some task waited for memory.",
    read: stalled("memory", "some"),
  },
  {
    name: "container_pressure_memory_stalled_seconds_total",
    type: "counter",
    help: "Time that all tasks waited for memory.",
    read: stalled("memory", "full"),
  },
  {
    name: "container_pressure_io_waiting_seconds_total",
    type: "counter",
    help: "Time that some task waited for block I/O.",
    read: stalled("io", "some"),
  },
  {
    name: "container_pressure_io_stalled_seconds_total",
    type: "counter",
    help: "Time that all tasks waited for block I/O.",
    read: stalled("io", "full"),
  },
  {
    name: "container_network_receive_bytes_total",
    type: "counter",
    help: "Bytes received.",
    labels: NETWORK,
    read: network("rx_bytes"),
  },
  {
    name: "container_network_receive_packets_total",
    type: "counter",
    help: "Packets received.",
    labels: NETWORK,
    read: network("rx_packets"),
  },
  {
    name: "container_network_receive_packets_dropped_total",
    type: "counter",
    help: "Packets dropped while receiving.",
    labels: NETWORK,
    read: network("rx_dropped"),
  },
  {
    name: "container_network_receive_errors_total",
    type: "counter",
    help: "Errors while receiving.",
    labels: NETWORK,
    read: network("rx_errors"),
  },
  {
    name: "container_network_transmit_bytes_total",
    type: "counter",
    help: "Bytes sent.",
    labels: NETWORK,
    read: network("tx_bytes"),
  },
  {
    name: "container_network_transmit_packets_total",
    type: "counter",
    help: "Packets sent.",
    labels: NETWORK,
    read: network("tx_packets"),
  },
  {
    name: "container_network_transmit_packets_dropped_total",
    type: "counter",
    help: "Packets dropped while sending.",
    labels: NETWORK,
    read: network("tx_dropped"),
  },
  {
    name: "container_network_transmit_errors_total",
    type: "counter",
    help: "Errors while sending.",
    labels: NETWORK,
    read: network("tx_errors"),
  },
];
