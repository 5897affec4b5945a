/** Rows of `ctr limit show`: what was asked, what is in force, whose it is, what is used of it. */
import { basename, dirname } from "node:path";
import {
  formatLimit,
  LIMIT_ROWS,
  type LimitField,
  type LimitReading,
  type Limits,
  rowOf,
} from "../../../cgroups/index.ts";
import { formatBinarySize } from "../../../lib/units/size.ts";
import type { ContainerLimits } from "../client/types.ts";
import { formatRate } from "../network/rate.ts";
import type { RowFields } from "./row.ts";
import type { Columns } from "./rows.ts";

/** Of a container that does not run only what it asks for is known. */
export type ShownReading = Pick<LimitReading, "limit"> & Partial<LimitReading>;

export const LIMIT_HEADINGS: Columns = {
  Limit: "LIMIT",
  Asked: "ASKED",
  Enforced: "ENFORCED",
  From: "FROM",
  Usage: "USE",
  Peak: "PEAK",
  File: "FILE",
};
export const LIMIT_COLUMNS = Object.keys(LIMIT_HEADINGS);

const NOTHING = "-";

/** `memory-swap`: the flag without its dashes. */
const nameOf = (limit: LimitField): string => rowOf(limit).flag.slice(2);

export const limitRow = ({
  limit,
  asked,
  enforced,
  origin,
  boundBy,
  usage,
  peak,
  file,
  value,
}: ShownReading): RowFields => ({
  Limit: nameOf(limit),
  Asked: asked === undefined ? NOTHING : formatLimit(limit, asked),
  Enforced: enforced === undefined ? NOTHING : textOf(limit, enforced),
  // A group above that has less decides, whoever set the container's own.
  From: boundBy === undefined ? (origin ?? NOTHING) : "group",
  Usage: usage === undefined ? NOTHING : formatLimit(limit, usage),
  Peak: peak === undefined ? NOTHING : formatLimit(limit, peak),
  File: file === undefined ? NOTHING : `${isCgroupFile(file) ? basename(file) : file} = ${shownValue(value ?? "")}`,
});

/** An empty list of CPUs means those of the group above. */
const textOf = (limit: LimitField, value: LimitReading["enforced"]): string => formatLimit(limit, value) || NOTHING;

/** What a container asks for, in the order of the table. The score 0 is what clients send for «not given». */
export const askedReadings = (asked: Limits): ShownReading[] =>
  LIMIT_ROWS.flatMap(({ field }) => {
    const value = asked[field];
    if (value === undefined || (field === "oomScoreAdj" && value === 0)) return [];
    return [{ limit: field, asked: value, origin: "flag" as const }];
  });

/** Rows of limits that no cgroup keeps. */
export function otherRow({ limit, asked, enforced, usage, file }: ContainerLimits["Others"][number]): RowFields {
  const shown = (value: number | string | undefined): string => {
    if (value === undefined) return NOTHING;
    if (typeof value === "string") return value.replaceAll("-1", "unlimited");
    return limit.startsWith("net-rate") ? formatRate(value) : formatBinarySize(value);
  };
  return {
    ...{ Limit: limit, Asked: shown(asked), Enforced: shown(enforced), From: asked === undefined ? "default" : "flag" },
    ...{ Usage: shown(usage), Peak: NOTHING, File: file ?? NOTHING },
  };
}

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
export function cgroupDirectories(readings: readonly ShownReading[]): string[] {
  const files = readings.flatMap(({ file }) => (file !== undefined && isCgroupFile(file) ? [file] : []));
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

/** Sentences about what the table alone does not tell: groups that decide, and limits that somebody else changed. */
export function limitNotes(name: string, readings: readonly ShownReading[]): string[] {
  const bounds = readings.flatMap(({ limit, boundBy }) =>
    boundBy === undefined
      ? []
      : [
          `${nameOf(limit)}: the group ${boundBy.group} has less, ${formatLimit(limit, boundBy.value)} (${boundBy.file})`,
        ],
  );
  const drifted = readings.filter(hasDrifted).map(({ limit }) => nameOf(limit));
  if (drifted.length === 0) return bounds;
  return [...bounds, `not as asked: ${drifted.join(", ")}; somebody wrote the file: ctr limit set ${name} --repair`];
}

const PAGE = 4096;
/** Limits that are read back as they were written; weights are converted, and lists name devices in another way. */
const COMPARED: ReadonlySet<LimitField> = new Set(["memory", "memorySwap", "swap", "memoryHigh", "cpus", "pids"]);

function hasDrifted({ limit, asked, enforced }: ShownReading): boolean {
  if (!COMPARED.has(limit) || asked === undefined || enforced === undefined || asked === enforced) return false;
  if (typeof asked !== "number" || typeof enforced !== "number") return true;
  // The kernel counts pages, and microseconds.
  return Math.abs(asked - enforced) >= (rowOf(limit).unit === "bytes" ? PAGE : limit === "cpus" ? 1e-4 : 1);
}
