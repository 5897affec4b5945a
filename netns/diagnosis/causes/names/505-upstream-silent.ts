import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import { type LookupCause, outcomesOf, questionEvidence } from "./lookups.ts";

/** Nothing of the state tells: it takes a question. */
export const upstreamSilent: Cause & LookupCause = {
  code: "CTRN505",
  severity: "error",
  heading: "The name server does not answer, or cannot find out",

  explainLookup({ lookup, fromName }) {
    const outcomes = outcomesOf(lookup);
    const hasFailed = outcomes.has("failed");
    const isSilent = !hasFailed && !outcomes.has("refused") && !outcomes.has("unknown") && !outcomes.has("none");
    if (!hasFailed && !isSilent) return [];
    const servers = lookup.servers.join(", ");
    return [
      found(upstreamSilent, undefined, {
        object: `name server ${servers}`,
        title: hasFailed
          ? `The name server could not find out about ${lookup.name}: it answers with an error.`
          : `The name server that ${fromName} asks (${servers}) does not answer.`,
        explanation: hasFailed
          ? "It passes questions on to the servers of the host, and they did not answer, or cannot be reached from there."
          : "Addresses can be reached or not regardless of it, but a program that is given a name gets no further than this.",
        evidence: questionEvidence(lookup),
        confidence: "confirmed",
        fix: byHand("Ask the host's own servers; name others with --dns, or dns in daemon.json, when they are dead.", [
          ...["ctr", "net", "dns", fromName, lookup.name],
        ]),
      }),
    ];
  },
};
