import type { Cause } from "../../types/index.ts";
import { text } from "../facts.ts";
import { acceptFix, filterEvidence, filterName, filtersOf, makerOf } from "../filters.ts";
import { found } from "../found.ts";

export const nameServerFiltered: Cause = {
  code: "CTRN502",
  severity: "error",
  heading: "The host's firewall keeps containers from its name server",

  explain: (context) =>
    filtersOf(context, "dns-input").map((filter) =>
      found(nameServerFiltered, filter, {
        object: filterName(filter),
        title: `The host's firewall throws away containers' questions for names (${filterName(filter)}).`,
        explanation:
          (text(filter, "hook") === "output"
            ? `Names are asked for by the host in containers' name, and ${makerOf(context, filter)} lets no question out. `
            : `The name server runs on the host, and ${makerOf(context, filter)} lets nothing come in on port 53 from containers. `) +
          "Addresses work, names do not.",
        evidence: filterEvidence(filter),
        fix: acceptFix(context, filter, "host"),
      }),
    ),
};
