/** Limits of containers and of groups, and their changes: ctr's own shapes. */
import type { CgroupHost, GroupStats, LimitReading } from "../../../cgroups/index.ts";
import type { LimitGroup } from "../../limits/index.ts";
import type { Container } from "../../types.ts";

export function limitsView(
  { id, name }: Container,
  mode: CgroupHost["mode"],
  limits: readonly LimitReading[],
  stats: GroupStats,
) {
  return {
    Id: id,
    Name: name,
    /** Where limits are written: on hybrid hosts the v1 trees enforce them. */
    Driver: mode === "unified" ? "cgroup v2" : "cgroup v1",
    Limits: limits,
    Stats: stats,
  };
}

export function limitGroupView({ name, path, resources, containers }: LimitGroup) {
  return { Name: name, Path: path, Resources: resources, Containers: containers };
}
