import type { Cause } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { acceptFix, filterEvidence, filterName, filtersOf } from "../filters.ts";
import { found } from "../found.ts";

export const ruleInsideReceiver: Cause = {
  code: "CTRN113",
  severity: "error",
  heading: "A firewall inside the container drops what comes in",

  explain: (context) =>
    filtersOf(context, "inside-receiver").map((filter) => {
      const name = context.view.nameOf(placeOf(filter));
      return found(ruleInsideReceiver, filter, {
        object: `container ${name}: ${filterName(filter)}`,
        title: `A firewall inside the container ${name} drops what comes in.`,
        explanation:
          "The host delivers the packet; rules in the container's own network throw it away. The image's start script, or a " +
          "program with the right to change the network (NET_ADMIN), has made them.",
        evidence: filterEvidence(filter),
        fix: acceptFix(context, filter, name),
      });
    }),
};
