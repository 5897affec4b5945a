/** Which rule of the table keeps a limit on this host, and in which tree. */
import type { CgroupHost, Hierarchy } from "./host.ts";
import { type FileRule, LIMIT_ROWS, type LimitRow } from "./table/index.ts";
import type { LimitField, Limits } from "./types.ts";

export interface PlacedRule {
  readonly row: LimitRow;
  readonly rule: FileRule;
  readonly hierarchy: Hierarchy;
}

const placedByHost = new WeakMap<CgroupHost, readonly PlacedRule[]>();

/** Every limit that this host has a file for, in the order of the table. */
export function placedRules(host: CgroupHost): readonly PlacedRule[] {
  const known = placedByHost.get(host);
  if (known !== undefined) return known;
  const placed = LIMIT_ROWS.flatMap((row): PlacedRule[] => {
    const hierarchy = row.controller === undefined ? undefined : host.controllers.get(row.controller);
    const rule = hierarchy === undefined ? undefined : ruleOn(host, row, hierarchy);
    return hierarchy === undefined || rule === undefined ? [] : [{ row, rule, hierarchy }];
  });
  placedByHost.set(host, placed);
  return placed;
}

export const placedRule = (host: CgroupHost, field: LimitField): PlacedRule | undefined =>
  placedRules(host).find(({ row }) => row.field === field);

function ruleOn(host: CgroupHost, row: LimitRow, hierarchy: Hierarchy): FileRule | undefined {
  if ((row.field === "memorySwap" || row.field === "swap") && !host.swapAccounting) return undefined;
  const first = hierarchy.version === 1 ? row.v1 : row.v2;
  return [first, first?.instead].find((rule) => rule !== undefined && !host.missingFiles.has(rule.file));
}

/** The rules whose files this change may write. Limits that share a file or an invariant come together. */
export function rulesOf(host: CgroupHost, change: Limits): PlacedRule[] {
  const fields = new Set(LIMIT_ROWS.map(({ field }) => field).filter((field) => change[field] !== undefined));
  if (fields.has("memory") && host.swapAccounting && !fields.has("swap")) fields.add("memorySwap");
  if (fields.has("cpus") || fields.has("cpuPeriod")) fields.add("cpus").add("cpuPeriod");
  return placedRules(host).filter(({ row }) => fields.has(row.field));
}
