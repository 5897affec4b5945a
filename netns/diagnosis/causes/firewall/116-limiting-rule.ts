import type { Obstacle } from "../../obstacles.ts";
import { spares, succeeded } from "../../outcomes.ts";
import type { Cause, Finding, FlowContext } from "../../types/index.ts";
import { number, placeOf, text } from "../facts.ts";
import { filterEvidence, filterName, filtersOf, verdictText } from "../filters.ts";
import { byHand, inPlace } from "../fixes.ts";
import { found } from "../found.ts";

/** `limit`, `ct count`, `numgen`: some packets pass, others do not. */
export const limitingRule: Cause = {
  code: "CTRN116",
  severity: "error",
  heading: "A firewall rule drops a part of the traffic",

  explain: (context) => [
    ...contentRules(context),
    ...filtersOf(context, "limit").map((filter) => {
      const chain = [text(filter, "family"), text(filter, "table"), text(filter, "chain")];
      const handle = number(filter, "handle");
      const name = context.view.nameOf(placeOf(filter));
      const command =
        handle === undefined
          ? ["nft", "-a", "list", "chain", ...chain]
          : ["nft", "delete", "rule", ...chain, "handle", String(handle)];
      return found(limitingRule, filter, {
        object: filterName(filter),
        title: `A firewall rule drops some of the connections: those above a number or a rate, or by chance (${filterName(filter)}).`,
        explanation: `One attempt passes and the next does not. The rule: ${verdictText(filter)}.`,
        // Where nothing was lost it is worth knowing, no more.
        severity: hasLost(context, filter) ? "error" : "warning",
        evidence: filterEvidence(filter),
        fix: byHand("Raise the limit, or take the rule away.", inPlace(placeOf(filter), name, command)),
      });
    }),
  ],
};

/** What a connection carries, or how much of it: the first packets do not show it. */
const BY_CONTENT =
  /-m (?:string|connbytes|quota)\b|\bct (?:original |reply )?(?:bytes|packets|avgpkt)\b|@(?:ih|nh|th),/;

/** The connection is made, and such a rule may still end it: worth a word where nothing else is wrong. */
function contentRules(context: FlowContext): Finding[] {
  const { walk, observations, view } = context;
  if (observations === undefined || !observations.attempts.every(succeeded)) return [];
  const rules = walk.deaths.filter(
    ({ death: { kind, facts } }) =>
      (kind === "filter-drop" || kind === "filter-reject") &&
      facts["uncertain"] === true &&
      BY_CONTENT.test(String(facts["ruleText"])),
  );
  const [first] = rules;
  if (first === undefined) return [];
  const { facts } = first.death;
  const chain = `table ${facts["family"]} ${facts["table"]}, chain ${facts["chain"]}`;
  return [
    found(limitingRule, undefined, {
      severity: "note",
      confidence: "possible",
      object: chain,
      title: `The connection is made; a rule looks at what it carries and may drop it then (${chain}).`,
      explanation: `Only the connection was tried, and no data was sent to the program. The rule: ${facts["ruleText"]}.`,
      evidence: first.hop.evidence.map((value) => ({ source: `rules of ${view.nameOf(first.hop.place)}`, value })),
      fix: byHand("If programs are connected and then hear nothing, look at that rule first."),
    }),
  ];
}

function hasLost({ observations }: FlowContext, { kind, facts }: Obstacle): boolean {
  const attempts = observations?.attempts ?? [];
  if (attempts.length > 0) return !attempts.every(succeeded);
  return !spares({ kind, facts, seen: "silence" });
}
