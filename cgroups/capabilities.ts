/** What this process may do to oom_score_adj: the one limit that is not a group's but a process's. */
import { hasCode } from "../lib/errors.ts";
import type { KernelFiles } from "./files.ts";

const LOWEST = -1000;
/** linux/capability.h */
const CAP_SYS_RESOURCE = 24n;

/**
 * The lowest oom_score_adj that a process started from here can be given. With CAP_SYS_RESOURCE that is −1000. Without
 * it the kernel keeps a floor that no file shows, so it is found by trying on this process itself; see
 * oom_score_adj in proc_pid_oom_score_adj(5).
 * @param procDirectory `/proc`
 */
export function lowestOomScoreAdj(files: KernelFiles, procDirectory: string): number {
  const file = `${procDirectory}/self/oom_score_adj`;
  const present = Number(files.read(file));
  if (hasCapability(files.read(`${procDirectory}/self/status`), CAP_SYS_RESOURCE)) return LOWEST;
  let refused = LOWEST - 1;
  let accepted = present;
  try {
    while (accepted - refused > 1) {
      const middle = Math.floor((accepted + refused) / 2);
      if (accepts(files, file, middle)) accepted = middle;
      else refused = middle;
    }
  } finally {
    if (accepted !== present) files.write(file, String(present));
  }
  return accepted;
}

function accepts(files: KernelFiles, file: string, value: number): boolean {
  try {
    files.write(file, String(value));
    return true;
  } catch (error) {
    if (hasCode(error, "EACCES", "EPERM")) return false;
    throw error;
  }
}

/** @param status content of /proc/self/status */
export function hasCapability(status: string, capability: bigint): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
  return ((BigInt(`0x${effective}`) >> capability) & 1n) === 1n;
}
