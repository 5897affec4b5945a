import type { Obstacle } from "../../obstacles.ts";
import { spares, succeeded } from "../../outcomes.ts";
import type { Cause, FlowContext } from "../../types/index.ts";
import { number, placeOf, text } from "../facts.ts";
import { filterEvidence, filterName, filtersOf, verdictText } from "../filters.ts";
import { byHand, inPlace } from "../fixes.ts";
import { found } from "../found.ts";

/** `limit`, `ct count`, `numgen`: some packets pass, others do not. */
export const limitingRule: Cause = {
  code: "CTRN116",
  severity: "error",
  heading: "A firewall rule drops a part of the traffic",

  explain: (context) =>
    filtersOf(context, "limit").map((filter) => {
      const chain = [text(filter, "family"), text(filter, "table"), text(filter, "chain")];
      const handle = number(filter, "handle");
      const name = context.view.nameOf(placeOf(filter));
      const command =
        handle === undefined
          ? ["nft", "-a", "list", "chain", ...chain]
          : ["nft", "delete", "rule", ...chain, "handle", String(handle)];
      return found(limitingRule, filter, {
        object: filterName(filter),
        title: `A firewall rule drops some of the connections: those above a number or a rate, or by chance (${filterName(filter)}).`,
        explanation: `One attempt passes and the next does not. The rule: ${verdictText(filter)}.`,
        // Where nothing was lost it is worth knowing, no more.
        severity: hasLost(context, filter) ? "error" : "warning",
        evidence: filterEvidence(filter),
        fix: byHand("Raise the limit, or take the rule away.", inPlace(placeOf(filter), name, command)),
      });
    }),
};

function hasLost({ observations }: FlowContext, { kind, facts }: Obstacle): boolean {
  const attempts = observations?.attempts ?? [];
  if (attempts.length > 0) return !attempts.every(succeeded);
  return !spares({ kind, facts, seen: "silence" });
}
