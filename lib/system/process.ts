/** Processes as the kernel shows them in /proc. */
import { readFileSync } from "node:fs";
import { hasCode } from "../errors.ts";

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot. With the pid it names one process for ever: pids are used again. */
  readonly startTime: number;
}

/** Who has this pid now, or undefined. A zombie counts as gone. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command name may hold spaces and parentheses: fields count from the last one. See proc_pid_stat(5).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    return { pid, startTime: Number(fields[19]) };
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}

/** True while the very process that was identified then lives. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  return identifyProcess(pid)?.startTime === startTime;
}

/**
 * Sends a signal.
 * @returns false when there is no such process any more
 */
export function signalProcess(pid: number, signal: NodeJS.Signals | number): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (hasCode(error, "ESRCH")) return false;
    throw error;
  }
}
