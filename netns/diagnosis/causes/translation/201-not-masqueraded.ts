import { obstaclesOfKind } from "../../obstacles.ts";
import type { Cause } from "../../types/index.ts";
import { text } from "../facts.ts";
import { found } from "../found.ts";
import { lostPartsFor, lostRules, rulesFix } from "../own-rules.ts";
import { untrackedRules } from "../untracked.ts";

export const notMasqueraded: Cause = {
  code: "CTRN201",
  severity: "error",
  heading: "Containers' packets leave with their private address",

  inspect: (context) => lostRules(notMasqueraded, lostPartsFor(context, "CTRN201")),

  explain: (context) =>
    obstaclesOfKind(context, "not-translated")
      .filter((obstacle) => text(obstacle, "kind") === "masquerade" && untrackedRules(context.view).length === 0)
      .map((obstacle) => {
        const source = obstacle.packet?.source ?? context.flow.source;
        const network = context.view.networkOfAddress(source);
        return found(notMasqueraded, obstacle, {
          object: `network ${network?.name ?? source}`,
          title: `What ${network === undefined ? source : `network ${network.name}`} sends to the outside is not given the host's address, so no answer finds the way back.`,
          explanation:
            `The packet leaves the host with the container's own address ${source}, which nobody outside knows. The rule or ` +
            "the entry that replaces it (masquerade) has been taken out of ctr's table.",
          evidence: [
            {
              source: "nft list chain inet ctr postrouting",
              value: `nothing translates ${source}`,
              expected: "masquerade",
            },
          ],
          fix: rulesFix(context.snapshot),
        });
      }),
};
