/** oom_score_adj, not size, decided who died. */
import { size } from "../evidence.ts";
import { sizeOf } from "../oom-texts.ts";
import type { Cause } from "../types.ts";

export const oomScore: Cause = {
  code: "oom-score",
  severity: "notice",
  find(facts) {
    const chosen = facts.victims.findLast((victim) =>
      victim.candidates.some(
        ({ pid, rss, oomScoreAdj }) => pid !== victim.pid && rss > sizeOf(victim) && oomScoreAdj < victim.oomScoreAdj,
      ),
    );
    if (chosen === undefined) return undefined;
    const [larger] = chosen.candidates.filter(({ pid, rss }) => pid !== chosen.pid && rss > sizeOf(chosen));
    if (larger === undefined) return undefined;
    return {
      title: `The smaller process ${chosen.name} died instead of ${larger.name}, because of its oom_score_adj.`,
      explanation: `The kernel adds oom_score_adj, in thousandths of the memory, to the size of a process. ${chosen.name} with ${size(sizeOf(chosen))} had ${chosen.oomScoreAdj}, ${larger.name} with ${size(larger.rss)} had ${larger.oomScoreAdj}.`,
      evidence: [
        {
          file: "/dev/kmsg",
          value: `oom_score_adj:${chosen.oomScoreAdj}`,
          meaning: `of ${chosen.name} (${chosen.pid}), the one that was killed`,
        },
      ],
      fixes: [
        { text: "Give it a lower score if it should live", command: `ctr limit set ${facts.name} --oom-score-adj 0` },
      ],
    };
  },
};
