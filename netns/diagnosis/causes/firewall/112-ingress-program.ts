import { cablesOf } from "../../intended.ts";
import { type Obstacle, obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type FlowContext, HOST } from "../../types/index.ts";
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

function caseOfProgram({ view, walk }: FlowContext, obstacle: Obstacle) {
  const isOnTheWayOut = obstacle.seen.some((line) => line.includes("TC_EGRESS"));
  const place = placeOf(obstacle);
  // A packet is seen at a link that it leaves by only when it has passed the filter there.
  const device = isOnTheWayOut ? filteredLink({ view, walk }, place) : deviceOf(obstacle);
  const hook = isOnTheWayOut ? "egress" : "ingress";
  const link = view.namespace(place)?.links.find(({ name }) => name === device);
  const xdp = link?.xdp;
  const isOurs = place === HOST && cablesOf(view).some(({ hostInterface }) => hostInterface === device);
  return {
    object: `link ${device}${place === HOST ? "" : ` of ${view.nameOf(place)}`}`,
    title: `A program that hangs on ${device} takes packets away ${isOnTheWayOut ? "as they go out there" : "before the network sees them"}.`,
    explanation: `${xdp === undefined ? "A filter of tc" : `An XDP program (id ${xdp})`} is attached to the link${
      isOurs ? ", which is a container's cable" : ""
    }. ctr attaches none: monitoring and security products do.`,
    evidence: [
      ...(xdp === undefined ? [] : [{ source: `ip -details link show ${device}`, value: `xdp program ${xdp}` }]),
      ...(link?.tcFilters ?? []).map((value) => ({ source: `tc filter show dev ${device} ${hook}`, value })),
      ...(text(obstacle, "program") === "" ? [] : [{ source: "program", value: text(obstacle, "program") }]),
    ],
    fix: byHand(
      "Ask whoever attached it; this takes it off.",
      xdp === undefined ? ["tc", "filter", "delete", "dev", device, hook] : ["ip", "link", "set", device, "xdp", "off"],
    ),
  };
}

/** The one on the way, at that place, with a filter for what goes out; else any that has one. */
function filteredLink({ view, walk }: Pick<FlowContext, "view" | "walk">, place: string): string {
  const filtered = (view.namespace(place)?.links ?? []).filter(({ tcFilters }) =>
    tcFilters.some((filter) => filter.startsWith("egress")),
  );
  const texts = [...walk.there, ...walk.back].filter((hop) => hop.place === place).map(({ text }) => text);
  const onTheWay = filtered.find(({ name }) => texts.some((text) => text.split(/[\s:,]+/).includes(name)));
  return (onTheWay ?? filtered[0])?.name ?? "the link";
}
