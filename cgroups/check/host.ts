/** Whether this host can keep what is asked. */
import { type CtrError, unsupported } from "../../lib/errors.ts";
import type { CheckResult } from "../check.ts";
import type { CgroupHost } from "../host.ts";
import { placedRule } from "../rules.ts";
import { weighsDisks } from "../schedulers.ts";
import { LIMIT_ROWS, type LimitRow } from "../table/index.ts";
import type { LimitField, Limits, MutableLimits } from "../types.ts";

/**
 * @param defaults limits that nobody gave
 * @throws `unsupported` for one that was given
 */
export function withoutAbsent(limits: Limits, host: CgroupHost, defaults: readonly LimitField[]): CheckResult {
  const warnings: string[] = [];
  const kept: MutableLimits = { ...limits };
  for (const row of LIMIT_ROWS) {
    if (limits[row.field] === undefined) continue;
    const reason = whyNot(row, limits, host);
    if (reason === undefined) continue;
    if (!defaults.includes(row.field)) throw lacking(row, reason);
    warnings.push(`${row.unsupported}. ${row.discarded}`);
    delete kept[row.field];
  }
  return { limits: kept, warnings };
}

/** The reason as the end of a sentence; undefined when it can be kept, or asks for nothing. */
function whyNot(row: LimitRow, limits: Limits, host: CgroupHost): string | undefined {
  const { controller, field } = row;
  if (controller === undefined) return undefined;
  const absent = host.absent.get(controller);
  if (absent !== undefined) return absent;
  if (isNothing(row, limits)) return undefined;
  if ((field === "cpus" || field === "cpuPeriod") && !host.cpuQuota) {
    return "the kernel was built without CONFIG_CFS_BANDWIDTH";
  }
  if (placedRule(host, field) !== undefined) return undefined;
  const version = host.controllers.get(controller)?.version;
  const rule = version === 1 ? row.v1 : row.v2;
  if (rule === undefined) return `cgroup v${version}, which this host uses, has no such limit`;
  if (!host.swapAccounting && (field === "memorySwap" || field === "swap")) {
    return "swap is not counted (swapaccount=0, or a kernel without CONFIG_SWAP)";
  }
  return `this kernel's groups have no file ${rule.file}`;
}

/** To take away a limit that cannot be there asks for nothing. */
function isNothing(row: LimitRow, limits: Limits): boolean {
  const value = limits[row.field];
  return value === row.unset || (Array.isArray(value) && value.length === 0);
}

function lacking(row: LimitRow, reason: string): CtrError {
  const hint =
    row.wayOut ??
    (row.field === "memorySwap" || row.field === "swap"
      ? `leave ${row.flag} away, or boot the kernel with swapaccount=1`
      : `leave ${row.flag} away on this host, or make the controller available`);
  return unsupported(`${row.unsupported}: ${reason}`, { code: "CTR_LIMIT_UNSUPPORTED", hint });
}

/** What is as asked and yet not as one would think. */
export function remarks(limits: Limits, host: CgroupHost): string[] {
  const remarks: string[] = [];
  const { memory, memorySwap, swap, oomKillDisable, blkioWeight } = limits;
  if (typeof memory === "number" && (memorySwap ?? swap) === undefined && !host.swapAccounting) {
    remarks.push(
      "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.",
    );
  }
  if (oomKillDisable === true && typeof memory !== "number") {
    remarks.push(
      "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.",
    );
  }
  if (typeof blkioWeight === "number" && !weighsDisks(host)) {
    remarks.push("The block I/O weight has no effect: no disk of this host has the scheduler bfq.");
  }
  return remarks;
}
