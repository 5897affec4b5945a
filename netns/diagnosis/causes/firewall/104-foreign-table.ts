import { bridgeNetworks } from "../../intended.ts";
import { type RulesetChain, rulesetOf } from "../../ruleset.ts";
import type { Cause } from "../../types/index.ts";
import { isTrue, placeOf } from "../facts.ts";
import { acceptFix, filterEvidence, filterName, filtersOf, makerOf, verdictText } from "../filters.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";

/** A verdict holds for its table alone: a packet has to be accepted in each base chain of a hook, see nft(8). */
export const foreignTable: Cause = {
  code: "CTRN104",
  severity: "error",
  heading: "Another firewall drops the traffic",

  inspect({ snapshot, view }) {
    const used = bridgeNetworks(snapshot).filter((network) => network.used);
    const chains = used.length === 0 ? [] : (rulesetOf(view.host)?.chains ?? []);
    return chains.filter(dropsAllForwarded).map((chain) => {
      const name = `table ${chain.family} ${chain.table}, chain ${chain.name}`;
      return found(foreignTable, undefined, {
        object: name,
        title:
          "Another firewall on this host throws away what goes from one network to another, containers' traffic too.",
        explanation:
          `${name} drops everything that is forwarded. That ctr accepts a packet does not help: every table has to. ` +
          "Containers reach nothing outside, and their published ports are not reached.",
        evidence: [
          {
            source: `nft list chain ${chain.family} ${chain.table} ${chain.name}`,
            value: `policy ${chain.policy ?? "accept"}, ${chain.rules.length} rules`,
          },
        ],
        fix: byHand(
          "Let containers' traffic pass in that firewall; make it lasting in the settings of whatever wrote it.",
          ...used.flatMap(({ bridge }) =>
            ["iifname", "oifname"].map((word) => [
              ...["nft", "insert", "rule", chain.family, chain.table, chain.name, word, bridge, "accept"],
            ]),
          ),
        ),
      });
    });
  },

  explain: (context) =>
    filtersOf(context, "foreign-table").map((filter) =>
      found(foreignTable, filter, {
        object: filterName(filter),
        title: `Another firewall on this host ${isTrue(filter, "uncertain") ? "may drop" : "drops"} the traffic: ${filterName(filter)}.`,
        explanation:
          `The table was made by ${makerOf(context, filter)}. ctr's accept is not enough: a packet has to be accepted by every ` +
          `table, and one drop is final (${verdictText(filter)}).`,
        evidence: filterEvidence(filter),
        fix: acceptFix(context, filter, context.view.nameOf(placeOf(filter))),
      }),
    ),
};

/**
 * Nothing passes: the policy drops and no rule decides otherwise, or the first rule drops whatever comes. A chain with
 * other rules may accept what has to pass: whether it does is for a walk.
 */
function dropsAllForwarded({ family, table, type, hook, policy, rules }: RulesetChain): boolean {
  if (type !== "filter" || hook !== "forward" || !["ip", "inet"].includes(family)) return false;
  if (family === "inet" && table === "ctr") return false;
  const verdicts = rules.map(({ json }) => /"(accept|drop|reject|jump|goto|queue|xt|vmap|return)"/.test(json));
  const first = rules.findIndex((_, index) => verdicts[index]);
  if (first < 0) return policy === "drop";
  return rules[first]?.expressions.every((one) => "drop" in one || "counter" in one || "log" in one) === true;
}
