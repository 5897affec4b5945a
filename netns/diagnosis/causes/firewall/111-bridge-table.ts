import type { Cause } from "../../types/index.ts";
import { acceptFix, filterEvidence, filterName, filtersOf, verdictText } from "../filters.ts";
import { found } from "../found.ts";

export const bridgeTable: Cause = {
  code: "CTRN111",
  severity: "error",
  heading: "A firewall of the bridge drops the traffic",

  explain: (context) =>
    filtersOf(context, "bridge-table").map((filter) =>
      found(bridgeTable, filter, {
        object: filterName(filter),
        title: `A firewall table that works inside bridges drops the traffic: ${filterName(filter)}.`,
        explanation:
          "It sees frames between containers of one network before any other table does, ARP included (the question who " +
          `has an address). ebtables and some virtual machine managers make such tables (${verdictText(filter)}).`,
        evidence: filterEvidence(filter),
        fix: acceptFix(context, filter, "host"),
      }),
    ),
};
