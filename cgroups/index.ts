/**
 * The limits layer: cgroup v2, v1 and hybrid hosts behind one interface. Usable without the engine; see
 * docs/examples/limit-a-process.ts.
 *
 * - {@link detectHost} finds out what the host can do, {@link checkLimits} judges limits against it.
 * - {@link Cgroups} makes groups with limits, changes, reads, repairs, freezes, kills and removes them.
 * - {@link LIMIT_ROWS} is the table of all limits; {@link parseLimits} and {@link formatLimit} read and show values,
 *   {@link limitNamed} and {@link unsetLimits} find and take away a limit that a user names.
 * - {@link limitsOfDocker}, {@link dockerOfLimits} and {@link mergeDockerResources} translate Docker's `HostConfig`;
 *   {@link cpuPercent}, {@link memoryInUse} and their like are the figures of `docker stats`.
 * - {@link GroupWatcher} tells of kills for lack of memory, limits that act, throttling and pressure.
 * - {@link explain} says why a container was killed or is slow, from {@link Facts}; {@link advise} proposes limits, from
 *   {@link Moment}s. Both are pure.
 */
export { type Advice, type AdviseOptions, advise, type Proposal } from "./advise/advise.ts";
export { type Spread, type Summary, summarize } from "./advise/samples.ts";
export { Cgroups, type CgroupsOptions, type ChangedFile, type UpdateOptions } from "./cgroups.ts";
export { type CheckOptions, type CheckResult, checkLimits } from "./check.ts";
export {
  blockIo,
  type CpuSample,
  cpuPercent,
  memoryInUse,
  memoryLimitOf,
  memoryPercent,
  networkIo,
  throttledShare,
} from "./docker/formulas.ts";
export type { BlockIoEntry, KernelStats } from "./docker/kernel-stats.ts";
export { mergeDockerResources } from "./docker/merge.ts";
export {
  type DockerDeviceRate,
  type DockerDeviceWeight,
  type DockerResources,
  dockerOfLimits,
  limitsOfDocker,
} from "./docker/resources.ts";
export { type CgroupDriver, checkDriver, engineParent, sliceParent } from "./driver.ts";
export type { FactsOptions } from "./explain/collect.ts";
export { flagText } from "./explain/evidence.ts";
export { CAUSES, explain } from "./explain/explain.ts";
export { beginning, ratesBetween } from "./explain/rates.ts";
export type * from "./explain/types.ts";
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
export { hostPressure, type WaitedTime } from "./pressure.ts";
export type { GroupSignals } from "./signals.ts";
export { limitRunning, limitWaiting, startingLimits } from "./starting.ts";
export { NO_STATS, type SomeStats, STATS_PARTS, type StatsPart } from "./stats.ts";
export { type FileRule, type FileText, LIMIT_ROWS, type LimitRow, type LimitUnit, rowOf } from "./table/index.ts";
export { groupId, WHOLE } from "./tree.ts";
export type * from "./types.ts";
export { limitNamed, unsetLimits } from "./unset.ts";
export type * from "./watch/events.ts";
export { OomLog, wallTime } from "./watch/oom-log.ts";
export type { OomCandidate, OomVictim } from "./watch/oom-victims.ts";
export type { PressureThreshold, Thresholds, ThrottledThreshold } from "./watch/watched-group.ts";
export { GroupWatcher, type WatcherOptions } from "./watch/watcher.ts";
