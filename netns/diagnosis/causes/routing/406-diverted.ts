import { type Obstacle, obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type FlowContext, HOST } from "../../types/index.ts";
import { deviceOf, placeOf, text } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { ruleDeletion, ruleText } from "./policy-rules.ts";

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
  const rule = view.host.rules.find(
    (one) => one.action === "table" && table !== "" && String(one.table) === table && one.family === flow.family,
  );
  const expected = text(obstacle, "expectedDevice");
  return {
    object: rule === undefined ? `route of the host over ${device}` : `routing rule of the host: ${ruleText(rule)}`,
    title: `The host sends this traffic out by ${device || "another link"}${expected === "" ? "" : ` and not by ${expected}`}, from where nothing comes back.`,
    explanation:
      `${rule === undefined ? "A route" : `The rule “${ruleText(rule)}”`} takes it there${table === "" ? "" : ` (routing table ${table})`}. VPN programs make such rules; ` +
      "containers' packets fall under them, and the table leads nowhere for them.",
    evidence: [
      {
        source: rule === undefined ? "ip route show table all" : "ip rule",
        value: rule === undefined ? obstacle.text : ruleText(rule),
      },
    ],
    fix: byHand(
      "Take the rule away, or let an earlier one lead containers' subnets to the main table.",
      ...(rule === undefined ? [] : [ruleDeletion(rule)]),
    ),
  };
}
