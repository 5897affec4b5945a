import type { Cause } from "../../types/index.ts";
import { acceptFix, filterEvidence, filterName, filtersOf, verdictText } from "../filters.ts";
import { found } from "../found.ts";

export const legacyRule: Cause = {
  code: "CTRN105",
  severity: "error",
  heading: "Rules of iptables-legacy drop the traffic",

  explain: (context) =>
    filtersOf(context, "legacy").map((filter) =>
      found(legacyRule, filter, {
        object: filterName(filter),
        title: `An old-style firewall rule drops the traffic: ${filterName(filter)}.`,
        explanation:
          "The kernel has two implementations of iptables, and rules of the older one are not in what nft shows. " +
          `Both are in force at once (${verdictText(filter)}).`,
        evidence: filterEvidence(filter),
        fix: acceptFix(context, filter, "host"),
      }),
    ),
};
