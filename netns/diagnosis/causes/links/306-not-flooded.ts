import type { Cable } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import type { BridgePortState, Cause } from "../../types/index.ts";
import { repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { cableAt, cableName, inspectCables, REPAIR_TEXT } from "./cables.ts";

export const notFlooded: Cause = {
  code: "CTRN306",
  severity: "error",
  heading: "The bridge does not know where a container is, and does not ask",

  inspect: (context) => inspectCables(notFlooded, context, isFaulty, caseOf),

  explain: (context) =>
    obstaclesOfKind(context, "not-flooded").flatMap((obstacle) => {
      const cable = cableAt(context.view, obstacle);
      return cable === undefined ? [] : found(notFlooded, obstacle, { ...caseOf(cable), severity: "error" });
    }),
};

const isFaulty = ({ outside }: Cable): boolean => outside?.port !== undefined && wordsOf(outside.port).length > 0;

function wordsOf({ flood, learning, broadcastFlood, multicastFlood }: BridgePortState): string[] {
  return [
    ...(flood ? [] : ["flood off"]),
    ...(learning ? [] : ["learning off"]),
    ...(broadcastFlood === false ? ["bcast_flood off"] : []),
    ...(multicastFlood === false ? ["mcast_flood off"] : []),
  ];
}

/** One of both alone does harm only now and then. */
function caseOf(cable: Cable): Case {
  const { hostInterface, container, outside } = cable;
  const options = outside?.port === undefined ? [] : wordsOf(outside.port);
  const words = options.join(", ");
  return {
    object: cableName(cable),
    title: `The bridge throws away frames for container ${container.name}, because it does not know behind which port the container is.`,
    explanation:
      "A bridge learns from what containers send where they are, and sends to all ports what it does not know. For " +
      `${hostInterface} this is switched off (${words}).`,
    severity: options.length > 1 ? "error" : "warning",
    evidence: [{ source: `bridge -d link show dev ${hostInterface}`, value: words, expected: "learning on, flood on" }],
    fix: repaired(REPAIR_TEXT),
  };
}
