import { type Cable, cableOfLink, cablesOf } from "../../intended.ts";
import { type Obstacle, obstaclesOf, obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type Finding, type FlowContext, HOST, type StateContext } from "../../types/index.ts";
import { deviceOf, placeOf, text } from "../facts.ts";
import { byHand, repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { cableAt, cableName, inspectCables, REPAIR_TEXT } from "./cables.ts";

export const cableDown: Cause = {
  code: "CTRN301",
  severity: "error",
  heading: "A container's cable is down on the host's side, or gone",

  inspect: (context) => inspectCables(cableDown, context, isFaulty, caseOf),

  explain: (context) => [
    ...lostCables(context),
    ...obstaclesOfKind(context, "link-down", "no-carrier").flatMap((obstacle) => {
      const cable = cableAt(context.view, obstacle);
      if (cable !== undefined) return isFaulty(cable) ? found(cableDown, obstacle, caseOf(cable)) : [];
      const details = caseOfOther(context, obstacle);
      return details === undefined ? [] : found(cableDown, obstacle, details);
    }),
  ],
};

/** Of a cable that is gone both ends are: then nobody answers for the container, and it has no link itself. */
function lostCables(context: FlowContext): Finding[] {
  const gone = cablesOf(context.view).filter(({ outside }) => outside === undefined);
  return obstaclesOf(context).flatMap((obstacle) => {
    const isAsked = obstacle.kind === "neighbour-silent";
    const isInside = ["network-down", "no-source-address", "no-route"].includes(obstacle.kind);
    const address = text(obstacle, "address") || (obstacle.packet?.destination ?? "");
    const cable = gone.find(
      ({ endpoint, namespace }) =>
        (isInside && namespace.key === placeOf(obstacle)) ||
        (isAsked && address !== "" && [endpoint.address, endpoint.address6].includes(address)),
    );
    return cable === undefined ? [] : found(cableDown, obstacle, caseOf(cable));
  });
}

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
