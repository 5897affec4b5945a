/** From options to the limits of the Engine API's requests. */
import { type DockerResources, dockerOfLimits, type LimitValue } from "../../../cgroups/index.ts";
import type { Values } from "../../flags/options.ts";
import { type GROUP_LIMIT_OPTIONS, LIMIT_FIELDS, type LimitFlag } from "./limit-options.ts";

export type GroupLimitValues = Values<typeof GROUP_LIMIT_OPTIONS>;

/** The fields of `HostConfig` that a command line sets. */
export function resourcesOf(values: GroupLimitValues): DockerResources {
  const fields = givenLimits(values).map(({ fields }) => fields);
  return Object.assign({}, ...fields, quotaOf(values)) as DockerResources;
}

export interface ResourceChange {
  readonly resources: DockerResources;
  /** Flags of the limits that are taken away. */
  readonly unset: readonly string[];
}

/**
 * The change that a command line asks of what runs. Engine API clients send zero and empty for what nobody asked; a user
 * who writes `--cpu-shares 0` takes the limit away.
 */
export function resourceChangeOf(values: GroupLimitValues): ResourceChange {
  const quota = values["cpu-quota"];
  const given = givenLimits(values);
  const removed = given.filter(isNothing);
  const kept = given.filter((limit) => !isNothing(limit));
  return {
    resources: Object.assign({}, ...kept.map(({ fields }) => fields), quotaOf(values)) as DockerResources,
    unset: [...removed.map(({ flag }) => flag), ...(quota === 0 ? ["cpus"] : [])],
  };
}

interface GivenLimit {
  readonly flag: LimitFlag;
  readonly value: LimitValue;
  readonly fields: DockerResources;
}

function givenLimits(values: GroupLimitValues): GivenLimit[] {
  return LIMIT_FIELDS.flatMap(([flag, field]): GivenLimit[] => {
    const value = values[flag];
    return value === undefined ? [] : [{ flag, value, fields: dockerOfLimits({ [field]: value }) }];
  });
}

/** Limits for which zero is a value. */
const ZERO_COUNTS: ReadonlySet<LimitFlag> = new Set(["swap", "memory-swappiness"]);

/** What Docker's fields cannot say apart from «not given». */
function isNothing({ flag, value }: GivenLimit): boolean {
  if (flag === "blkio-weight") return value === "max";
  if (flag === "memory-swappiness") return value === -1;
  return (value === 0 && !ZERO_COUNTS.has(flag)) || value === "" || value === false;
}

const quotaOf = ({ "cpu-quota": quota }: GroupLimitValues): DockerResources => (quota ? { CpuQuota: quota } : {});
