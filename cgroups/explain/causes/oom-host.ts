/** The whole machine ran out of memory. */
import { limitOf, size } from "../evidence.ts";
import { isOomOf } from "../oom-scope.ts";
import { counterEvidence, occurrence, subject, victimEvidence, victimSentences } from "../oom-texts.ts";
import type { Cause } from "../types.ts";

export const oomHost: Cause = {
  code: "oom-host",
  severity: "killed",
  find(facts) {
    if (!isOomOf(facts, "host")) return undefined;
    const { memoryTotal, memoryAvailable } = facts.host;
    const hasLimit = limitOf(facts, "memory") !== undefined;
    return {
      title: `${subject(facts)} because the whole machine ran out of memory.`,
      explanation: `No limit of the container was reached: the machine's ${size(memoryTotal)} were used up, and the kernel chose among all processes. ${victimSentences(facts, "host")}`,
      evidence: [
        counterEvidence(facts),
        {
          file: "/proc/meminfo",
          value: `MemAvailable ${size(memoryAvailable)}`,
          meaning: `of ${size(memoryTotal)}, now`,
        },
        ...victimEvidence(facts, "host"),
      ],
      fixes: [
        { text: "Find out who used the memory, and limit it", command: "ctr limit ls" },
        ...(hasLimit ? [] : [{ text: "A limit of its own would have kept it from growing that far" }]),
        { text: "Let others die first", command: `ctr limit set ${facts.name} --oom-score-adj 0` },
      ],
      ...occurrence(facts, "host"),
    };
  },
};
