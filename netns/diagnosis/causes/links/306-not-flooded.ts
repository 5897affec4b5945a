import type { Cable } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import type { Cause } from "../../types/index.ts";
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

const isFaulty = ({ outside }: Cable): boolean =>
  outside?.port !== undefined && !(outside.port.flood && outside.port.learning);

/** One of both alone does harm only now and then. */
function caseOf(cable: Cable): Case {
  const { hostInterface, container, outside } = cable;
  const { flood = false, learning = false } = outside?.port ?? {};
  const words = [...(flood ? [] : ["flood off"]), ...(learning ? [] : ["learning off"])].join(", ");
  return {
    object: cableName(cable),
    title: `The bridge throws away frames for container ${container.name}, because it does not know behind which port the container is.`,
    explanation:
      "A bridge learns from what containers send where they are, and sends to all ports what it does not know. For " +
      `${hostInterface} this is switched off (${words}).`,
    severity: flood || learning ? "warning" : "error",
    evidence: [{ source: `bridge -d link show dev ${hostInterface}`, value: words, expected: "learning on, flood on" }],
    fix: repaired(REPAIR_TEXT),
  };
}
