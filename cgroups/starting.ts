/** Limits while an OCI runtime prepares a process inside of the group. */
import { toNumber } from "./convert.ts";
import type { Limits, Maximum } from "./types.ts";

/** runc's init is a Go program: 5 to 9 threads for a moment. */
const RUNTIME_TASKS = 32;

/**
 * The limits with which to make a group that an OCI runtime will start a process in. The runtime's own init runs inside
 * the group before it becomes the user's program, and it fails under a small limit of tasks and crawls under a small
 * quota of CPU time. Those two come into force between `create` and `start` of the runtime, when only the waiting init is
 * there; so the user's program still never runs outside of its limits:
 *
 *     cgroups.create(id, startingLimits(limits));   // runc create …
 *     cgroups.update(id, limits);                   // runc start …
 */
export function startingLimits({ cpus: _cpus, cpuPeriod: _period, pids, ...rest }: Limits): Limits {
  return pids === undefined ? rest : { ...rest, pids: atLeast(pids, RUNTIME_TASKS) };
}

const atLeast = (value: Maximum, floor: number): Maximum => (toNumber(value) < floor ? floor : value);
