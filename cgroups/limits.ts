/**
 * The table of limits: one row a limit. Parsing, validation, writing, reading back, showing and the documentation all
 * go through it, so a new limit is a new row.
 */
import { invalid } from "../lib/errors.ts";
import { formatBinarySize, parseSize } from "../lib/units/size.ts";
import {
  clampShares,
  DEFAULT_CPU_PERIOD,
  DEFAULT_CPU_SHARES,
  quotaOfCpus,
  swapOfTotal,
  totalOfSwap,
  weightOfShares,
} from "./convert.ts";
import type { LimitController } from "./host.ts";
import type { Limits, Maximum } from "./types.ts";

/** Looks a file of the group up by its name, `memory.max`; undefined when the kernel has none. */
export type FileText = (file: string) => string | undefined;

/** How one version of cgroups keeps a limit. */
export interface FileRule {
  readonly file: string;
  /** The text that puts these limits in force. `limits` holds the value of this rule and of those it depends on. */
  readonly write: (limits: Limits) => string;
  /** What the kernel enforces, in the unit of the limit. */
  readonly read: (text: FileText) => Maximum | string;
  /** Present and highest use, in the unit of the limit. */
  readonly usage?: (text: FileText) => number | undefined;
  readonly peak?: (text: FileText) => number | undefined;
}

export interface LimitRow {
  readonly field: keyof Limits;
  /** As on the command line of `ctr run`. */
  readonly flag: string;
  /** Docker's name in the Engine API. */
  readonly hostConfig: string;
  readonly unit: "bytes" | "cpus" | "microseconds" | "shares" | "list" | "tasks" | "score";
  /** One sentence for `--help` and the documentation. */
  readonly summary: string;
  /** Undefined for what is set on a process rather than on a group. */
  readonly controller: LimitController | undefined;
  readonly v1?: FileRule;
  readonly v2?: FileRule;
}

/** No limit, as v1 memory files show it: the largest number of whole pages in a signed 64-bit number. */
const V1_UNLIMITED = 2 ** 62;

const numberIn = (text: FileText, file: string): number | undefined => {
  const content = text(file);
  return content === undefined ? undefined : Number(content);
};

const maximumIn = (text: FileText, file: string): Maximum => {
  const content = text(file);
  return content === undefined || content === "max" ? "max" : Number(content);
};

const v1BytesIn = (text: FileText, file: string): Maximum => {
  const bytes = Number(text(file) ?? V1_UNLIMITED);
  return bytes >= V1_UNLIMITED ? "max" : bytes;
};

const sum = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a + b;

const v1Bytes = (value: Maximum | undefined): string => (value === undefined || value === "max" ? "-1" : String(value));

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

const pidsRule: FileRule = {
  file: "pids.max",
  write: ({ pids = "max" }) => String(pids),
  read: (text) => maximumIn(text, "pids.max"),
  usage: (text) => numberIn(text, "pids.current"),
  peak: (text) => numberIn(text, "pids.peak"),
};

export const LIMIT_ROWS: readonly LimitRow[] = [
  {
    field: "memory",
    flag: "--memory",
    hostConfig: "Memory",
    unit: "bytes",
    summary: "Memory that all processes together may use; above it the kernel reclaims, then kills.",
    controller: "memory",
    v1: {
      file: "memory.limit_in_bytes",
      write: ({ memory }) => v1Bytes(memory),
      read: (text) => v1BytesIn(text, "memory.limit_in_bytes"),
      usage: (text) => numberIn(text, "memory.usage_in_bytes"),
      peak: (text) => numberIn(text, "memory.max_usage_in_bytes"),
    },
    v2: {
      file: "memory.max",
      write: ({ memory = "max" }) => String(memory),
      read: (text) => maximumIn(text, "memory.max"),
      usage: (text) => numberIn(text, "memory.current"),
      peak: (text) => numberIn(text, "memory.peak"),
    },
  },
  {
    field: "memorySwap",
    flag: "--memory-swap",
    hostConfig: "MemorySwap",
    unit: "bytes",
    summary: "Memory and swap together; twice the memory when not given, equal to the memory for no swap.",
    controller: "memory",
    v1: {
      file: "memory.memsw.limit_in_bytes",
      write: ({ memorySwap }) => v1Bytes(memorySwap),
      read: (text) => v1BytesIn(text, "memory.memsw.limit_in_bytes"),
      usage: (text) => numberIn(text, "memory.memsw.usage_in_bytes"),
      peak: (text) => numberIn(text, "memory.memsw.max_usage_in_bytes"),
    },
    v2: {
      file: "memory.swap.max",
      write: ({ memory = "max", memorySwap = "max" }) => String(swapOfTotal(memorySwap, memory)),
      read: (text) => totalOfSwap(maximumIn(text, "memory.swap.max"), maximumIn(text, "memory.max")),
      usage: (text) => sum(numberIn(text, "memory.current"), numberIn(text, "memory.swap.current")),
    },
  },
  {
    field: "memoryReservation",
    flag: "--memory-reservation",
    hostConfig: "MemoryReservation",
    unit: "bytes",
    summary: "Memory that is left to the group when the host runs short; not a cap.",
    controller: "memory",
    v1: {
      file: "memory.soft_limit_in_bytes",
      write: ({ memoryReservation = 0 }) => String(memoryReservation),
      read: (text) => v1BytesIn(text, "memory.soft_limit_in_bytes"),
    },
    v2: {
      file: "memory.low",
      write: ({ memoryReservation = 0 }) => String(memoryReservation),
      read: (text) => maximumIn(text, "memory.low"),
    },
  },
  {
    field: "cpus",
    flag: "--cpus",
    hostConfig: "NanoCpus",
    unit: "cpus",
    summary: "CPU time, as a number of CPUs: 0.5 is half the time of one.",
    controller: "cpu",
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
    field: "cpusetCpus",
    flag: "--cpuset-cpus",
    hostConfig: "CpusetCpus",
    unit: "list",
    summary: "The CPUs that may be used, as a list such as 0-2,4.",
    controller: "cpuset",
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
    v1: cpusetRule("cpuset.mems", "cpusetMems"),
    v2: cpusetRule("cpuset.mems", "cpusetMems"),
  },
  {
    field: "pids",
    flag: "--pids-limit",
    hostConfig: "PidsLimit",
    unit: "tasks",
    summary: "Processes and threads together; 0 or -1 for no limit.",
    controller: "pids",
    v1: pidsRule,
    v2: pidsRule,
  },
  {
    field: "oomScoreAdj",
    flag: "--oom-score-adj",
    hostConfig: "OomScoreAdj",
    unit: "score",
    summary: "Who dies first when memory runs out: -1000 (never) to 1000 (first).",
    controller: undefined,
  },
];

