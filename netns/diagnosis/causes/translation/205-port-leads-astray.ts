import { wantedElements } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { rulesetOf } from "../../ruleset.ts";
import type { Cause, FlowContext, StateContext } from "../../types/index.ts";
import { text } from "../facts.ts";
import { repaired } from "../fixes.ts";
import { found } from "../found.ts";

interface WrongElement {
  readonly owner: string;
  readonly collection: string;
  readonly key: string;
  readonly value: string;
  readonly wanted: string;
}

export const portLeadsAstray: Cause = {
  code: "CTRN205",
  severity: "error",
  heading: "A published port leads to the wrong address",

  inspect: (context) => wrongElements(context).map((element) => found(portLeadsAstray, undefined, caseOf(element))),

  explain: (context) =>
    obstaclesOfKind(context, "translated-astray", "neighbour-silent", "no-listener").flatMap((obstacle) => {
      if (text(obstacle, "side") === "source") return [];
      const element = wrongElements(context).find((one) =>
        concerns(one, context, text(obstacle, "address") || (obstacle.packet?.destination ?? "")),
      );
      return element === undefined ? [] : found(portLeadsAstray, obstacle, caseOf(element));
    }),
};

/** Map elements with another value than the store's. */
export function wrongElements({ snapshot, view }: StateContext): WrongElement[] {
  const ruleset = rulesetOf(view.host);
  return wantedElements(snapshot).flatMap(({ collection, key, value: wanted, owner, entry }) => {
    if (entry.kind !== "hostPort" || wanted === undefined) return [];
    const value = ruleset?.elements("inet", "ctr", collection)?.find((element) => element.key === key)?.value;
    return value === undefined || value === wanted ? [] : { owner, collection, key, value, wanted };
  });
}

function concerns({ key, value }: WrongElement, { flow }: FlowContext, address: string): boolean {
  const isPort = key.endsWith(`${flow.protocol} . ${flow.destinationPort}`);
  return isPort && (address === "" || value.startsWith(`${address} `) || address === flow.destination);
}

function caseOf({ owner, collection, key, value, wanted }: WrongElement) {
  const [protocol = "", port = ""] = key.split(" . ").slice(-2);
  return {
    object: `port ${port}/${protocol} of ${owner}`,
    title: `Published port ${port}/${protocol} of ${owner} is led to ${value.replace(" . ", " port ")}, where the container is not.`,
    explanation:
      "Somebody has changed the entry in ctr's table, or it is left over from a former address. Clients wait, or reach another " +
      "program.",
    evidence: [{ source: `nft list map inet ctr ${collection}`, value: `${key} : ${value}`, expected: wanted }],
    fix: repaired("Writes all rules of ctr again."),
  };
}
