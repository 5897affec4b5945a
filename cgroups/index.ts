/**
 * The limits layer: cgroup v2, v1 and hybrid hosts behind one interface. Usable without the engine; see
 * docs/examples/limit-a-process.ts.
 *
 * - {@link detectHost} finds out what the host can do, {@link checkLimits} judges limits against it.
 * - {@link Cgroups} makes groups with limits, changes, reads, freezes, kills and removes them.
 * - {@link LIMIT_ROWS} is the table of all limits; {@link parseLimit} and {@link formatLimit} read and show values.
 * - {@link limitsOfDocker} turns Docker's `HostConfig` into {@link Limits}.
 */
export { Cgroups, type CgroupsOptions } from "./cgroups.ts";
export { type CheckOptions, checkLimits } from "./check.ts";
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
export { type FileRule, type FileText, formatLimit, LIMIT_ROWS, type LimitRow, parseLimit } from "./limits.ts";
export { commandInGroup } from "./place.ts";
export { startingLimits } from "./starting.ts";
export type * from "./types.ts";