/** What the kernel has in the files of a new group. A v1 cpuset inherits, which is told apart nowhere. */
export const INITIAL_TEXT: Readonly<Record<string, string>> = {
  "memory.limit_in_bytes": "-1",
  "memory.memsw.limit_in_bytes": "-1",
  "memory.soft_limit_in_bytes": "-1",
  "memory.max": "max",
  "memory.swap.max": "max",
  "memory.low": "0",
  "cpu.cfs_quota_us": "-1",
  "cpu.cfs_period_us": String(DEFAULT_CPU_PERIOD),
  "cpu.shares": String(DEFAULT_CPU_SHARES),
  "cpu.max": `max ${DEFAULT_CPU_PERIOD}`,
  "cpu.weight": "100",
  "cpuset.cpus": "",
  "cpuset.mems": "",
  "pids.max": "max",
};

const ROW_BY_FIELD: ReadonlyMap<keyof Limits, LimitRow> = new Map(LIMIT_ROWS.map((row) => [row.field, row]));

export function rowOf(field: keyof Limits): LimitRow {
  const row = ROW_BY_FIELD.get(field);
  if (row === undefined) throw new TypeError(`no such limit: ${field}`);
  return row;
}

const DECIMAL = /^-?(?:\d+\.?|\d*\.(\d+))$/;

/**
 * Reads the value of a flag as the user wrote it: `64m`, `0.5`, `-1` (no limit), `0-2`. Range and host are checked later,
 * by `checkLimits`.
 * @throws `invalid` when it cannot be read, with Docker's text
 */
export function parseLimit(field: keyof Limits, text: string): Maximum | string {
  const { unit } = rowOf(field);
  switch (unit) {
    case "bytes":
      return isUnlimited(text) ? "max" : parseSize(text);
    case "cpus":
      if (isUnlimited(text)) return "max";
      return decimalNumber(text);
    case "tasks":
      return isUnlimited(text) || text === "0" ? "max" : wholeNumber(text);
    case "list":
      return text;
    default:
      return wholeNumber(text);
  }
}

const isUnlimited = (text: string): boolean => text === "-1" || text === "max";

/** To the ninth digit, as Docker keeps it. */
function decimalNumber(text: string): number {
  const match = DECIMAL.exec(text);
  if (match === null) throw invalid(`failed to parse ${text} as a rational number`, "CTR_LIMIT_INVALID");
  if ((match[1]?.length ?? 0) > 9) throw invalid("value is too precise", "CTR_LIMIT_INVALID");
  return Number(text);
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw invalid(`strconv.ParseInt: parsing "${text}": invalid syntax`, "CTR_LIMIT_INVALID");
}

/** A value as people read it: `64MiB`, `0.5`, `unlimited`. */
export function formatLimit(field: keyof Limits, value: Maximum | string): string {
  if (value === "max") return "unlimited";
  if (typeof value === "string") return value;
  const { unit } = rowOf(field);
  if (unit === "bytes") return formatBinarySize(value);
  if (unit === "microseconds") return `${value}µs`;
  return String(unit === "cpus" ? Math.round(value * 1e5) / 1e5 : value);
}
