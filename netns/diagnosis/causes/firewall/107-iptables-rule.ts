import type { Cause } from "../../types/index.ts";
import { acceptFix, filterEvidence, filterName, filtersOf, isUserChain, verdictText } from "../filters.ts";
import { found } from "../found.ts";

export const iptablesRule: Cause = {
  code: "CTRN107",
  severity: "error",
  heading: "A rule of the administrator's drops the traffic",

  explain: (context) =>
    filtersOf(context, "iptables-rule").map((filter) =>
      found(iptablesRule, filter, {
        object: filterName(filter),
        title: `A firewall rule that somebody added drops the traffic: ${filterName(filter)}.`,
        explanation: `${
          isUserChain(filter)
            ? "It stands in the chain that ctr keeps for own rules, and never touches."
            : "It was made with iptables; ctr neither made it nor changes it."
        } The rule: ${verdictText(filter)}.`,
        evidence: filterEvidence(filter),
        fix: acceptFix(context, filter, "host"),
      }),
    ),
};
