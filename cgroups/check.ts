/**
 * Judges limits before anything is touched: out of range, contradictory, or not to be had on this host. Texts are
 * Docker's (clients match on them). What Docker would discard with a warning is an error here when the user gave it,
 * because a limit that silently does not hold is worse than none; a default is left away with Docker's warning.
 */
import { checkBlockIo, checkConf, checkDevices } from "./check/block-io.ts";
import { checkCpus, checkCpuset, checkRealtime } from "./check/cpu.ts";
import { remarks, withoutAbsent } from "./check/host.ts";
import { checkMemory, checkOomScoreAdj, checkPids } from "./check/memory.ts";
import type { CgroupHost } from "./host.ts";
import type { LimitField, Limits } from "./types.ts";

export interface CheckOptions {
  /** A change of a group that exists: a total of memory and swap may then come without the memory limit. */
  readonly isUpdate?: boolean;
  /** What is in force besides, for contradictions between old and new. */
  readonly asked?: Limits;
  /** Limits that nobody gave: what this host cannot keep of them is left away, with a warning. */
  readonly defaults?: readonly LimitField[];
}

export interface CheckResult {
  /** Without the defaults that this host cannot keep. */
  readonly limits: Limits;
  /** What is not as asked although nothing the user gave is at fault: sentences for the user. */
  readonly warnings: string[];
}

/**
 * @throws `invalid` with Docker's text for a value that no host takes; `unsupported`, with the reason and the way out,
 * for a limit that this host cannot keep
 */
export function checkLimits(limits: Limits, host: CgroupHost, options: CheckOptions = {}): CheckResult {
  checkValues(limits, host, options);
  checkDevices(limits, host);
  const { limits: kept, warnings } = withoutAbsent(limits, host, options.defaults ?? []);
  checkConf(limits, host);
  return { limits: kept, warnings: [...warnings, ...remarks(kept, host)] };
}

/**
 * The same for limits that were checked before, when they come to be put in force: without what is told by a plan as well,
 * and without warnings, which nobody would see.
 * @throws as {@link checkLimits}
 */
export function checkAgain(limits: Limits, host: CgroupHost, options: CheckOptions = {}): void {
  checkValues(limits, host, options);
  withoutAbsent(limits, host, []);
  checkConf(limits, host);
}

function checkValues(limits: Limits, host: CgroupHost, options: CheckOptions): void {
  checkMemory(limits, options);
  checkPids(limits);
  checkCpus(limits, host, options.asked);
  checkRealtime(limits, options.asked);
  checkCpuset(limits, host);
  checkBlockIo(limits);
  checkOomScoreAdj(limits, host);
}
