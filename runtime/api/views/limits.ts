/** Limits of containers and of groups, and their changes: ctr's own shapes. */
import type { CgroupHost, GroupSignals, GroupStats, LimitReading, Limits } from "../../../cgroups/index.ts";
import type { LimitGroup } from "../../limits/index.ts";
import type { OtherLimit } from "../../metrics/index.ts";
import type { Container } from "../../types.ts";

export interface LimitsFound {
  readonly asked: Limits;
  /** As the kernel enforces them; none of a container that does not run. */
  readonly limits: readonly LimitReading[];
  readonly stats: GroupStats;
  /** What was counted of limits that acted; undefined when it does not run. */
  readonly signals?: GroupSignals;
  readonly others: readonly OtherLimit[];
}

export function limitsView(
  { id, name, status }: Container,
  mode: CgroupHost["mode"],
  { asked, limits, stats, signals, others }: LimitsFound,
) {
  return {
    Id: id,
    Name: name,
    Status: status,
    /** Where limits are written: on hybrid hosts the v1 trees enforce them. */
    Driver: driverOf(mode),
    Asked: asked,
    Limits: limits,
    /** Those that no cgroup keeps. */
    Others: others,
    Stats: stats,
    Signals: signals,
  };
}

const driverOf = (mode: CgroupHost["mode"]): string => (mode === "unified" ? "cgroup v2" : "cgroup v1");

export function limitGroupView({ name, path, resources, containers }: LimitGroup) {
  return { Name: name, Path: path, Resources: resources, Containers: containers };
}
