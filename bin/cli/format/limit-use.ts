/** Rows of `ctr limit ls`: limit against use. */
import type { LimitField, LimitReading } from "../../../cgroups/index.ts";
import { shortId } from "../../../lib/ids.ts";
import { formatBinarySize } from "../../../lib/units/size.ts";
import type { ContainerLimits } from "../client/types.ts";
import { bar } from "../graph/blocks.ts";
import type { Figures } from "./figures.ts";
import type { RowFields } from "./row.ts";
import { type Columns, renderRows } from "./rows.ts";
import { share } from "./stats.ts";
import { alignColumns } from "./table.ts";

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

const NARROW_HEADINGS: Columns = {
  Name: "NAME",
  Memory: "MEMORY/LIMIT",
  CPUs: "CPUS/LIMIT",
  Throttled: "THROTTLED",
  Pids: "PIDS/LIMIT",
  Pressure: "WAITS C/M/IO",
  OOMKills: "OOM",
};

/** What is left out of a table without bars when that does not fit, one after the other. */
const DISPENSABLE = ["Pressure", "Throttled", "Pids"];

const UNLIMITED = "unlimited";

/**
 * The table as it fits in a terminal: without bars where they have no room, then closer, then with fewer columns; names stay
 * whole, as they are for other commands.
 * @param width characters
 */
export function useTable(rows: readonly RowFields[], width: number): string {
  const withoutBars = USE_COLUMNS.filter((column) => !column.endsWith("Bar"));
  const tables = [
    () => tableOf(rows, USE_COLUMNS),
    () => tableOf(rows, withoutBars),
    ...Array.from({ length: DISPENSABLE.length + 1 }, (_, count) => {
      const leftOut = DISPENSABLE.slice(0, count);
      return () =>
        narrowTableOf(
          rows,
          withoutBars.filter((column) => !leftOut.includes(column)),
        );
    }),
  ];
  let text = "";
  for (const table of tables) {
    text = table();
    if (text.split("\n").every((line) => [...line].length <= width)) break;
  }
  return text;
}

const tableOf = (rows: readonly RowFields[], columns: readonly string[]): string =>
  renderRows(rows, { format: undefined, columns, headings: USE_HEADINGS });

function narrowTableOf(rows: readonly RowFields[], columns: readonly string[]): string {
  const narrow = (cell: string): string => cell.replace(" / ", "/").replace(UNLIMITED, "max");
  return alignColumns(
    [
      columns.map((column) => NARROW_HEADINGS[column] ?? ""),
      ...rows.map((row) =>
        columns.map((column) => (column === "Name" ? String(row[column]) : narrow(String(row[column])))),
      ),
    ],
    { minimum: 0, gap: 2 },
  );
}

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
