import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import type { LookupCause } from "./lookups.ts";

export const serverPassedOver: Cause & LookupCause = {
  code: "CTRN510",
  severity: "warning",
  heading: "The first name server does not answer, and another one does",

  explainLookup({ lookup, fromName }) {
    const { questions, servers, addresses } = lookup;
    const silent = servers.filter((server) =>
      questions.some((question) => question.server === server && question.outcome === "silence"),
    );
    const answering = questions.find(({ outcome }) => outcome === "found")?.server;
    if (addresses.length === 0 || silent.length === 0 || answering === undefined) return [];
    const names = silent.join(", ");
    return [
      found(serverPassedOver, undefined, {
        object: `name server ${names} in /etc/resolv.conf of ${fromName}`,
        title: `The name server ${names} does not answer: each name costs ${fromName} 5 seconds before ${answering} is asked.`,
        explanation:
          "The servers in resolv.conf are asked one after the other, and each name begins with the first one again. Programs with a " +
          "shorter patience give up before.",
        evidence: [
          ...silent.map((server) => ({ source: `${server} asked for ${lookup.name}`, value: "no answer" })),
          { source: `${answering} asked for ${lookup.name}`, value: addresses.join(", ") },
        ],
        confidence: "confirmed",
        fix: byHand(
          "Take it out of resolv.conf: make the container without --dns for it, or name others in daemon.json (dns).",
        ),
      }),
    ];
  },
};
