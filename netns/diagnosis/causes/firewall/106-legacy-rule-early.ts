import type { Cause } from "../../types/index.ts";
import { acceptFix, filterEvidence, filterName, filtersOf, verdictText } from "../filters.ts";
import { found } from "../found.ts";

export const legacyRuleEarly: Cause = {
  code: "CTRN106",
  severity: "error",
  heading: "Rules of iptables-legacy drop the traffic as it comes in",

  explain: (context) =>
    filtersOf(context, "legacy-early").map((filter) =>
      found(legacyRuleEarly, filter, {
        object: filterName(filter),
        title: `An old-style firewall rule drops the traffic as soon as it reaches the host: ${filterName(filter)}.`,
        explanation:
          "The rule stands in a table of iptables-legacy that sees packets before all others, and that nft does not show " +
          `(${verdictText(filter)}).`,
        evidence: filterEvidence(filter),
        fix: acceptFix(context, filter, "host"),
      }),
    ),
};
