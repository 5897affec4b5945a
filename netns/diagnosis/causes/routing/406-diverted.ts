import { type Obstacle, obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type FlowContext, HOST } from "../../types/index.ts";
import { deviceOf, placeOf, text } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { MAIN_TABLE, routeDeletion, routeOver, routeText, ruleDeletion, ruleText } from "./policy-rules.ts";

export const diverted: Cause = {
  code: "CTRN406",
  severity: "error",
  heading: "A routing rule sends containers' traffic another way",

  explain: (context) =>
    obstaclesOfKind(context, "misrouted", "answer-misrouted").flatMap((obstacle) => {
      if (placeOf(obstacle) !== HOST) return [];
      const destination = obstacle.packet?.destination ?? context.flow.destination;
      // What is for a container and goes elsewhere is told as an overlap of addresses.
      return context.view.networkOfAddress(destination) === undefined
        ? found(diverted, obstacle, caseOf(context, obstacle))
        : [];
    }),
};

function caseOf({ view, flow }: FlowContext, obstacle: Obstacle): Case {
  const [device, table] = [deviceOf(obstacle), text(obstacle, "table")];
  // That the main table is looked into is no rule to wonder about: it is one of its routes.
  const rule = view.host.rules.find(
    (one) =>
      one.action === "table" && one.table !== MAIN_TABLE && String(one.table) === table && one.family === flow.family,
  );
  const route =
    rule === undefined ? routeOver(view.host, device, obstacle.packet?.destination ?? flow.destination) : undefined;
  const expected = text(obstacle, "expectedDevice");
  return {
    object:
      rule === undefined
        ? `route of the host${route === undefined ? ` over ${device}` : `: ${routeText(route)}`}`
        : `routing rule of the host: ${ruleText(rule)}`,
    title: `The host sends this traffic out by ${device || "another link"}${expected === "" ? "" : ` and not by ${expected}`}, from where nothing comes back.`,
    explanation:
      `${rule === undefined ? `The route${route === undefined ? "" : ` “${routeText(route)}”`}` : `The rule “${ruleText(rule)}”`} takes it there${table === "" ? "" : ` (routing table ${table})`}. VPN programs make such rules; ` +
      "containers' packets fall under them, and the table leads nowhere for them.",
    evidence: [
      {
        source: rule === undefined ? "ip route show table all" : "ip rule",
        value: rule === undefined ? (route === undefined ? obstacle.text : routeText(route)) : ruleText(rule),
      },
    ],
    fix: byHand(
      rule === undefined
        ? "Take that way out of the routes, or let a more specific route lead where it has to."
        : "Take the rule away, or let an earlier one lead containers' subnets to the main table.",
      ...(rule === undefined ? (route === undefined ? [] : [routeDeletion(route)]) : [ruleDeletion(rule)]),
    ),
  };
}
