/** Exit codes of the commands that diagnose: scripts tell what was found from what went wrong. */
import type { Result } from "../../../netns/index.ts";

export const DiagnosisExit = {
  /** Reachable, or healthy. */
  well: 0,
  /** Not reachable, or an error was found. */
  found: 1,
  usage: 2,
  /** Warnings alone, with `--strict`. */
  warnings: 3,
  undetermined: 4,
  /** No root, no engine, a program that is missing. */
  environment: 5,
  /** Something that was set up for the diagnosis could not be removed. */
  leftover: 6,
} as const;

/** @param expectUnreachable the user wants it so: then that is well */
export function exitCodeOf(result: Result, expectUnreachable = false): number {
  if (result === "UNDETERMINED") return DiagnosisExit.undetermined;
  const isReachable = result === "REACHABLE";
  if (expectUnreachable) return result === "UNREACHABLE" ? DiagnosisExit.well : DiagnosisExit.found;
  return isReachable ? DiagnosisExit.well : DiagnosisExit.found;
}
