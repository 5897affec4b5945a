/** The cgroup above all containers of an engine. */
import { createHash } from "node:crypto";
import { type CgroupDriver, sliceParent } from "../cgroups/index.ts";
import { DEFAULT_EXEC_ROOT } from "../lib/default-places.ts";

export const DEFAULT_CGROUP_DRIVER = "cgroupfs";

/** Each exec-root has its own, so that engines stay out of each other's. */
export function cgroupParentOf(execRoot: string, driver: CgroupDriver = DEFAULT_CGROUP_DRIVER): string {
  const own = createHash("sha256").update(execRoot).digest("hex").slice(0, 8);
  const name = execRoot === DEFAULT_EXEC_ROOT ? "ctr" : `ctr-${own}`;
  return driver === "systemd" ? sliceParent(`${name}.slice`) : `/${name}`;
}
