import type { Cause } from "../../types/index.ts";
import { filterEvidence, filterName, filtersOf } from "../filters.ts";
import { repaired } from "../fixes.ts";
import { found } from "../found.ts";
import { lostPartsFor, lostRules } from "../own-rules.ts";

export const ownIccRuleMissing: Cause = {
  code: "CTRN109",
  severity: "error",
  heading: "The rule that lets containers of one network talk is gone",

  inspect: (context) => lostRules(ownIccRuleMissing, lostPartsFor(context, "CTRN109")),

  explain: (context) =>
    filtersOf(context, "own-icc-rule-missing").map((filter) =>
      found(ownIccRuleMissing, filter, {
        object: filterName(filter),
        title:
          "The firewall of ctr itself keeps two containers of one network apart, although its settings allow them to talk.",
        explanation:
          "On this host also packets between ports of one bridge pass the firewall (bridge-nf-call-iptables). The entry " +
          "that lets them pass has been taken out of ctr's table.",
        evidence: filterEvidence(filter),
        fix: repaired("Writes all rules of ctr again."),
      }),
    ),
};
