/** Limits while an OCI runtime prepares a process inside of the group. */
import { setTimeout as delay } from "node:timers/promises";
import { hasCode } from "../lib/errors.ts";
import type { Cgroups } from "./cgroups.ts";
import { toNumber } from "./convert.ts";
import type { Limits, Maximum, MutableLimits } from "./types.ts";

/** runc's init is a Go program: 5 to 9 threads for a moment. */
const RUNTIME_TASKS = 32;
/**
 * Bytes. runc's init uses 2 to 5 MiB, and some versions copy their program, of 11 MiB, into memory that the group is charged
 * for when the copy ends later than the move into the group: 12 MiB were seen with runc 1.1.15.
 */
const RUNTIME_MEMORY = 32 * 2 ** 20;
/** Milliseconds after the start in which the runtime's memory is gone, which is as soon as the program has taken its place. */
const LEAVING = 2000;

/**
 * The limits with which to make a group that an OCI runtime will start a process in. The runtime's own init runs inside
 * the group before it becomes the user's program: it fails under a small limit of tasks, is killed under a small limit of
 * memory, and crawls under a small quota of CPU time. Those come into force between `create` and `start` of the runtime,
 * when only the waiting init is there; so the user's program does not run outside of its limits:
 *
 *     cgroups.create(id, startingLimits(limits));              // runc create …
 *     const isDone = limitWaiting(cgroups, id, limits);        // runc start …
 *     if (!isDone) await limitRunning(cgroups, id, limits);
 */
export function startingLimits({ cpus: _cpus, cpuPeriod: _period, pids, ...rest }: Limits): Limits {
  const roomy = withRoom(rest);
  return pids === undefined ? roomy : { ...roomy, pids: atLeast(pids, RUNTIME_TASKS) };
}

const atLeast = (value: Maximum, floor: number): Maximum => (toNumber(value) < floor ? floor : value);

/** The swap beside the memory stays as large as it was asked for. */
function withRoom({ memory, memorySwap, memoryHigh, ...rest }: Limits): Limits {
  const missing = memory === undefined ? 0 : Math.max(0, RUNTIME_MEMORY - toNumber(memory));
  const roomy: MutableLimits = rest;
  if (memory !== undefined) roomy.memory = atLeast(memory, RUNTIME_MEMORY);
  if (memorySwap !== undefined) roomy.memorySwap = memorySwap === "max" ? memorySwap : memorySwap + missing;
  if (memoryHigh !== undefined) roomy.memoryHigh = atLeast(memoryHigh, RUNTIME_MEMORY);
  return roomy;
}

/**
 * Puts the limits in force while the runtime's init waits for its start.
 * @returns false when that init holds more memory than the program may have: all but that limit are in force then, and
 * {@link limitRunning} is for after the start
 * @throws as `Cgroups.update`
 */
export function limitWaiting(cgroups: Cgroups, id: string, limits: Limits): boolean {
  try {
    cgroups.update(id, limits);
    return true;
  } catch (error) {
    if (toNumber(limits.memory ?? "max") >= RUNTIME_MEMORY || !hasCode(error, "CTR_LIMIT_REFUSED")) throw error;
  }
  const { memory: _memory, memorySwap: _total, swap: _swap, memoryHigh: _high, ...others } = limits;
  cgroups.update(id, others);
  return false;
}

/**
 * Puts the rest of them in force once the program runs, which frees the memory of the runtime.
 * @returns false when the program itself had more than it may by then, and was killed for that
 * @throws as `Cgroups.update`
 */
export async function limitRunning(cgroups: Cgroups, id: string, limits: Limits): Promise<boolean> {
  const deadline = performance.now() + LEAVING;
  for (;;) {
    try {
      cgroups.update(id, limits);
      return true;
    } catch (error) {
      if (hasCode(error, "CTR_CGROUP_NOT_FOUND")) return true;
      if (!hasCode(error, "CTR_LIMIT_REFUSED")) throw error;
    }
    if (performance.now() >= deadline) break;
    await delay(1);
  }
  await cgroups.kill(id);
  return false;
}
