import type { Cause } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { acceptFix, filterEvidence, filterName, filtersOf } from "../filters.ts";
import { found } from "../found.ts";

export const ruleInsideSender: Cause = {
  code: "CTRN114",
  severity: "error",
  heading: "A firewall inside the container drops what it sends",

  explain: (context) =>
    filtersOf(context, "inside-sender").map((filter) => {
      const name = context.view.nameOf(placeOf(filter));
      return found(ruleInsideSender, filter, {
        object: `container ${name}: ${filterName(filter)}`,
        title: `A firewall inside the container ${name} drops what it wants to send.`,
        explanation:
          "Nothing leaves the container: rules in its own network throw the packet away. The image's start script, or a " +
          "program with the right to change the network (NET_ADMIN), has made them.",
        evidence: filterEvidence(filter),
        fix: acceptFix(context, filter, name),
      });
    }),
};
