/**
 * The table of limits: one row a limit. Parsing, validation, writing, reading back, showing and the documentation all
 * go through it, so a new limit is a new row.
 */
import { DEFAULT_CPU_PERIOD, DEFAULT_CPU_SHARES } from "../convert.ts";
import type { LimitField } from "../types.ts";
import { BLOCK_IO_ROWS } from "./block-io.ts";
import { CPU_ROWS } from "./cpu.ts";
import { MEMORY_ROWS } from "./memory.ts";
import { OOM_ROWS } from "./oom.ts";
import { CONF_ROW, PIDS_ROW } from "./other.ts";
import type { LimitRow } from "./rule.ts";

export type { DeviceLines, FileRule, FileText, LimitRow, LimitUnit } from "./rule.ts";

export const LIMIT_ROWS: readonly LimitRow[] = [
  ...MEMORY_ROWS,
  ...CPU_ROWS,
  PIDS_ROW,
  ...BLOCK_IO_ROWS,
  CONF_ROW,
  ...OOM_ROWS,
];

/** What the kernel has in the files of a new group. A v1 cpuset inherits, which is told apart nowhere. */
export const INITIAL_TEXT: Readonly<Record<string, string>> = {
  "memory.limit_in_bytes": "-1",
  "memory.memsw.limit_in_bytes": "-1",
  "memory.soft_limit_in_bytes": "-1",
  "memory.oom_control": "oom_kill_disable 0",
  "memory.max": "max",
  "memory.high": "max",
  "memory.swap.max": "max",
  "memory.low": "0",
  "memory.oom.group": "0",
  "cpu.cfs_quota_us": "-1",
  "cpu.cfs_period_us": String(DEFAULT_CPU_PERIOD),
  "cpu.rt_period_us": "1000000",
  "cpu.rt_runtime_us": "0",
  "cpu.shares": String(DEFAULT_CPU_SHARES),
  "cpu.max": `max ${DEFAULT_CPU_PERIOD}`,
  "cpu.weight": "100",
  "cpuset.cpus": "",
  "cpuset.mems": "",
  "pids.max": "max",
  "blkio.bfq.weight": "100",
  "blkio.bfq.weight_device": "",
  "blkio.throttle.read_bps_device": "",
  "blkio.throttle.write_bps_device": "",
  "blkio.throttle.read_iops_device": "",
  "blkio.throttle.write_iops_device": "",
  "io.max": "",
};

const ROW_BY_FIELD: ReadonlyMap<LimitField, LimitRow> = new Map(LIMIT_ROWS.map((row) => [row.field, row]));

export function rowOf(field: LimitField): LimitRow {
  const row = ROW_BY_FIELD.get(field);
  if (row === undefined) throw new TypeError(`no such limit: ${field}`);
  return row;
}
