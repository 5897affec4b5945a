import { obstaclesOfKind } from "../../obstacles.ts";
import type { Cause } from "../../types/index.ts";
import { text } from "../facts.ts";
import { found } from "../found.ts";
import { lostPartsFor, lostRules, rulesFix } from "../own-rules.ts";

export const hairpinNotMasqueraded: Cause = {
  code: "CTRN211",
  severity: "error",
  heading: "A container gets its own packets back unchanged",

  inspect: (context) => lostRules(hairpinNotMasqueraded, lostPartsFor(context, "CTRN211")),

  explain: (context) =>
    obstaclesOfKind(context, "not-translated")
      .filter((obstacle) => text(obstacle, "kind") === "hairpin")
      .map((obstacle) =>
        found(hairpinNotMasqueraded, obstacle, {
          object: "table inet ctr, chain into",
          title: `A published port is asked for (${context.flow.toText}) from its own network, and the answer does not come back the same way.`,
          explanation:
            "The packet goes into the network it came from with the container's own address as its source. The receiver either " +
            "takes it for a forgery, or answers past the host. The rule that puts the bridge's address there has been taken " +
            "out of ctr's table.",
          evidence: [
            { source: "nft list chain inet ctr into", value: "nothing translates the source", expected: "masquerade" },
          ],
          fix: rulesFix(context.snapshot),
        }),
      ),
};
