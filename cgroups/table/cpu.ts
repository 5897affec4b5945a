/** Limits of CPU time, and the CPUs and memory nodes that may be used. */
import { clampShares, DEFAULT_CPU_PERIOD, DEFAULT_CPU_SHARES, quotaOfCpus, weightOfShares } from "../convert.ts";
import type { Limits, Maximum } from "../types.ts";
import type { FileRule, FileText, LimitRow } from "./rule.ts";

const periodOf = (limits: Limits): number => limits.cpuPeriod ?? DEFAULT_CPU_PERIOD;

const quotaOf = (limits: Limits, none: string): string =>
  limits.cpus === undefined || limits.cpus === "max" ? none : String(quotaOfCpus(limits.cpus, periodOf(limits)));

/** v2 keeps quota and period in one file. */
const cpuMax = (limits: Limits): string => `${quotaOf(limits, "max")} ${periodOf(limits)}`;

const cpuMaxIn = (text: FileText): { readonly quota: Maximum; readonly period: number } => {
  const [quota = "max", period = DEFAULT_CPU_PERIOD] = (text("cpu.max") ?? "").split(" ");
  return { quota: quota === "max" || quota === "" ? "max" : Number(quota), period: Number(period) };
};

const cpusetRule = (file: "cpuset.cpus" | "cpuset.mems", field: "cpusetCpus" | "cpusetMems"): FileRule => ({
  file,
  write: (limits) => limits[field] ?? "",
  read: (text) => text(file) ?? "",
});

/** The kernel's own for every group. */
const DEFAULT_REALTIME_PERIOD = 1_000_000;

const NO_CFS = "Your kernel does not support CPU CFS scheduler";
const NO_CPUSET = "Your kernel does not support cpuset or the cgroup is not mounted";
const NO_REALTIME = "Your kernel does not support CPU real-time scheduler";
const REALTIME_WAY_OUT =
  "it needs cgroup v1 and a kernel with CONFIG_RT_GROUP_SCHED; --cap-add SYS_NICE with --ulimit rtprio works without";

export const CPU_ROWS: readonly LimitRow[] = [
  {
    field: "cpus",
    flag: "--cpus",
    hostConfig: "NanoCpus",
    unit: "cpus",
    summary: "CPU time, as a number of CPUs: 0.5 is half the time of one.",
    controller: "cpu",
    unset: "max",
    unsupported:
      "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted",
    discarded: "Limitation discarded.",
    v1: {
      file: "cpu.cfs_quota_us",
      write: (limits) => quotaOf(limits, "-1"),
      read: (text) => {
        const quota = Number(text("cpu.cfs_quota_us") ?? -1);
        return quota < 0 ? "max" : quota / Number(text("cpu.cfs_period_us") ?? DEFAULT_CPU_PERIOD);
      },
    },
    v2: {
      file: "cpu.max",
      write: cpuMax,
      read: (text) => {
        const { quota, period } = cpuMaxIn(text);
        return quota === "max" ? "max" : quota / period;
      },
    },
  },
  {
    field: "cpuPeriod",
    flag: "--cpu-period",
    hostConfig: "CpuPeriod",
    unit: "microseconds",
    summary: "The time in which the CPU quota is counted: 1000 to 1000000 µs, 100000 when not given.",
    controller: "cpu",
    unset: DEFAULT_CPU_PERIOD,
    unsupported: NO_CFS,
    discarded: "CPU period/quota discarded.",
    v1: {
      file: "cpu.cfs_period_us",
      write: (limits) => String(periodOf(limits)),
      read: (text) => Number(text("cpu.cfs_period_us") ?? DEFAULT_CPU_PERIOD),
    },
    v2: { file: "cpu.max", write: cpuMax, read: (text) => cpuMaxIn(text).period },
  },
  {
    field: "cpuShares",
    flag: "--cpu-shares",
    hostConfig: "CpuShares",
    unit: "shares",
    summary: "Share of CPU time against other groups while CPUs are contended; 1024 when not given.",
    controller: "cpu",
    unset: DEFAULT_CPU_SHARES,
    unsupported: "Your kernel does not support CPU shares or the cgroup is not mounted",
    discarded: "Shares discarded.",
    v1: {
      file: "cpu.shares",
      write: ({ cpuShares = 0 }) => String(clampShares(cpuShares)),
      read: (text) => Number(text("cpu.shares") ?? 0),
    },
    // The weight itself is what is enforced: it cannot be turned back into the shares that were asked.
    v2: {
      file: "cpu.weight",
      write: ({ cpuShares = 0 }) => String(weightOfShares(cpuShares)),
      read: (text) => `weight ${text("cpu.weight") ?? "unknown"}`,
    },
  },
  {
    field: "cpuRealtimePeriod",
    flag: "--cpu-rt-period",
    hostConfig: "CpuRealtimePeriod",
    unit: "microseconds",
    summary: "The time in which realtime scheduling is counted, 1000000 µs when not given; cgroup v1.",
    controller: "cpu",
    unset: DEFAULT_REALTIME_PERIOD,
    unsupported: NO_REALTIME,
    discarded: "Limitation discarded.",
    wayOut: REALTIME_WAY_OUT,
    v1: {
      file: "cpu.rt_period_us",
      write: ({ cpuRealtimePeriod = DEFAULT_REALTIME_PERIOD }) => String(cpuRealtimePeriod),
      read: (text) => Number(text("cpu.rt_period_us") ?? DEFAULT_REALTIME_PERIOD),
    },
  },
  {
    field: "cpuRealtimeRuntime",
    flag: "--cpu-rt-runtime",
    hostConfig: "CpuRealtimeRuntime",
    unit: "microseconds",
    summary: "Time that realtime processes may run in each realtime period; none when not given; cgroup v1.",
    controller: "cpu",
    unset: 0,
    unsupported: NO_REALTIME,
    discarded: "Limitation discarded.",
    wayOut: REALTIME_WAY_OUT,
    v1: {
      file: "cpu.rt_runtime_us",
      write: ({ cpuRealtimeRuntime = 0 }) => String(cpuRealtimeRuntime),
      read: (text) => Number(text("cpu.rt_runtime_us") ?? 0),
    },
  },
  {
    field: "cpusetCpus",
    flag: "--cpuset-cpus",
    hostConfig: "CpusetCpus",
    unit: "list",
    summary: "The CPUs that may be used, as a list such as 0-2,4.",
    controller: "cpuset",
    unset: "",
    unsupported: NO_CPUSET,
    discarded: "Cpuset discarded.",
    v1: cpusetRule("cpuset.cpus", "cpusetCpus"),
    v2: cpusetRule("cpuset.cpus", "cpusetCpus"),
  },
  {
    field: "cpusetMems",
    flag: "--cpuset-mems",
    hostConfig: "CpusetMems",
    unit: "list",
    summary: "The memory nodes that may be used, as a list such as 0,1.",
    controller: "cpuset",
    unset: "",
    unsupported: NO_CPUSET,
    discarded: "Cpuset discarded.",
    v1: cpusetRule("cpuset.mems", "cpusetMems"),
    v2: cpusetRule("cpuset.mems", "cpusetMems"),
  },
];
