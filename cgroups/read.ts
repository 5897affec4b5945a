/** Reads the limits that are in force, beside what was asked, with present use and the file as evidence. */
import { dirname } from "node:path";
import { hasCode } from "../lib/errors.ts";
import { confHierarchy } from "./conf.ts";
import { toNumber } from "./convert.ts";
import { existingGroup, fileTextOf, type GroupFiles } from "./group-files.ts";
import { processesIn } from "./processes.ts";
import { type PlacedRule, placedRules } from "./rules.ts";
import { INITIAL_TEXT } from "./table/index.ts";
import type { GroupTree } from "./tree.ts";
import type { LimitField, LimitOrigin, LimitReading, Limits, LimitValue, Maximum } from "./types.ts";
import { isSame } from "./write.ts";

/** One reading a limit that this host has a file for, asked for or not, in the order of the table. */
export function readLimits(tree: GroupTree, id: string, asked: Limits): LimitReading[] {
  const group = existingGroup(tree.host.files, (hierarchy) => tree.directoryOf(hierarchy, id));
  const readings: LimitReading[] = [];
  for (const placed of placedRules(tree.host)) {
    if (isOtherName(placed, asked)) continue;
    const reading = readOne(tree, group, placed, asked[placed.row.field]);
    if (reading !== undefined) readings.push(reading);
  }
  readings.push(...readConf(tree, group, asked));
  const score = readOomScoreAdj(tree, id, asked);
  return score === undefined ? readings : [...readings, score];
}

/** Some limits of the group itself, without use and evidence; what this host has no file for is left out. */
export function readEnforced(tree: GroupTree, id: string, fields: readonly LimitField[]): Limits {
  const group = existingGroup(tree.host.files, (hierarchy) => tree.directoryOf(hierarchy, id));
  const limits: Record<string, LimitValue> = {};
  for (const { row, rule, hierarchy } of placedRules(tree.host)) {
    const text = group.text(hierarchy);
    if (fields.includes(row.field) && text(rule.file) !== undefined) limits[row.field] = rule.read(text);
  }
  return limits;
}

/** Swap is shown under the name that was asked for: as the total, or alone. */
function isOtherName({ row }: PlacedRule, asked: Limits): boolean {
  if (row.field === "swap") return asked.swap === undefined;
  return row.field === "memorySwap" && asked.swap !== undefined;
}

function readOne(
  tree: GroupTree,
  group: GroupFiles,
  { row, rule, hierarchy }: PlacedRule,
  asked: LimitValue | undefined,
): LimitReading | undefined {
  const text = group.text(hierarchy);
  const value = text(rule.file);
  if (value === undefined) return undefined;
  const enforced = rule.read(text);
  const usage = rule.usage?.(text);
  const peak = rule.peak?.(text);
  const directory = group.directory(hierarchy);
  const boundBy = isMaximum(row.field, enforced)
    ? tightestAbove(tree, directory, { row, rule, hierarchy }, enforced)
    : undefined;
  const kept = rule.valueIn?.(value) ?? value;
  const isInitial = isSame(
    row,
    kept,
    rule.valueIn?.(INITIAL_TEXT[rule.file] ?? kept) ?? INITIAL_TEXT[rule.file] ?? kept,
  );
  return {
    limit: row.field,
    asked,
    enforced,
    origin: originOf(asked !== undefined, isInitial, boundBy !== undefined),
    ...(boundBy === undefined ? {} : { boundBy }),
    ...(usage === undefined ? {} : { usage }),
    ...(peak === undefined ? {} : { peak }),
    file: `${directory}/${rule.file}`,
    value,
  };
}

function originOf(isAsked: boolean, isInitial: boolean, isBound: boolean): LimitOrigin {
  if (isAsked) return "flag";
  if (!isInitial) return "default";
  return isBound ? "parent" : "host";
}

/** The limits that groups above share with those below: whichever is least decides. */
const SHARED: ReadonlySet<LimitField> = new Set(["memory", "memorySwap", "memoryHigh", "cpus", "pids"]);

const isMaximum = (field: LimitField, value: LimitValue): value is Maximum =>
  SHARED.has(field) && (typeof value === "number" || value === "max");

function tightestAbove(
  { host }: GroupTree,
  directory: string,
  { rule, hierarchy }: PlacedRule,
  own: Maximum,
): LimitReading["boundBy"] {
  let bound: LimitReading["boundBy"];
  for (let above = dirname(directory); above.length > hierarchy.directory.length; above = dirname(above)) {
    const value = rule.read(fileTextOf(host.files, above));
    if (typeof value !== "number" || value >= toNumber(bound?.value ?? own)) continue;
    bound = { group: above.slice(hierarchy.directory.length), value, file: `${above}/${rule.file}` };
  }
  return bound;
}

/** Files that the user named himself: shown as they are. */
function readConf(tree: GroupTree, group: GroupFiles, { conf = {} }: Limits): LimitReading[] {
  return Object.entries(conf).flatMap(([name, text]): LimitReading[] => {
    const hierarchy = confHierarchy(tree.host, name);
    const value = group.text(hierarchy)(name);
    if (value === undefined) return [];
    const file = `${group.directory(hierarchy)}/${name}`;
    return [{ limit: "conf", asked: { [name]: text }, enforced: { [name]: value }, origin: "flag", file, value }];
  });
}

/** Of the group's oldest process: the one that the OCI runtime started. */
function readOomScoreAdj(tree: GroupTree, id: string, asked: Limits): LimitReading | undefined {
  const { files, procDirectory } = tree.host;
  const [first] = processesIn(files, tree.directoriesOf(id));
  if (first === undefined) return undefined;
  const file = `${procDirectory}/${first}/oom_score_adj`;
  try {
    const value = files.read(file);
    const origin = asked.oomScoreAdj === undefined ? "default" : "flag";
    return { limit: "oomScoreAdj", asked: asked.oomScoreAdj, enforced: Number(value), origin, file, value };
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}
