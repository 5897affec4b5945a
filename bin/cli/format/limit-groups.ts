/** Rows of `ctr limit groups`. */
import {
  type DockerResources,
  formatLimit,
  type GroupStats,
  LIMIT_ROWS,
  limitsOfDocker,
} from "../../../cgroups/index.ts";
import { formatBinarySize } from "../../../lib/units/size.ts";
import type { RowFields } from "./row.ts";
import type { Columns } from "./rows.ts";

/** `GET /ctr/limit-groups/{name}`. */
export interface LimitGroupDetails {
  readonly Name: string;
  /** Within every hierarchy. */
  readonly Path: string;
  /** What was asked. */
  readonly Resources: DockerResources;
  /** Ids of the containers in it, running or not. */
  readonly Containers: readonly string[];
  readonly Stats: GroupStats;
}

export const GROUP_HEADINGS: Columns = {
  Name: "GROUP",
  Containers: "CONTAINERS",
  Limits: "LIMITS",
  Memory: "MEMORY USE",
  Pids: "PIDS",
  Path: "CGROUP",
};
export const GROUP_COLUMNS = Object.keys(GROUP_HEADINGS);

export const limitGroupRow = ({ Name, Path, Resources, Containers, Stats }: LimitGroupDetails): RowFields => ({
  Name,
  Containers: Containers.length,
  Limits: limitsText(Resources),
  // What the kernel can drop at once is not in use.
  Memory: formatBinarySize(Math.max(0, Stats.memoryUsage - Stats.memoryInactiveFile)),
  Pids: Stats.pids,
  Path,
});

/** `memory 1GiB, cpus 3`. */
function limitsText(resources: DockerResources): string {
  const limits = limitsOfDocker(resources);
  const texts = LIMIT_ROWS.flatMap(({ field, flag }) => {
    const value = limits[field];
    return value === undefined || value === "max" ? [] : [`${flag.slice(2)} ${formatLimit(field, value)}`];
  });
  return texts.length === 0 ? "none" : texts.join(", ");
}
