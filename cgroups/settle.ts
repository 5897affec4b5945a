/** Completes a change with what it depends on: the total of memory and swap, the CPU period, the CPUs of the group above. */
import { dirname } from "node:path";
import { conflict, invalid } from "../lib/errors.ts";
import { totalForMemory, totalWithSwap } from "./convert.ts";
import { resolveDevices } from "./devices.ts";
import { type GroupFiles, readOptional } from "./group-files.ts";
import type { CgroupHost, Hierarchy } from "./host.ts";
import { formatList } from "./lists.ts";
import { placedRule } from "./rules.ts";
import type { LimitField, Limits, Maximum, MutableLimits } from "./types.ts";

/**
 * @param asked what the user asked for before this change, where it is known
 * @throws `conflict` when a total of memory and swap in force does not allow the new memory limit; `invalid`
 */
export function settle(host: CgroupHost, group: GroupFiles, change: Limits, asked: Limits = {}): Limits {
  const inForce = (field: LimitField): Maximum => {
    const placed = placedRule(host, field);
    const value = placed?.rule.read(group.text(placed.hierarchy));
    return typeof value === "number" ? value : "max";
  };
  const settled: MutableLimits = { ...resolveDevices(host.files, change) };
  settleSwap(host, settled, change, asked, inForce);
  if (change.cpuPeriod !== undefined && change.cpus === undefined) settled.cpus = asked.cpus ?? inForce("cpus");
  if (change.cpus !== undefined && change.cpuPeriod === undefined) settled.cpuPeriod = Number(inForce("cpuPeriod"));
  settleCpuset(host, group, settled);
  return settled;
}

/**
 * Memory, swap and their total are three names for two numbers. Whatever the user asked for stays true when one of the
 * others changes: a total that was asked stays the total, swap that was asked stays the swap, and the default total
 * stays twice the memory.
 */
function settleSwap(
  host: CgroupHost,
  settled: MutableLimits,
  change: Limits,
  asked: Limits,
  inForce: (field: LimitField) => Maximum,
): void {
  if (!host.swapAccounting) return;
  const touches = change.memory ?? change.memorySwap ?? change.swap;
  if (touches === undefined) return;
  settled.memory ??= inForce("memory");
  const swap = change.swap ?? (change.memorySwap === undefined ? asked.swap : undefined);
  if (swap !== undefined) {
    settled.swap = swap;
    settled.memorySwap = totalWithSwap(swap, settled.memory);
    checkSwapAlone(host, settled);
    return;
  }
  settled.memorySwap ??= totalForMemory(settled.memory, {
    memory: asked.memory ?? inForce("memory"),
    memorySwap: (asked.memory === undefined ? undefined : asked.memorySwap) ?? inForce("memorySwap"),
  });
  checkTotal(settled, change);
}

/** v1 counts the total only, so without a memory limit there is nothing that swap could be told from. */
function checkSwapAlone(host: CgroupHost, { memory, swap }: MutableLimits): void {
  if (host.controllers.get("memory")?.version === 2 || memory !== "max" || swap === "max") return;
  throw invalid("swap alone cannot be limited without a memory limit on cgroup v1", {
    code: "CTR_LIMIT_CONTRADICTION",
    hint: "give --memory too",
  });
}

function checkTotal({ memory, memorySwap }: MutableLimits, change: Limits): void {
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

/**
 * A group with processes cannot have an empty list once it had another, on either version: what it means is what the group
 * above has. A v2 group that never had a list keeps its empty one.
 */
function settleCpuset(host: CgroupHost, group: GroupFiles, settled: MutableLimits): void {
  const cpuset = host.controllers.get("cpuset");
  if (cpuset === undefined) return;
  const all = (file: CpusetFile): string =>
    cpuset.version === 2 && group.text(cpuset)(file) === "" ? "" : (listAbove(host, group, cpuset, file) ?? "");
  if (settled.cpusetCpus === "") settled.cpusetCpus = all("cpuset.cpus");
  if (settled.cpusetMems === "") settled.cpusetMems = all("cpuset.mems");
}

type CpusetFile = "cpuset.cpus" | "cpuset.mems";

/** The list that the group above has in force; undefined for a file that is no list. */
export function listAbove(host: CgroupHost, group: GroupFiles, hierarchy: Hierarchy, file: string): string | undefined {
  if (file !== "cpuset.cpus" && file !== "cpuset.mems") return undefined;
  const above = dirname(group.directory(hierarchy));
  if (hierarchy.version === 1) return host.files.read(`${above}/${file}`);
  const numbers = file === "cpuset.cpus" ? host.cpus : host.memoryNodes;
  return readOptional(host.files, `${above}/${file}.effective`) ?? formatList(numbers);
}
