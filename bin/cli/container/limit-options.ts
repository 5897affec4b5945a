/**
 * The limits of a container as options of `run`, `create`, `update`, `exec` and `limit set`. What each one takes and means
 * comes from the table of limits (cgroups/table).
 */
import { type DeviceLimit, type LimitField, type LimitValue, parseLimit, rowOf } from "../../../cgroups/index.ts";
import { integer, type Option } from "../../flags/options.ts";

export type LimitOption = Option<LimitValue | undefined>;

/** Docker's words for what a flag takes; a switch takes none. */
const VALUE_WORDS = {
  bytes: "bytes",
  cpus: "decimal",
  microseconds: "int",
  shares: "int",
  list: "string",
  tasks: "int",
  score: "int",
  percent: "int",
  switch: undefined,
  weight: "uint16",
  "device rates": "list",
  "device operations": "list",
  "device weights": "list",
  files: "file=value",
} as const;

/** The flag of each limit. */
const LIMIT_FLAGS = {
  memory: "memory",
  "memory-swap": "memorySwap",
  swap: "swap",
  "memory-high": "memoryHigh",
  "memory-reservation": "memoryReservation",
  "memory-swappiness": "memorySwappiness",
  "oom-kill-disable": "oomKillDisable",
  "oom-group": "oomGroup",
  "oom-score-adj": "oomScoreAdj",
  cpus: "cpus",
  "cpu-period": "cpuPeriod",
  "cpu-shares": "cpuShares",
  "cpu-rt-period": "cpuRealtimePeriod",
  "cpu-rt-runtime": "cpuRealtimeRuntime",
  "cpuset-cpus": "cpusetCpus",
  "cpuset-mems": "cpusetMems",
  "pids-limit": "pids",
  "blkio-weight": "blkioWeight",
  "blkio-weight-device": "blkioWeightDevice",
  "device-read-bps": "deviceReadBps",
  "device-write-bps": "deviceWriteBps",
  "device-read-iops": "deviceReadIops",
  "device-write-iops": "deviceWriteIops",
  "cgroup-conf": "conf",
} as const satisfies Readonly<Record<string, LimitField>>;

export type LimitFlag = keyof typeof LIMIT_FLAGS;

export const LIMIT_FIELDS = Object.entries(LIMIT_FLAGS) as readonly (readonly [LimitFlag, LimitField])[];

const SHORT: Partial<Record<LimitFlag, string>> = { memory: "m", "cpu-shares": "c" };

const TABLE_OPTIONS = Object.fromEntries(
  LIMIT_FIELDS.map(([flag, field]) => [flag, limitOption(field, SHORT[flag])]),
) as Readonly<Record<LimitFlag, LimitOption>>;

/** What a group of processes may be given: containers, execs and groups of containers. */
export const GROUP_LIMIT_OPTIONS = {
  ...TABLE_OPTIONS,
  /** Another way to write `--cpus`. */
  "cpu-quota": integer({ help: "CPU time in each period in microseconds, instead of --cpus; -1 for no limit" }),
};

function limitOption(field: LimitField, short: string | undefined): LimitOption {
  const { unit, summary } = rowOf(field);
  const value = VALUE_WORDS[unit];
  return {
    ...(short === undefined ? {} : { short }),
    ...(value === undefined ? {} : { value }),
    help: summary.replace(/\.$/, ""),
    initial: undefined,
    accept: (text, before) => joined(before, parseLimit(field, text)),
  };
}

/** Lists of devices and files grow with each flag; otherwise the last one counts. */
function joined(before: LimitValue | undefined, value: LimitValue): LimitValue {
  if (typeof before !== "object" || typeof value !== "object") return value;
  if (!Array.isArray(value)) return { ...before, ...value };
  return [...(before as readonly DeviceLimit[]), ...(value as readonly DeviceLimit[])];
}
