/** Waits for what the kernel announces in cgroup.events: `populated` and `frozen`. Woken by inotify, never by a clock. */
import { hasCode } from "../lib/errors.ts";
import type { KernelFiles } from "./files.ts";

/** Milliseconds that a kernel which is asked to kill or freeze gets, on a machine that is very busy. */
export const PATIENCE = 10_000;

export type GroupEvent = "populated" | "frozen";

/** The present value; undefined when the group is gone. */
export function eventValue(files: KernelFiles, directory: string, event: GroupEvent): 0 | 1 | undefined {
  try {
    return files.read(`${directory}/cgroup.events`).includes(`${event} 1`) ? 1 : 0;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENODEV")) return undefined;
    throw error;
  }
}

/**
 * @param directory of a v2 group
 * @param timeout milliseconds
 * @returns true once the value is there (or the group is gone), false when the time is over
 */
export async function waitForEvent(
  files: KernelFiles,
  directory: string,
  event: GroupEvent,
  value: 0 | 1,
  timeout = PATIENCE,
): Promise<boolean> {
  const isThere = (): boolean => (eventValue(files, directory, event) ?? value) === value;
  if (isThere()) return true;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const look = (): void => {
    try {
      if (isThere()) resolve(true);
    } catch {
      resolve(false);
    }
  };
  using stack = new DisposableStack();
  try {
    stack.use(files.watch(`${directory}/cgroup.events`, look));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return true;
    throw error;
  }
  const timer = setTimeout(resolve, timeout, false);
  stack.defer(() => clearTimeout(timer));
  // What happened between the first look and the watch was not announced.
  look();
  return await promise;
}
