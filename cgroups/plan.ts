/**
 * A change of limits is a plan: an ordered list of writes, made from what is asked and what is in force. Nothing is
 * written here: see apply.ts.
 */
import { conflict, hasCode, invalid } from "../lib/errors.ts";
import { totalForMemory } from "./convert.ts";
import { missingFile } from "./failures.ts";
import type { KernelFiles } from "./files.ts";
import type { CgroupHost, Hierarchy } from "./host.ts";
import { type FileRule, type FileText, INITIAL_TEXT, LIMIT_ROWS, type LimitRow } from "./limits.ts";
import type { Limits, Maximum } from "./types.ts";
import { orderV1 } from "./v1.ts";
import { orderV2, reclaimBefore } from "./v2.ts";
import { isSame, type Write } from "./write.ts";

/** A group as a plan sees it. */
export interface GroupFiles {
  readonly directory: (hierarchy: Hierarchy) => string;
  /** Present content of its files. */
  readonly text: (hierarchy: Hierarchy) => FileText;
}

/**
 * Makes the plan. Reads the files that the change concerns, writes nothing.
 * @throws `conflict` when a total of memory and swap in force does not allow the new memory limit
 */
export function planChange(host: CgroupHost, group: GroupFiles, change: Limits): Write[] {
  const settled = settle(host, group, change);
  const byVersion: Record<1 | 2, Write[]> = { 1: [], 2: [] };
  const seen = new Set<string>();
  for (const { row, rule, hierarchy } of rulesOf(host, change)) {
    const path = `${group.directory(hierarchy)}/${rule.file}`;
    if (seen.has(path)) continue;
    seen.add(path);
    const previous = group.text(hierarchy)(rule.file);
    if (previous === undefined) throw missingFile(path, row);
    const write: Write = { path, file: rule.file, value: rule.write(settled), previous, row };
    if (!isSame(row, write.value, previous)) byVersion[hierarchy.version].push(write);
  }
  return [...orderV1(byVersion[1]), ...reclaimBefore(host.files, orderV2(byVersion[2]))];
}

/** A group that exists: each file is read once, when it is first asked for. */
export function existingGroup(host: CgroupHost, directory: (hierarchy: Hierarchy) => string): GroupFiles {
  const texts = new Map<Hierarchy, FileText>();
  return {
    directory,
    text(hierarchy) {
      const text = texts.get(hierarchy) ?? fileTextOf(host.files, directory(hierarchy));
      texts.set(hierarchy, text);
      return text;
    },
  };
}

/** A group that was just made: what is in its files is known, and reading them would cost as much as writing. */
export function freshGroup(directory: (hierarchy: Hierarchy) => string): GroupFiles {
  return { directory, text: () => (file) => INITIAL_TEXT[file] };
}

export interface PlacedRule {
  readonly row: LimitRow;
  readonly rule: FileRule;
  readonly hierarchy: Hierarchy;
}

/** The rules whose files this change may write. Limits that share a file or an invariant come together. */
function rulesOf(host: CgroupHost, change: Limits): PlacedRule[] {
  const fields = new Set(LIMIT_ROWS.map(({ field }) => field).filter((field) => change[field] !== undefined));
  if (fields.has("memory") && host.swapAccounting) fields.add("memorySwap");
  if (fields.has("cpus") || fields.has("cpuPeriod")) fields.add("cpus").add("cpuPeriod");
  return placedRules(host).filter(({ row }) => fields.has(row.field));
}

/** Every limit that this host has a file for. */
export function placedRules(host: CgroupHost): PlacedRule[] {
  const placed: PlacedRule[] = [];
  for (const row of LIMIT_ROWS) {
    const hierarchy = row.controller === undefined ? undefined : host.controllers.get(row.controller);
    const rule = hierarchy?.version === 1 ? row.v1 : row.v2;
    if (hierarchy === undefined || rule === undefined) continue;
    if (row.field === "memorySwap" && !host.swapAccounting) continue;
    placed.push({ row, rule, hierarchy });
  }
  return placed;
}

/** The change, completed with what it depends on: the total of memory and swap, the CPU period. */
function settle(host: CgroupHost, group: GroupFiles, change: Limits): Limits {
  const inForce = (field: keyof Limits): Maximum => {
    const placed = placedRules(host).find(({ row }) => row.field === field);
    if (placed === undefined) return "max";
    const value = placed.rule.read(group.text(placed.hierarchy));
    return typeof value === "number" ? value : "max";
  };
  const settled: { -readonly [Field in keyof Limits]: Limits[Field] } = { ...change };
  if (change.memory !== undefined && change.memorySwap === undefined && host.swapAccounting) {
    settled.memorySwap = totalForMemory(change.memory, {
      memory: inForce("memory"),
      memorySwap: inForce("memorySwap"),
    });
  }
  if (change.memorySwap !== undefined && change.memory === undefined) settled.memory = inForce("memory");
  if (change.cpuPeriod !== undefined && change.cpus === undefined) settled.cpus = inForce("cpus");
  if (change.cpus !== undefined && change.cpuPeriod === undefined) settled.cpuPeriod = Number(inForce("cpuPeriod"));
  checkTotal(settled, change);
  return settled;
}

function checkTotal({ memory, memorySwap }: Limits, change: Limits): void {
  if (typeof memorySwap !== "number" || memory === undefined) return;
  if (memory === "max") {
    throw invalid(
      "You should always set the Memory limit when using Memoryswap limit, see usage",
      "CTR_LIMIT_CONTRADICTION",
    );
  }
  if (memorySwap >= memory) return;
  if (change.memorySwap !== undefined) {
    throw invalid("Minimum memoryswap limit should be larger than memory limit, see usage", "CTR_LIMIT_CONTRADICTION");
  }
  throw conflict(
    "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    { code: "CTR_LIMIT_CONFLICT", hint: `give --memory-swap too; ${memorySwap} bytes are in force` },
  );
}

/** Reads files of one directory, each once. */
export function fileTextOf(files: KernelFiles, directory: string): FileText {
  const cache = new Map<string, string | undefined>();
  return (file) => {
    if (!cache.has(file)) cache.set(file, readOptional(files, `${directory}/${file}`));
    return cache.get(file);
  };
}

function readOptional(files: KernelFiles, path: string): string | undefined {
  try {
    return files.read(path);
  } catch (error) {
    // EOPNOTSUPP: switched off when the kernel was started (psi=0) or built without.
    if (hasCode(error, "ENOENT", "EOPNOTSUPP")) return undefined;
    throw error;
  }
}
