/** Rows of `ctr limit show` and `ctr limit ls`. */
import { basename, dirname } from "node:path";
import type { LimitReading } from "../../../cgroups/index.ts";
import { shortId } from "../../../lib/ids.ts";
import { formatBinarySize } from "../../../lib/units/size.ts";
import type { ContainerLimits } from "../client/types.ts";
import type { RowFields } from "./row.ts";
import type { Columns } from "./rows.ts";

export const LIMIT_HEADINGS: Columns = {
  Limit: "LIMIT",
  Asked: "ASKED",
  Enforced: "ENFORCED",
  Usage: "USE",
  Peak: "PEAK",
  File: "FILE",
};
export const LIMIT_COLUMNS = Object.keys(LIMIT_HEADINGS);

/** The flag of `ctr run` that sets a limit. */
const FLAGS: Readonly<Record<LimitReading["limit"], string>> = {
  memory: "memory",
  memorySwap: "memory-swap",
  memoryReservation: "memory-reservation",
  cpus: "cpus",
  cpuPeriod: "cpu-period",
  cpuShares: "cpu-shares",
  cpusetCpus: "cpuset-cpus",
  cpusetMems: "cpuset-mems",
  pids: "pids-limit",
  oomScoreAdj: "oom-score-adj",
  swap: "swap",
  memoryHigh: "memory-high",
  memorySwappiness: "memory-swappiness",
  oomKillDisable: "oom-kill-disable",
  oomGroup: "oom-group",
  cpuRealtimePeriod: "cpu-rt-period",
  cpuRealtimeRuntime: "cpu-rt-runtime",
  blkioWeight: "blkio-weight",
  blkioWeightDevice: "blkio-weight-device",
  deviceReadBps: "device-read-bps",
  deviceWriteBps: "device-write-bps",
  deviceReadIops: "device-read-iops",
  deviceWriteIops: "device-write-iops",
  conf: "cgroup-conf",
};

export const limitRow = ({ limit, asked, enforced, usage, peak, file, value }: LimitReading): RowFields => ({
  Limit: FLAGS[limit],
  Asked: asked === undefined ? "-" : inUnit(limit, asked),
  Enforced: inUnit(limit, enforced),
  Usage: usage === undefined ? "-" : inUnit(limit, usage),
  Peak: peak === undefined ? "-" : inUnit(limit, peak),
  File: `${isCgroupFile(file) ? basename(file) : file} = ${shownValue(value)}`,
});

/** Of a file with several lines the first stands for all: JSON has the whole. */
function shownValue(value: string): string {
  const [first = "", ...others] = value.split("\n");
  if (others.length > 0) return `${first} …`;
  return first === "" ? '""' : first;
}

const isCgroupFile = (file: string): boolean => file.startsWith("/sys/fs/cgroup/");

/**
 * The directories of the cgroup files, for the line below the table. Version 1 has one a controller: where only one part
 * of their paths differs they become one word with braces, as shells take it.
 */
export function cgroupDirectories(readings: readonly LimitReading[]): string[] {
  const files = readings.map(({ file }) => file).filter(isCgroupFile);
  const directories = [...new Set(files.map(dirname))];
  const [first = [], ...others] = directories.map((directory) => directory.split("/"));
  const differing = [...first.keys()].filter((index) => others.some((parts) => parts[index] !== first[index]));
  const [index, another] = differing;
  const isOneWord =
    index !== undefined &&
    another === undefined &&
    others.every((parts) => parts.length === first.length) &&
    !directories.some((directory) => directory.includes(","));
  if (!isOneWord) return directories;
  const names = [first, ...others].map((parts) => parts[index]);
  return [first.with(index, `{${names.join(",")}}`).join("/")];
}

export const SUMMARY_HEADINGS: Columns = {
  ID: "CONTAINER ID",
  Name: "NAME",
  Memory: "MEMORY USE / LIMIT",
  CPUs: "CPUS",
  Throttled: "THROTTLED",
  Pids: "PIDS / LIMIT",
  OOMKills: "OOM KILLS",
};
export const SUMMARY_COLUMNS = Object.keys(SUMMARY_HEADINGS);

export function summaryRow({ Id, Name, Limits, Stats }: ContainerLimits, full: boolean): RowFields {
  const enforced = (limit: LimitReading["limit"]): string => {
    const reading = Limits.find((one) => one.limit === limit);
    return reading === undefined ? "-" : inUnit(limit, reading.enforced);
  };
  const { cpuPeriods, cpuThrottledPeriods } = Stats;
  return {
    ID: full ? Id : shortId(Id),
    Name,
    // What the kernel can drop at once is not in use: Docker leaves it out, too.
    Memory: `${formatBinarySize(Stats.memoryUsage - Stats.memoryInactiveFile)} / ${enforced("memory")}`,
    CPUs: enforced("cpus"),
    Throttled: cpuPeriods === 0 ? "-" : `${Math.round((cpuThrottledPeriods / cpuPeriods) * 100)}%`,
    Pids: `${Stats.pids} / ${enforced("pids")}`,
    OOMKills: String(Stats.oomKills),
  };
}

function inUnit(limit: LimitReading["limit"], value: LimitReading["enforced"]): string {
  if (typeof value === "object") return Object.keys(value).length === 0 ? "-" : JSON.stringify(value);
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value !== "number") return value === "" ? "-" : value;
  if (limit.startsWith("memory")) return formatBinarySize(value);
  return limit === "cpuPeriod" ? `${value}us` : String(Number(value.toFixed(3)));
}
