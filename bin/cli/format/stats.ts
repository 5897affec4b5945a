/** Rows of `ctr stats`: Docker's columns, and further fields for those who ask for them. */
import { shortId } from "../../../lib/ids.ts";
import { formatBinarySize, formatSize } from "../../../lib/units/size.ts";
import type { Figures } from "./figures.ts";
import type { RowFields } from "./row.ts";
import type { Columns } from "./rows.ts";

export const STATS_HEADINGS: Columns = {
  Container: "CONTAINER",
  ID: "CONTAINER ID",
  Name: "NAME",
  CPUPerc: "CPU %",
  MemUsage: "MEM USAGE / LIMIT",
  MemPerc: "MEM %",
  NetIO: "NET I/O",
  BlockIO: "BLOCK I/O",
  PIDs: "PIDS",
  CPULimit: "CPUS",
  Throttled: "THROTTLED",
  Swap: "SWAP",
  CPUPressure: "CPU WAIT",
  MemPressure: "MEM WAIT",
  IOPressure: "I/O WAIT",
  OOMKills: "OOM KILLS",
};

/** What `docker stats` shows. */
export const STATS_COLUMNS = ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"] as const;
/** What tells of limits beside that. */
export const WIDE_COLUMNS = [
  ...["ID", "Name", "CPUPerc", "CPULimit", "Throttled", "MemUsage", "MemPerc", "Swap", "NetIO", "BlockIO", "PIDs"],
  ...["CPUPressure", "MemPressure", "IOPressure", "OOMKills"],
] as const;

const UNKNOWN = "--";

/** @param asked how the user called the container */
export function statsRow(figures: Figures, asked: string | undefined, full: boolean): RowFields {
  const { usage, cpu, memory, memoryLimit, memoryPercent, pressure, swap } = figures;
  const id = full ? usage.Id : shortId(usage.Id);
  return {
    Container: asked ?? id,
    ID: id,
    Name: usage.Name,
    CPUPerc: cpu === undefined ? UNKNOWN : `${cpu.toFixed(2)}%`,
    MemUsage: `${formatBinarySize(memory)} / ${formatBinarySize(memoryLimit)}`,
    MemPerc: `${memoryPercent.toFixed(2)}%`,
    NetIO: `${formatSize(figures.received)} / ${formatSize(figures.sent)}`,
    BlockIO: `${formatSize(figures.read)} / ${formatSize(figures.written)}`,
    PIDs: String(figures.pids),
    CPULimit: figures.cpuLimit === undefined ? "-" : String(Number(figures.cpuLimit.toFixed(3))),
    Throttled: share(figures.throttled),
    Swap: swap === undefined ? "-" : formatBinarySize(swap),
    CPUPressure: share(pressure.cpu),
    MemPressure: share(pressure.memory),
    IOPressure: share(pressure.io),
    OOMKills: String(figures.oomKills),
  };
}

/** A part of the whole as per cent; `-` for what is not measured, or is not limited. */
export const share = (value: number | undefined): string => (value === undefined ? "-" : `${Math.round(value * 100)}%`);
