/** The limits of one container, ctr's own shape. */
import type { CgroupHost, GroupStats, LimitReading } from "../../../cgroups/index.ts";
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
