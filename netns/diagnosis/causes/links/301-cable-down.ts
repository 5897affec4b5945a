import { type Cable, cableOfLink } from "../../intended.ts";
import { type Obstacle, obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST, type StateContext } from "../../types/index.ts";
import { deviceOf, placeOf } from "../facts.ts";
import { byHand, repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { cableAt, cableName, inspectCables, REPAIR_TEXT } from "./cables.ts";

export const cableDown: Cause = {
  code: "CTRN301",
  severity: "error",
  heading: "A container's cable is down on the host's side, or gone",

  inspect: (context) => inspectCables(cableDown, context, isFaulty, caseOf),

  explain: (context) =>
    obstaclesOfKind(context, "link-down", "no-carrier").flatMap((obstacle) => {
      const cable = cableAt(context.view, obstacle);
      if (cable !== undefined) return isFaulty(cable) ? found(cableDown, obstacle, caseOf(cable)) : [];
      const details = caseOfOther(context, obstacle);
      return details === undefined ? [] : found(cableDown, obstacle, details);
    }),
};

const isFaulty = ({ outside }: Cable): boolean => outside === undefined || !outside.up;

function caseOf(cable: Cable): Case {
  const { hostInterface, container, outside } = cable;
  const isGone = outside === undefined;
  return {
    object: cableName(cable),
    title: `The cable of container ${container.name} is ${isGone ? "gone" : "switched off"} on the host's side: the container is cut off.`,
    explanation: `${hostInterface} is the host's end of the cable to ${container.name}. Somebody has ${
      isGone ? "deleted it" : "set it down"
    }; no frame passes in either direction.`,
    evidence: [{ source: `ip link show ${hostInterface}`, value: isGone ? "does not exist" : "down", expected: "up" }],
    fix: repaired(REPAIR_TEXT),
  };
}

/** An uplink, or a link of somebody else; bridges and containers' ends have causes of their own. */
function caseOfOther({ view }: StateContext, obstacle: Obstacle): Case | undefined {
  const [place, device] = [placeOf(obstacle), deviceOf(obstacle)];
  if (place !== HOST || device === "" || view.networkOfBridge(device) !== undefined) return undefined;
  if (cableOfLink(view, place, device) !== undefined) return undefined;
  const link = view.host.links.find(({ name }) => name === device);
  const state = link?.up === true ? "has no carrier: nothing is plugged in" : "is switched off";
  return {
    object: `link ${device}`,
    title: `The host's link ${device}, by which this traffic leaves, ${state}.`,
    explanation: "The link is the host's own. ctr neither makes nor changes it.",
    evidence: [{ source: `ip link show ${device}`, value: state, expected: "up, with carrier" }],
    fix: byHand("Switch it on, or mend its cable.", ["ip", "link", "set", device, "up"]),
  };
}
