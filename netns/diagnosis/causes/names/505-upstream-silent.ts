import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import { type LookupCause, outcomesOf, questionEvidence } from "./lookups.ts";
import { SANDBOX_SERVER, serversBehind } from "./resolv.ts";

/** Nothing of the state tells: it takes a question. */
export const upstreamSilent: Cause & LookupCause = {
  code: "CTRN505",
  severity: "error",
  heading: "The name server does not answer, or cannot find out",

  explainLookup({ view, from, lookup, fromName }) {
    if (lookup.addresses.length > 0) return [];
    const outcomes = outcomesOf(lookup);
    const hasFailed = outcomes.has("failed");
    const isSilent = !hasFailed && !outcomes.has("refused") && !outcomes.has("unknown") && !outcomes.has("none");
    if (!hasFailed && !isSilent) return [];
    const asked = lookup.servers.join(", ");
    // The sandbox's own server is ours: it passes on what it does not know.
    const behind = lookup.servers.includes(SANDBOX_SERVER) ? serversBehind(view, from).servers : [];
    const servers = behind.join(", ") || asked;
    const way = behind.length === 0 ? asked : `${asked}, which asks ${servers}`;
    return [
      found(upstreamSilent, undefined, {
        object: `name server ${servers}`,
        title: hasFailed
          ? `The name server (${way}) could not find out about ${lookup.name}: it answers with an error.`
          : `The name server that ${fromName} asks (${way}) does not answer.`,
        explanation: hasFailed
          ? "It passes questions on to other servers, and they did not answer, or cannot be reached from there."
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
