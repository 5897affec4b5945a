import type { Cause } from "../../types/index.ts";
import { filterEvidence, filterName, filtersOf } from "../filters.ts";
import { repaired } from "../fixes.ts";
import { found } from "../found.ts";
import { lostPartsFor, lostRules } from "../own-rules.ts";

/** For anything but containers of one network (109), published ports (207), and address translation (2xx). */
export const ownRuleMissing: Cause = {
  code: "CTRN103",
  severity: "error",
  heading: "A rule of ctr's that lets traffic pass is gone",

  inspect: (context) => lostRules(ownRuleMissing, lostPartsFor(context, "CTRN103")),

  explain: (context) =>
    filtersOf(context, "own-rule-missing").map((filter) =>
      found(ownRuleMissing, filter, {
        object: filterName(filter),
        title: "The firewall of ctr itself stops this traffic, although its settings allow it: a rule is missing.",
        explanation:
          "Somebody has changed the rules in ctr's table. What is not accepted there is dropped at the end of it. ctr " +
          "writes its rules again by itself while its engine runs.",
        evidence: filterEvidence(filter),
        fix: repaired("Writes all rules of ctr again."),
      }),
    ),
};
