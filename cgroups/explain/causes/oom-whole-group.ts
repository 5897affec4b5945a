/** --oom-group did what it was asked for. */
import { readingOf } from "../evidence.ts";
import type { Cause } from "../types.ts";

export const oomWholeGroup: Cause = {
  code: "oom-whole-group",
  severity: "notice",
  find(facts) {
    const count = facts.signals.groupKills ?? 0;
    const reading = readingOf(facts, "oomGroup");
    if (count === 0 || reading === undefined) return undefined;
    return {
      title: "All its processes were killed together, as --oom-group asks.",
      explanation:
        "One process ran out of memory; the others were ended with it on purpose, so that no half of a program is left.",
      evidence: [
        {
          file: facts.files.memoryEvents,
          value: `oom_group_kill ${count}`,
          meaning: "times that the whole group was killed",
        },
        { file: reading.file, value: reading.value, meaning: "--oom-group" },
      ],
      fixes: [
        { text: "Take it away if the rest should go on alone", command: `ctr limit unset ${facts.name} oom-group` },
      ],
      count,
    };
  },
};
