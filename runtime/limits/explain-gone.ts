/** A container runs whose group, or a part of it, somebody removed: nothing is known of it, but that its limits do not hold. */
import type { Verdict } from "../../cgroups/index.ts";

/** @param missing directories, one at least */
export const groupGone = (name: string, missing: readonly string[]): Verdict => ({
  code: "group-gone",
  severity: "failing",
  title: "Its limits do not hold: the group that keeps them is gone.",
  explanation:
    "Somebody moved its processes out of the group and removed that, behind the engine. Limits of the groups that are left are still in force.",
  evidence: missing.map((file) => ({ file, value: "missing", meaning: "a directory of its group" })),
  fixes: [{ text: "Start it anew, which makes the group again", command: `ctr restart ${name}` }],
});
