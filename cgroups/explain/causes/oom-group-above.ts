/** A group above, which others share, ran out of memory. */
import { groupFix, rounder, size } from "../evidence.ts";
import { isOomOf, victimsOf } from "../oom-scope.ts";
import { counterEvidence, occurrence, subject, victimEvidence, victimSentences } from "../oom-texts.ts";
import type { Cause } from "../types.ts";

export const oomGroupAbove: Cause = {
  code: "oom-group-above",
  severity: "killed",
  find(facts) {
    if (!isOomOf(facts, "above")) return undefined;
    const named = victimsOf(facts, "above").at(-1)?.limitGroup;
    const group =
      facts.above.find(({ path }) => path === named) ?? facts.above.find(({ memory }) => memory !== undefined);
    const path = named ?? group?.path ?? "above";
    const { memory } = group ?? {};
    return {
      title: `${subject(facts)} because the group ${path}, which it shares with others, ran out of memory.`,
      explanation: `Its own limit was not reached. When a shared group is full the kernel looks at all processes in it, whoever filled it. ${victimSentences(facts, "above")}`,
      evidence: [
        counterEvidence(facts),
        ...(memory === undefined
          ? []
          : [
              {
                file: memory.file,
                value: String(memory.limit),
                meaning: `limit of ${path}: ${size(memory.limit)}, ${size(memory.usage)} in use`,
              },
            ]),
        ...victimEvidence(facts, "above"),
      ],
      fixes: [
        groupFix(
          path,
          "memory",
          rounder((memory?.limit ?? 0) * 1.5),
          `Raise the limit of the group ${path}, or give the other members limits of their own`,
        ),
        { text: "Let another member die first", command: `ctr limit set ${facts.name} --oom-score-adj 0` },
      ],
      ...occurrence(facts, "above"),
    };
  },
};
