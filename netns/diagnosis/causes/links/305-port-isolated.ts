import { settingsOf } from "../../../networks/options.ts";
import type { Cable } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import type { Cause, StateContext } from "../../types/index.ts";
import { repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { cableAt, cableName, inspectCables, REPAIR_TEXT } from "./cables.ts";

export const portIsolated: Cause = {
  code: "CTRN305",
  severity: "error",
  heading: "The bridge keeps a container apart from the others",

  // One alone is kept apart from nobody.
  inspect: (context) =>
    inspectCables(portIsolated, context, isFaulty, (cable) => ({
      ...caseOf(cable),
      severity: isolatedOn(context, cable.bridgeName) > 1 ? "error" : "note",
    })),

  explain: (context) =>
    obstaclesOfKind(context, "port-isolated").flatMap((obstacle) => {
      const cable = cableAt(context.view, obstacle);
      return cable === undefined || !settingsOf(cable.network).icc ? [] : found(portIsolated, obstacle, caseOf(cable));
    }),
};

/** Where containers are to be kept apart it is right. */
const isFaulty = ({ outside, network }: Cable): boolean => outside?.port?.isolated === true && settingsOf(network).icc;

const isolatedOn = ({ view }: StateContext, bridge: string): number =>
  view.host.links.filter(({ master, port }) => master === bridge && port?.isolated === true).length;

function caseOf(cable: Cable): Case {
  const { hostInterface, container, network } = cable;
  return {
    object: cableName(cable),
    title: `The bridge passes nothing between ${container.name} and other isolated containers of network ${network.name}.`,
    explanation:
      `The port ${hostInterface} is marked isolated: the bridge then sends nothing from it to other such ports. The way to the ` +
      "outside is open, so only containers among themselves are cut off. ctr marks ports so only where icc is false.",
    evidence: [{ source: `bridge -d link show dev ${hostInterface}`, value: "isolated on", expected: "isolated off" }],
    fix: repaired(REPAIR_TEXT),
  };
}
