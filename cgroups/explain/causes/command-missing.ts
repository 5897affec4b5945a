/** A shell, or an entry point, found no program to run. */
import { lastWordsEvidence } from "../evidence.ts";
import type { Cause } from "../types.ts";

const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

export const commandMissing: Cause = {
  code: "command-missing",
  severity: "notice",
  find(facts) {
    const { exit, name } = facts;
    if (exit?.asked !== "nothing" || (exit.code !== NOT_FOUND && exit.code !== NOT_EXECUTABLE)) return undefined;
    const isMissing = exit.code === NOT_FOUND;
    return {
      title: isMissing
        ? "A shell in it was told to run a program that is not there."
        : "A shell in it was told to run a file that cannot be run.",
      explanation: isMissing
        ? "Shells say so with exit code 127. The name is wrong, the program is not in the image, or its interpreter is not."
        : "Shells say so with exit code 126. The file lacks the permission to be run, or is no program.",
      evidence: lastWordsEvidence(facts),
      fixes: [{ text: "See what it said", command: `ctr logs ${name}` }],
    };
  },
};
