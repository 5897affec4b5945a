/** Starts a program inside a group without an OCI runtime. */
import type { Cgroup } from "./types.ts";

// $1 is the score or empty, $2 the number of directories, then the directories, then the program. `echo` is the shell's
// own: nothing is forked. 0 names the writer itself.
const SCRIPT = `
  if [ -n "$1" ]; then echo "$1" > /proc/self/oom_score_adj || exit 125; fi
  count=$2; shift 2
  while [ "$count" -gt 0 ]; do echo 0 > "$1/cgroup.procs" || exit 125; shift; count=$((count - 1)); done
  exec "$@"`;

/**
 * A command that first joins the group in every hierarchy and then becomes the program. So the program never runs outside
 * of its limits, and no child of it can escape: moving a process from outside, after it has started, leaves both open.
 * @param argv program and arguments
 * @param options `oomScoreAdj` −1000 … 1000, as checked by `checkLimits`
 * @returns argv for `spawn`; it ends with 125 when the group cannot be joined
 */
export function commandInGroup(
  { directories }: Cgroup,
  argv: readonly string[],
  { oomScoreAdj }: { readonly oomScoreAdj?: number } = {},
): string[] {
  return [
    "/bin/sh",
    "-c",
    SCRIPT,
    "sh",
    String(oomScoreAdj ?? ""),
    String(directories.length),
    ...directories,
    ...argv,
  ];
}
