import type { Cable } from "../../intended.ts";
import { obstaclesOf } from "../../obstacles.ts";
import { type Cause, HOST } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { cableAt, cablesInPlace, insideName, inspectCables } from "./cables.ts";

export const insideDown: Cause = {
  code: "CTRN303",
  severity: "error",
  heading: "The link is down inside the container",

  inspect: (context) => inspectCables(insideDown, context, isFaulty, caseOf),

  // A link that goes down takes its routes along: then that is what the packet meets first.
  explain: (context) =>
    obstaclesOf(context).flatMap((obstacle) => {
      const atLink = ["link-down", "no-carrier", "network-down", "port-blocked"].includes(obstacle.kind);
      const atRoute = ["no-route", "no-source-address"].includes(obstacle.kind) && placeOf(obstacle) !== HOST;
      const cable = atLink ? cableAt(context.view, obstacle) : undefined;
      const all = atRoute || obstacle.kind === "network-down" ? cablesInPlace(context.view, placeOf(obstacle)) : [];
      const faulty = (cable === undefined ? all : [cable]).find(isFaulty);
      return faulty === undefined ? [] : found(insideDown, obstacle, caseOf(faulty));
    }),
};

const isFaulty = ({ inside }: Cable): boolean => inside !== undefined && !inside.up;

function caseOf(cable: Cable): Case {
  const { interfaceName, container } = cable;
  return {
    object: insideName(cable),
    title: `The network link of container ${container.name} is switched off inside the container.`,
    explanation: `${interfaceName} is down in ${container.name}, and its routes went with it. A program in the container that may change the network has done that.`,
    evidence: [{ source: `ip link show ${interfaceName} (in ${container.name})`, value: "down", expected: "up" }],
    fix: repaired("ctr switches it on, and gives it its addresses and routes again."),
  };
}
