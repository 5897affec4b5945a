import type { Cause } from "../../types/index.ts";
import { filterEvidence, filterName, filtersOf } from "../filters.ts";
import { repaired } from "../fixes.ts";
import { found } from "../found.ts";
import { lostPartsFor, lostRules } from "../own-rules.ts";

export const publishRuleMissing: Cause = {
  code: "CTRN207",
  severity: "error",
  heading: "The rule that lets published ports in is gone",

  inspect: (context) => lostRules(publishRuleMissing, lostPartsFor(context, "CTRN207")),

  explain: (context) =>
    filtersOf(context, "own-publish-rule-missing").map((filter) =>
      found(publishRuleMissing, filter, {
        object: filterName(filter),
        title: "The published port is led to the container, and then dropped by ctr's own firewall: a rule is missing.",
        explanation:
          "Of two rules that a published port needs, the one that translates is there and the one that lets the result pass " +
          "has been taken out of ctr's table.",
        evidence: filterEvidence(filter),
        fix: repaired("Writes all rules of ctr again."),
      }),
    ),
};
