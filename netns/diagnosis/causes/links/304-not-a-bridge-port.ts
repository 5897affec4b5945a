import type { Cable } from "../../intended.ts";
import { obstaclesOf } from "../../obstacles.ts";
import type { Cause } from "../../types/index.ts";
import { repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { cableAt, cableName, inspectCables, REPAIR_TEXT } from "./cables.ts";

export const notABridgePort: Cause = {
  code: "CTRN304",
  severity: "error",
  heading: "A container's cable is not plugged into its bridge",

  inspect: (context) => inspectCables(notABridgePort, context, isFaulty, caseOf),

  explain: (context) =>
    obstaclesOf(context).flatMap((obstacle) => {
      const cable = obstacle.kind === "not-a-bridge-port" ? cableAt(context.view, obstacle) : undefined;
      return cable === undefined ? [] : found(notABridgePort, obstacle, caseOf(cable));
    }),
};

const isFaulty = ({ outside, bridge, bridgeName }: Cable): boolean =>
  outside !== undefined && bridge !== undefined && outside.master !== bridgeName;

function caseOf(cable: Cable): Case {
  const { hostInterface, bridgeName, container, network, outside } = cable;
  const master = outside?.master;
  return {
    object: cableName(cable),
    title: `The cable of container ${container.name} is not plugged into network ${network.name}.`,
    explanation:
      `${hostInterface} has to be a port of the bridge ${bridgeName}, and ${master === undefined ? "is a port of none" : `is one of ${master}`}. ` +
      "Somebody has taken it out; network managers do that to links that they think are theirs.",
    evidence: [
      {
        source: `ip link show ${hostInterface}`,
        value: `master ${master ?? "none"}`,
        expected: `master ${bridgeName}`,
      },
    ],
    fix: repaired(REPAIR_TEXT),
  };
}
