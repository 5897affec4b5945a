/** Why a container was killed or is slow: every cause is asked, and those that the facts speak for answer. Pure. */
import { commandMissing } from "./causes/command-missing.ts";
import { cpuContended } from "./causes/cpu-contended.ts";
import { cpuThrottled } from "./causes/cpu-throttled.ts";
import { cpuThrottledAbove } from "./causes/cpu-throttled-above.ts";
import { cpusetFull } from "./causes/cpuset-full.ts";
import { filesUsedUp } from "./causes/files-used-up.ts";
import { frozen } from "./causes/frozen.ts";
import { hostMemory } from "./causes/host-memory.ts";
import { ioContended } from "./causes/io-contended.ts";
import { ioThrottled } from "./causes/io-throttled.ts";
import { killedByRequest } from "./causes/killed-by-request.ts";
import { killedFromOutside } from "./causes/killed-from-outside.ts";
import { LAST_WORDS } from "./causes/last-words.ts";
import { limitDrift } from "./causes/limit-drift.ts";
import { memoryHigh } from "./causes/memory-high.ts";
import { memoryTight } from "./causes/memory-tight.ts";
import { oomGroupAbove } from "./causes/oom-group-above.ts";
import { oomHost } from "./causes/oom-host.ts";
import { oomOwnLimit } from "./causes/oom-own-limit.ts";
import { oomScore } from "./causes/oom-score.ts";
import { oomSurvivor } from "./causes/oom-survivor.ts";
import { oomWaiting } from "./causes/oom-waiting.ts";
import { oomWholeGroup } from "./causes/oom-whole-group.ts";
import { pidsLimit } from "./causes/pids-limit.ts";
import { pidsLimitAbove } from "./causes/pids-limit-above.ts";
import { programSignal } from "./causes/program-signal.ts";
import { restartLoop } from "./causes/restart-loop.ts";
import { stopTimeout } from "./causes/stop-timeout.ts";
import { stopped } from "./causes/stopped.ts";
import { swapping } from "./causes/swapping.ts";
import { ulimitCpu } from "./causes/ulimit-cpu.ts";
import type { Cause, Facts, Severity, Verdict } from "./types.ts";

export const CAUSES: readonly Cause[] = [
  oomOwnLimit,
  oomGroupAbove,
  oomHost,
  ulimitCpu,
  killedFromOutside,
  oomWaiting,
  oomSurvivor,
  pidsLimit,
  pidsLimitAbove,
  ...LAST_WORDS,
  restartLoop,
  filesUsedUp,
  frozen,
  stopped,
  cpuThrottled,
  cpuThrottledAbove,
  cpusetFull,
  cpuContended,
  memoryHigh,
  memoryTight,
  swapping,
  hostMemory,
  ioThrottled,
  ioContended,
  killedByRequest,
  stopTimeout,
  programSignal,
  commandMissing,
  oomScore,
  oomWholeGroup,
  limitDrift,
];

const ORDER: readonly Severity[] = ["killed", "failing", "slow", "notice"];

/** The gravest first; none for a container that is well. */
export function explain(facts: Facts): Verdict[] {
  return CAUSES.flatMap(({ code, severity, find }): Verdict[] => {
    const finding = find(facts);
    return finding === undefined ? [] : [{ code, severity, ...finding }];
  }).sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}
