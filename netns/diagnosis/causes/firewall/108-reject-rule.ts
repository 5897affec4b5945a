import type { Cause } from "../../types/index.ts";
import { acceptFix, filterEvidence, filterName, filtersOf, makerOf, verdictText } from "../filters.ts";
import { found } from "../found.ts";

export const rejectRule: Cause = {
  code: "CTRN108",
  severity: "error",
  heading: "A firewall rule refuses the connection",

  explain: (context) =>
    filtersOf(context, "reject").map((filter) =>
      found(rejectRule, filter, {
        object: filterName(filter),
        title: `A firewall rule refuses the connection in the server's name: ${filterName(filter)}.`,
        explanation:
          "It looks as if nobody listened, but the refusal comes from the host: the packet never gets to the server. The " +
          `table was made by ${makerOf(context, filter)} (${verdictText(filter)}).`,
        evidence: filterEvidence(filter),
        fix: acceptFix(context, filter, "host"),
      }),
    ),
};
