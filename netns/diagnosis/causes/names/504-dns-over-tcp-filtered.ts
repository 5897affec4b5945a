import type { Cause } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { acceptFix, filterEvidence, filterName, filtersOf } from "../filters.ts";
import { found } from "../found.ts";

/** Answers that do not fit into a datagram are asked for again over TCP (RFC 7766). */
export const dnsOverTcpFiltered: Cause = {
  code: "CTRN504",
  severity: "error",
  heading: "Long answers of the name server are kept out",

  explain: (context) =>
    filtersOf(context, "dns-tcp").map((filter) =>
      found(dnsOverTcpFiltered, filter, {
        object: filterName(filter),
        title: `A firewall rule drops questions for names over TCP: short answers come, long ones do not (${filterName(filter)}).`,
        explanation:
          "Names with many addresses, and signed ones, have answers that are too long for a datagram; they are fetched over TCP " +
          "port 53, which somebody has closed.",
        evidence: filterEvidence(filter),
        fix: acceptFix(context, filter, context.view.nameOf(placeOf(filter))),
      }),
    ),
};
