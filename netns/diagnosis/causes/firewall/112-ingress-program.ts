import { cablesOf } from "../../intended.ts";
import { type Obstacle, obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST, type StateContext } from "../../types/index.ts";
import { deviceOf, placeOf, text } from "../facts.ts";
import { acceptFix, filterEvidence, filterName, filtersOf } from "../filters.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";

/** XDP and tc, and nftables' own hook on one link, see packets before all else. */
export const ingressProgram: Cause = {
  code: "CTRN112",
  severity: "error",
  heading: "Packets are taken away right at a link",

  explain: (context) => [
    ...filtersOf(context, "ingress").map((filter) =>
      found(ingressProgram, filter, {
        object: filterName(filter),
        title: `A rule takes packets away as they come in by ${deviceOf(filter) || "the link"}, before anything else sees them.`,
        explanation:
          "Tables of the family netdev stand before bridges, routing and all other firewalls, so that no other tool shows a " +
          "trace of the packets. ctr makes none.",
        evidence: filterEvidence(filter),
        fix: acceptFix(context, filter, "host"),
      }),
    ),
    ...obstaclesOfKind(context, "ingress-program").map((obstacle) =>
      found(ingressProgram, obstacle, caseOfProgram(context, obstacle)),
    ),
  ],
};

function caseOfProgram({ view }: StateContext, obstacle: Obstacle) {
  const [place, device] = [placeOf(obstacle), deviceOf(obstacle)];
  const link = view.namespace(place)?.links.find(({ name }) => name === device);
  const xdp = link?.xdp;
  const isOurs = place === HOST && cablesOf(view).some(({ hostInterface }) => hostInterface === device);
  return {
    object: `link ${device}${place === HOST ? "" : ` of ${view.nameOf(place)}`}`,
    title: `A program that hangs on ${device} takes packets away before the network sees them.`,
    explanation: `${xdp === undefined ? "A filter of tc" : `An XDP program (id ${xdp})`} is attached to the link${
      isOurs ? ", which is a container's cable" : ""
    }. ctr attaches none: monitoring and security products do.`,
    evidence: [
      ...(xdp === undefined ? [] : [{ source: `ip -details link show ${device}`, value: `xdp program ${xdp}` }]),
      ...(link?.tcFilters ?? []).map((value) => ({ source: `tc filter show dev ${device} ingress`, value })),
      ...(text(obstacle, "program") === "" ? [] : [{ source: "program", value: text(obstacle, "program") }]),
    ],
    fix: byHand(
      "Ask whoever attached it; this takes it off.",
      xdp === undefined
        ? ["tc", "filter", "delete", "dev", device, "ingress"]
        : ["ip", "link", "set", device, "xdp", "off"],
    ),
  };
}
