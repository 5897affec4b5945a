/** Resources before and after a change: what is to be written, and how people see it. Pure. */
import {
  type ChangedFile,
  type DockerResources,
  formatLimit,
  LIMIT_ROWS,
  type LimitField,
  type Limits,
  type LimitValue,
  limitNamed,
  mergeDockerResources,
  rowOf,
} from "../../cgroups/index.ts";
import { invalid } from "../../lib/errors.ts";
import type { LimitChange } from "../types.ts";

/** Fields of {@link DockerResources}. The score is not among them: 0 is a value of it, see `UpdateRequest`. */
const RESOURCES: readonly string[] = [...LIMIT_ROWS.map(({ hostConfig }) => hostConfig), "CpuQuota"].filter(
  (field) => field !== "OomScoreAdj",
);

const DEVICE_LISTS = [
  "BlkioWeightDevice",
  "BlkioDeviceReadBps",
  "BlkioDeviceWriteBps",
  "BlkioDeviceReadIOps",
  "BlkioDeviceWriteIOps",
] as const;

/**
 * What holds after a change. Everything else in `present` stays as it is.
 * @param unset limits to be taken away, by any of their names
 * @throws `invalid` for a name that no limit has, and for swap that is asked in two ways
 */
export function changedResources<Present extends DockerResources>(
  present: Present,
  change: DockerResources,
  unset: readonly string[] = [],
): Present {
  const fields = unset.map((name) => limitNamed(name).field);
  if (change.Swap !== undefined && change.MemorySwap) throw twoSwaps();
  const asked = Object.fromEntries(Object.entries(change).filter(([field]) => RESOURCES.includes(field)));
  // The merge copies what it does not know.
  const merged = mergeDockerResources(present, asked, withDependent(fields, change)) as Mutable<Present>;
  if (change.OomScoreAdj !== undefined) merged.OomScoreAdj = change.OomScoreAdj;
  // Unlimited, and not Docker's default total, which the absence of a value would mean at the next start.
  if (
    merged.Memory &&
    fields.some((field) => field === "swap" || field === "memorySwap") &&
    merged.Swap === undefined
  ) {
    merged.MemorySwap ||= -1;
  }
  for (const list of DEVICE_LISTS) if (merged[list]) Object.assign(merged, { [list]: limitedDevices(merged[list]) });
  return merged;
}

const twoSwaps = () =>
  invalid("Conflicting options: Swap and MemorySwap cannot both be set", {
    code: "CTR_LIMIT_CONTRADICTION",
    hint: "--memory-swap is memory and swap together, --swap is swap alone: give one of them",
  });

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] } & {
  -readonly [Key in keyof DockerResources]: DockerResources[Key];
};

/** A total of memory and swap means nothing without a limit of memory, and a switch that is off is no limit. */
function withDependent(fields: readonly LimitField[], change: DockerResources): LimitField[] {
  return [
    ...fields,
    ...(fields.includes("memory") && !change.MemorySwap ? (["memorySwap"] as const) : []),
    ...(change.OomKillDisable === false ? (["oomKillDisable"] as const) : []),
  ];
}

type DeviceEntry = { readonly Rate?: number; readonly Weight?: number };

const limitedDevices = (list: readonly DeviceEntry[]): readonly DeviceEntry[] =>
  list.filter(({ Rate, Weight }) => (Rate ?? Weight ?? 0) > 0);

/** The change that leads from one to the other: what is gone gets the value that takes it away. */
export function limitsBetween(before: Limits, after: Limits): Limits {
  const change = Object.fromEntries(
    changedFields(before, after).map((field) => [field, after[field] ?? rowOf(field).unset]),
  ) as { -readonly [Field in LimitField]?: Limits[Field] };
  // Two names of one number: the one that is still asked for decides.
  if (after.memorySwap !== undefined) delete change.swap;
  if (after.swap !== undefined) delete change.memorySwap;
  if (change.conf === undefined) return change;
  const gone = Object.keys(before.conf ?? {}).map((file) => [file, ""]);
  return { ...change, conf: { ...Object.fromEntries(gone), ...after.conf } };
}

/** One row a limit that differs. @param files that were written, when the limits are in force */
export function describeChange(before: Limits, after: Limits, files: readonly ChangedFile[] = []): LimitChange[] {
  const [one, other] = underOneName(before, after);
  return changedFields(one, other).map((field) => {
    const file = files.find(({ limit }) => limit === field || limit === OTHER_NAME[field])?.file;
    return {
      limit: flagName(field),
      before: textOf(field, one[field]),
      after: textOf(field, other[field]),
      ...(file === undefined ? {} : { file }),
    };
  });
}

/** What was put back into its file. */
export function describeFiles(files: readonly ChangedFile[]): LimitChange[] {
  return files.map(({ limit, file, before, after }) => ({ limit: flagName(limit), before, after, file }));
}

/** Swap alone and the total of memory and swap are kept in the same file. */
const OTHER_NAME: { readonly [Field in LimitField]?: LimitField } = { swap: "memorySwap", memorySwap: "swap" };

/** A change from the total to swap alone, or back, is seen as one of swap. */
function underOneName(before: Limits, after: Limits): readonly [Limits, Limits] {
  const isRenamed = (before.swap === undefined) !== (after.swap === undefined);
  return isRenamed ? [withSwapAlone(before), withSwapAlone(after)] : [before, after];
}

function withSwapAlone({ memorySwap, ...limits }: Limits): Limits {
  const { memory, swap } = limits;
  if (swap !== undefined || typeof memorySwap !== "number" || typeof memory !== "number") return limits;
  return { ...limits, swap: memorySwap - memory };
}

const flagName = (field: LimitField): string => rowOf(field).flag.slice(2);

const changedFields = (before: Limits, after: Limits): LimitField[] =>
  LIMIT_ROWS.map(({ field }) => field).filter((field) => !isSame(before[field], after[field]));

const isSame = (one: LimitValue | undefined, other: LimitValue | undefined): boolean =>
  one === other || JSON.stringify(one) === JSON.stringify(other);

function textOf(field: LimitField, value: LimitValue | undefined): string {
  const shown = formatLimit(field, value ?? rowOf(field).unset);
  if (shown === "unlimited") return "max";
  return shown === "" ? "all" : shown;
}
