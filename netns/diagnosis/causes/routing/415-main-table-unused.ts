import { obstaclesOfKind } from "../../obstacles.ts";
import {
  type Cause,
  HOST,
  type NamespaceState,
  type Place,
  type RoutingRule,
  type StateContext,
} from "../../types/index.ts";
import { placeOf, text } from "../facts.ts";
import { byHand, inPlace } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { looksIntoMain, ruleDeletion, ruleText } from "./policy-rules.ts";

type Family = 4 | 6;

/** Routes are in the main table unless somebody puts them elsewhere; a routing rule says that it is looked into (ip-rule(8)). */
export const mainTableUnused: Cause = {
  code: "CTRN415",
  severity: "error",
  heading: "Nobody looks into the main routing table",

  inspect: (context) =>
    context.snapshot.namespaces.flatMap((namespace) =>
      isBlind(namespace, 4) ? found(mainTableUnused, undefined, caseOf(context, namespace.key, 4)) : [],
    ),

  explain: (context) =>
    obstaclesOfKind(context, "no-route", "no-source-address", "answer-unroutable", "misrouted").flatMap((obstacle) => {
      const place = placeOf(obstacle);
      const namespace = context.view.namespace(place);
      const { family } = context.flow;
      const jump = jumpAt(namespace, family, text(obstacle, "viaRule"));
      if (jump !== undefined) return found(mainTableUnused, obstacle, caseOfJump(context, place, jump));
      return namespace !== undefined && isBlind(namespace, family)
        ? found(mainTableUnused, obstacle, caseOf(context, place, family))
        : [];
    }),
};

/** There are rules, and none leads there, while there are routes in it. */
const isBlind = (namespace: NamespaceState, family: Family): boolean =>
  namespace.rules.some((rule) => rule.family === family) && !looksIntoMain(namespace, family);

/** The rule that led the packet past the tables in which there are routes. */
const jumpAt = (namespace: NamespaceState | undefined, family: Family, priority: string): RoutingRule | undefined =>
  namespace?.rules.find(
    (rule) => rule.family === family && rule.action === "goto" && String(rule.priority) === priority,
  );

function caseOfJump({ view }: StateContext, place: Place, rule: RoutingRule): Case {
  const name = view.nameOf(place);
  return {
    object: `routing rule of ${place === HOST ? "the host" : `container ${name}`}: ${ruleText(rule)}`,
    title: `A routing rule of ${place === HOST ? "the host" : `container ${name}`} jumps over the main routing table, so no way is known.`,
    explanation:
      "The routes are all there, and are not asked: what the rule applies to goes on with a rule behind the one that leads to " +
      "them (ip rule, goto).",
    evidence: [{ source: `ip rule (in ${name})`, value: ruleText(rule), expected: "no such rule" }],
    fix: byHand("Take the rule away.", inPlace(place, name, ruleDeletion(rule))),
  };
}

function caseOf({ view }: StateContext, place: Place, family: Family): Case {
  const name = view.nameOf(place);
  const ip = family === 6 ? ["ip", "-6"] : ["ip"];
  const rules = (view.namespace(place)?.rules ?? []).filter((rule) => rule.family === family);
  return {
    object: `routing rules of ${place === HOST ? "the host" : `container ${name}`}`,
    title: `${place === HOST ? "The host" : `The container ${name}`} does not look into its main routing table: the rule that leads there is gone.`,
    explanation:
      "The routes are all there, and are not asked. A VPN program, or somebody who has changed the routing rules, has taken the " +
      "rule away (ip rule).",
    evidence: [
      {
        source: `${ip.join(" ")} rule (in ${name})`,
        value: rules.map(ruleText).join("; "),
        expected: "32766: from all lookup main",
      },
    ],
    fix: byHand(
      "Put the rule back.",
      inPlace(place, name, [...ip, "rule", "add", "priority", "32766", "lookup", "main"]),
    ),
  };
}
