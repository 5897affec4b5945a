import { obstaclesOfKind } from "../../obstacles.ts";
import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import { deletionOf, untrackedRules } from "../untracked.ts";

/** Address translation works on connections that the kernel follows, see nft(8), NOTRACK STATEMENT. */
export const untracked: Cause = {
  code: "CTRN202",
  severity: "error",
  heading: "A rule keeps the kernel from translating addresses",

  explain: (context) =>
    obstaclesOfKind(context, "not-translated").flatMap((obstacle) => {
      const [rule] = untrackedRules(context.view);
      // Where the answer is what is not followed, that is told as CTRN117.
      if (rule === undefined || obstacle.direction === "back") return [];
      return found(untracked, obstacle, {
        object: rule.name,
        title: "A firewall rule tells the kernel not to follow this connection, so its addresses are not translated.",
        explanation:
          "Giving containers the host's address, and leading published ports into containers, works for connections that " +
          "the kernel keeps a record of. The rule (notrack) switches that off, often for the sake of speed.",
        evidence: [{ source: rule.source, value: rule.text }],
        fix: byHand("Take the rule away, or let it spare containers.", deletionOf(rule)),
      });
    }),
};
