/**
 * The limits layer: cgroup v2, v1 and hybrid hosts behind one interface. Usable without the engine; see
 * docs/examples/limit-a-process.ts.
 *
 * - {@link detectHost} finds out what the host can do, {@link checkLimits} judges limits against it.
 * - {@link Cgroups} makes groups with limits, changes, reads, freezes, kills and removes them.
 * - {@link LIMIT_ROWS} is the table of all limits; {@link parseLimit} and {@link formatLimit} read and show values.
 * - {@link limitsOfDocker} turns Docker's `HostConfig` into {@link Limits}.
 */
export { Cgroups, type CgroupsOptions, type ChangedFile, type UpdateOptions } from "./cgroups.ts";
export { type CheckOptions, type CheckResult, checkLimits } from "./check.ts";
export { type DockerResources, limitsOfDocker } from "./docker.ts";
export type { KernelFiles } from "./files.ts";
export {
  type CgroupHost,
  type CgroupMode,
  type DetectOptions,
  detectHost,
  type Hierarchy,
  LIMIT_CONTROLLERS,
  type LimitController,
} from "./host.ts";
export { formatLimit, parseLimit, parseLimits } from "./parse.ts";
export { commandInGroup } from "./place.ts";
export { hostPressure } from "./pressure.ts";
export { startingLimits } from "./starting.ts";
export { type FileRule, type FileText, LIMIT_ROWS, type LimitRow, rowOf } from "./table/index.ts";
export { groupId, WHOLE } from "./tree.ts";
export type * from "./types.ts";
export { limitNamed, unsetLimits } from "./unset.ts";
