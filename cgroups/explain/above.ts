/** Limits of the groups above: a container can wait, fail and die for a limit that is not its own. */
import { dirname } from "node:path";
import { fileTextOf } from "../group-files.ts";
import { counter } from "../keyed.ts";
import { placedRule } from "../rules.ts";
import type { GroupTree } from "../tree.ts";
import type { LimitField } from "../types.ts";
import type { GroupAbove } from "./types.ts";

/** The nearest first; only those with a limit. */
export function groupsAbove(tree: GroupTree, id: string): GroupAbove[] {
  const groups: GroupAbove[] = [];
  for (let path = dirname(tree.pathOf(id)); path !== "/"; path = dirname(path)) {
    const memory = memoryOf(tree, path);
    const pids = pidsOf(tree, path);
    const cpu = cpuOf(tree, path);
    if ((memory ?? pids ?? cpu) === undefined) continue;
    groups.push({
      path,
      ...(memory === undefined ? {} : { memory }),
      ...(pids === undefined ? {} : { pids }),
      ...(cpu === undefined ? {} : { cpu }),
    });
  }
  return groups;
}

interface LimitAbove {
  readonly limit: number;
  readonly usage: number;
  readonly file: string;
  readonly text: (file: string) => string | undefined;
  readonly directory: string;
}

function limitOf({ host }: GroupTree, path: string, field: LimitField): LimitAbove | undefined {
  const placed = placedRule(host, field);
  if (placed === undefined) return undefined;
  const directory = `${placed.hierarchy.directory}${path}`;
  const text = fileTextOf(host.files, directory);
  if (text(placed.rule.file) === undefined) return undefined;
  const limit = placed.rule.read(text);
  if (typeof limit !== "number") return undefined;
  return { limit, usage: placed.rule.usage?.(text) ?? 0, file: `${directory}/${placed.rule.file}`, text, directory };
}

function memoryOf(tree: GroupTree, path: string): GroupAbove["memory"] {
  const found = limitOf(tree, path, "memory");
  return found === undefined ? undefined : { limit: found.limit, usage: found.usage, file: found.file };
}

function pidsOf(tree: GroupTree, path: string): GroupAbove["pids"] {
  const found = limitOf(tree, path, "pids");
  if (found === undefined) return undefined;
  const { limit, usage, file, text } = found;
  return { limit, usage, file, refused: counter(text("pids.events") ?? "", "max") };
}

function cpuOf(tree: GroupTree, path: string): GroupAbove["cpu"] {
  const found = limitOf(tree, path, "cpus");
  if (found === undefined) return undefined;
  const stat = found.text("cpu.stat") ?? "";
  const periods = counter(stat, "nr_periods");
  const throttledPeriods = counter(stat, "nr_throttled");
  const throttledShare = periods === 0 ? 0 : throttledPeriods / periods;
  return { cpus: found.limit, throttledShare, periods, throttledPeriods, file: `${found.directory}/cpu.stat` };
}
