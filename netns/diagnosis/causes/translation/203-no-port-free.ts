import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type FlowContext, HOST } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import { changesOf } from "../translated.ts";

/** Two connections to one destination cannot leave with one address and port. */
export const noPortFree: Cause = {
  code: "CTRN203",
  severity: "error",
  heading: "No port is left for another connection to the outside",

  explain(context) {
    const read = obstaclesOfKind(context, "no-port-free").filter((obstacle) => placeOf(obstacle) === HOST);
    const clashes = clashesSeen(context);
    if (read.length === 0 && clashes === 0) return [];
    // A rule of somebody else's that allows few ports is where it comes from.
    const rule = changesOf(context.walk).find(({ what, direction }) => what === "source" && direction === "there");
    return [
      found(noPortFree, read[0], {
        object: rule?.table ?? "address translation of the host",
        title: "The host has no port left to give this connection when it leaves: two connections would look the same.",
        explanation:
          "All containers share the host's address outside, and tell their connections apart by port. A rule that allows few " +
          "ports, or very many connections to one server, leave none. The kernel then drops the first packet; programs try " +
          "again after 1 or 5 seconds.",
        evidence: [
          {
            source: "conntrack -S",
            value: `insert_failed ${context.view.host.conntrack?.statistics["insert_failed"] ?? 0}`,
          },
          ...(rule === undefined ? [] : [{ source: rule.hop.evidence[0] ?? rule.table, value: rule.hop.text }]),
          ...(clashes > 0 ? [{ source: "packet", value: `insert_failed rose by ${clashes}` }] : []),
        ],
        confidence: clashes > 0 ? "confirmed" : "likely",
        fix: byHand(
          "Look for a masquerade or snat rule with a narrow range of ports; give the host more source addresses.",
          [...["nft", "list", "ruleset"]],
        ),
      }),
    ];
  },
};

const clashesSeen = ({ observations }: FlowContext): number =>
  observations?.counters
    .filter(({ name, place }) => place === HOST && name.toLowerCase().endsWith("insert_failed"))
    .reduce((sum, { change }) => sum + change, 0) ?? 0;
