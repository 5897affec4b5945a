import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import { contradiction, type LookupCause } from "./lookups.ts";
import { resolvOf } from "./resolv.ts";

export const searchDomain: Cause & LookupCause = {
  code: "CTRN511",
  severity: "error",
  heading: "A search domain leads the name to somebody else",

  explainLookup(context) {
    const { lookup, fromName, from, view } = context;
    const asked = lookup.questions.find(({ outcome }) => outcome === "found")?.question.replace(/\.$/, "");
    const isCompleted = asked !== undefined && asked.toLowerCase() !== lookup.name.replace(/\.$/, "").toLowerCase();
    const right = lookup.by === "dns" && isCompleted ? contradiction(context) : undefined;
    if (right === undefined) return [];
    const namespace = view.namespace(from);
    const { search = [], options = [] } = namespace === undefined ? {} : resolvOf(namespace);
    const settings = [`search ${search.join(" ")}`, ...options].join(", ");
    return [
      found(searchDomain, undefined, {
        object: `/etc/resolv.conf of ${fromName}, name ${lookup.name}`,
        title: `${fromName} asks for ${asked} in the place of ${lookup.name}, because of its search domains, and comes to ${lookup.addresses.join(", ")}.`,
        explanation:
          "A name with fewer dots than ndots is tried with each search domain first, and the first answer counts. The name itself leads " +
          `to ${right.addresses.join(", ")}.`,
        evidence: [
          { source: `/etc/resolv.conf (in ${fromName})`, value: settings, expected: "no search domain, or ndots:1" },
          { source: right.source, value: right.addresses.join(", ") },
        ],
        confidence: "confirmed",
        fix: byHand(
          "Make the container with --dns-search . or --dns-option ndots:1, or ask for the name with a dot at its end.",
        ),
      }),
    ];
  },
};
