/** Rows of `ctr limit ls`: limit against use. */
import type { LimitField, LimitReading } from "../../../cgroups/index.ts";
import { shortId } from "../../../lib/ids.ts";
import { formatBinarySize } from "../../../lib/units/size.ts";
import type { ContainerLimits } from "../client/types.ts";
import { bar } from "../graph/blocks.ts";
import type { Figures } from "./figures.ts";
import type { RowFields } from "./row.ts";
import type { Columns } from "./rows.ts";
import { share } from "./stats.ts";

export const USE_HEADINGS: Columns = {
  ID: "CONTAINER ID",
  Name: "NAME",
  Memory: "MEMORY / LIMIT",
  MemoryBar: "",
  CPUs: "CPUS / LIMIT",
  CPUBar: "",
  Throttled: "THROTTLED",
  Pids: "PIDS / LIMIT",
  Pressure: "WAITS CPU/MEM/IO",
  OOMKills: "OOM KILLS",
};
export const USE_COLUMNS = [
  "Name",
  "Memory",
  "MemoryBar",
  "CPUs",
  "CPUBar",
  "Throttled",
  "Pids",
  "Pressure",
  "OOMKills",
];

const UNLIMITED = "unlimited";

/** @param limits as the kernel enforces them, groups above included */
export function useRow({ Id, Name, Limits }: ContainerLimits, figures: Figures | undefined, full: boolean): RowFields {
  const [memory, cpus, pids] = (["memory", "cpus", "pids"] as const).map((field) => least(Limits, field));
  const used = (figures?.cpu ?? 0) / 100;
  const { cpuPeriods = 0, cpuThrottledPeriods = 0 } = figures?.usage.Stats ?? {};
  const pressure = figures?.pressure;
  return {
    ID: full ? Id : shortId(Id),
    Name,
    Memory: `${formatBinarySize(figures?.memory ?? 0)} / ${memory === undefined ? UNLIMITED : formatBinarySize(memory)}`,
    MemoryBar: barOf(figures?.memory ?? 0, memory),
    CPUs: `${used.toFixed(2)} / ${cpus === undefined ? UNLIMITED : Number(cpus.toFixed(3))}`,
    CPUBar: barOf(used, cpus),
    // Since it was started: a limit that acts now and then is seen, too.
    Throttled: cpuPeriods === 0 ? "-" : share(cpuThrottledPeriods / cpuPeriods),
    Pids: `${figures?.pids ?? 0} / ${pids ?? UNLIMITED}`,
    Pressure: [pressure?.cpu, pressure?.memory, pressure?.io].map(share).join("/"),
    OOMKills: String(figures?.oomKills ?? 0),
  };
}

const barOf = (used: number, limit: number | undefined): string =>
  limit === undefined ? "" : `${bar(used / limit)} ${Math.round((used / limit) * 100)}%`;

/** Its own limit, or that of a group above where that is less; undefined for none. */
function least(readings: readonly LimitReading[], field: LimitField): number | undefined {
  const reading = readings.find(({ limit }) => limit === field);
  const value = reading?.boundBy?.value ?? reading?.enforced;
  return typeof value === "number" ? value : undefined;
}
