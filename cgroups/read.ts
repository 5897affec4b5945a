/** Reads the limits that are in force, beside what was asked, with present use and the file as evidence. */
import { hasCode } from "../lib/errors.ts";
import { rowOf } from "./limits.ts";
import { existingGroup, placedRules } from "./plan.ts";
import { processesIn } from "./processes.ts";
import type { GroupTree } from "./tree.ts";
import type { LimitReading, Limits } from "./types.ts";

/** One reading a limit that this host has a file for, asked for or not, in the order of the table. */
export function readLimits(tree: GroupTree, id: string, asked: Limits): LimitReading[] {
  const group = existingGroup(tree.host, (hierarchy) => tree.directoryOf(hierarchy, id));
  const readings: LimitReading[] = [];
  for (const { row, rule, hierarchy } of placedRules(tree.host)) {
    const text = group.text(hierarchy);
    const value = text(rule.file);
    if (value === undefined) continue;
    const usage = rule.usage?.(text);
    const peak = rule.peak?.(text);
    readings.push({
      limit: row.field,
      asked: asked[row.field],
      enforced: rule.read(text),
      ...(usage === undefined ? {} : { usage }),
      ...(peak === undefined ? {} : { peak }),
      file: `${group.directory(hierarchy)}/${rule.file}`,
      value,
    });
  }
  const score = readOomScoreAdj(tree, id, asked);
  return score === undefined ? readings : [...readings, score];
}

/** Of the group's oldest process: the one that the OCI runtime started. */
function readOomScoreAdj(tree: GroupTree, id: string, asked: Limits): LimitReading | undefined {
  const { files, procDirectory } = tree.host;
  const [first] = processesIn(files, tree.directoriesOf(id));
  if (first === undefined) return undefined;
  const file = `${procDirectory}/${first}/oom_score_adj`;
  try {
    const value = files.read(file);
    return { limit: rowOf("oomScoreAdj").field, asked: asked.oomScoreAdj, enforced: Number(value), file, value };
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}
