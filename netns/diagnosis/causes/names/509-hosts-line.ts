import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import { contradiction, type LookupCause } from "./lookups.ts";

export const hostsLine: Cause & LookupCause = {
  code: "CTRN509",
  severity: "error",
  heading: "A line of /etc/hosts leads elsewhere",

  explainLookup(context) {
    const { lookup, fromName } = context;
    const right = lookup.by === "hosts" ? contradiction(context) : undefined;
    if (right === undefined) return [];
    const written = lookup.addresses.join(", ");
    return [
      found(hostsLine, undefined, {
        object: `/etc/hosts of ${fromName}, name ${lookup.name}`,
        title: `A line of /etc/hosts leads ${lookup.name} to ${written} in ${fromName}; its right address is ${right.addresses.join(", ")}.`,
        explanation:
          "Programs look into that file first, and ask no name server about what stands in it. The line was written by hand or by a " +
          "program, and the address has changed since, or never was right.",
        evidence: [
          { source: `/etc/hosts (in ${fromName})`, value: `${written} ${lookup.name}`, expected: "no such line" },
          { source: right.source, value: right.addresses.join(", ") },
        ],
        confidence: "confirmed",
        fix: byHand("Take the line out of /etc/hosts there."),
      }),
    ];
  },
};
