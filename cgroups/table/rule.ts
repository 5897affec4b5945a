/** What a row of the table is made of. */
import type { LimitController } from "../host.ts";
import type { LimitField, Limits, LimitValue, Maximum } from "../types.ts";

/** Looks a file of the group up by its name, `memory.max`; undefined when the kernel has none. */
export type FileText = (file: string) => string | undefined;

/** How one version of cgroups keeps a limit. */
export interface FileRule {
  readonly file: string;
  /** The text that puts these limits in force. `limits` holds the value of this rule and of those it depends on. */
  readonly write: (limits: Limits) => string;
  /** What the kernel enforces, in the unit of the limit. */
  readonly read: (text: FileText) => LimitValue;
  /** The part of the file's content that a write replaces; default all of it. */
  readonly valueIn?: (content: string) => string;
  /** For a file with a line a device, which is written line by line. */
  readonly devices?: DeviceLines;
  /** Present and highest use, in the unit of the limit. */
  readonly usage?: (text: FileText) => number | undefined;
  readonly peak?: (text: FileText) => number | undefined;
  /** Used where this host's groups have no `file`. */
  readonly instead?: FileRule;
}

/** The lines of a file that limits block devices one by one. A device is named `major:minor` here. */
export interface DeviceLines {
  /** The text that limits the device. */
  readonly line: (device: string, value: Maximum) => string;
  /** Present limit of each device that has one. */
  readonly values: (content: string) => ReadonlyMap<string, Maximum>;
}

export type LimitUnit =
  | "bytes"
  | "cpus"
  | "microseconds"
  | "shares"
  | "list"
  | "tasks"
  | "score"
  | "percent"
  | "switch"
  | "weight"
  | "device rates"
  | "device operations"
  | "device weights"
  | "files";

export interface LimitRow {
  readonly field: LimitField;
  /** As on the command line of `ctr run`. */
  readonly flag: string;
  /** Docker's name in the Engine API, or ours where Docker has none. */
  readonly hostConfig: string;
  readonly unit: LimitUnit;
  /** One sentence for `--help` and the documentation. */
  readonly summary: string;
  /** Undefined for what is set on a process rather than on a group, or names its file itself. */
  readonly controller: LimitController | undefined;
  /** The value that takes the limit away from a live group. */
  readonly unset: LimitValue;
  /** Absent where this version cannot keep the limit. */
  readonly v1?: FileRule;
  readonly v2?: FileRule;
  /** Docker's words for a host that cannot, without their end. */
  readonly unsupported: string;
  /** Their end, when it was a default and the limit is left away: `Limitation discarded.` */
  readonly discarded: string;
  /** What to do where a version of cgroups has no such limit. */
  readonly wayOut?: string;
}
