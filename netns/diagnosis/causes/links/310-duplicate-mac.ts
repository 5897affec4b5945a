import { type Cable, cablesOf, cablesOn } from "../../intended.ts";
import { obstaclesOf, obstaclesOfKind } from "../../obstacles.ts";
import { succeeded } from "../../outcomes.ts";
import type { Cause, Finding, FlowContext, StateContext } from "../../types/index.ts";
import { placeOf, text } from "../facts.ts";
import { repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { inspectCables } from "./cables.ts";

export const duplicateMac: Cause = {
  code: "CTRN310",
  severity: "error",
  heading: "Two containers have the same hardware address",

  inspect: (context) =>
    inspectCables(
      duplicateMac,
      context,
      (cable) => isChanged(cable) && twinsOf(context, cable).length > 0,
      (cable) => caseOf(context, cable),
    ),

  explain(context) {
    const obstacles = obstaclesOfKind(context, "wrong-bridge-port", "neighbour-wrong", "not-flooded");
    const atObstacle = obstacles.flatMap((obstacle) => {
      const macs = [text(obstacle, "mac"), text(obstacle, "expectedMac")];
      const cable = changedTwins(context).find(({ inside }) => macs.includes(inside?.mac ?? ""));
      return cable === undefined ? [] : found(duplicateMac, obstacle, caseOf(context, cable));
    });
    return atObstacle.length > 0 ? atObstacle : lostBetweenTwins(context);
  },
};

const changedTwins = (context: StateContext): readonly Cable[] =>
  cablesOf(context.view).filter((cable) => isChanged(cable) && twinsOf(context, cable).length > 0);

/** Where the bridge has learned the address last, nobody can tell: a packet that is lost on the way to a twin tells. */
function lostBetweenTwins(context: FlowContext): Finding[] {
  const { observations, walk, flow } = context;
  const isLost = observations?.attempts.some((attempt) => !succeeded(attempt)) === true;
  if (!isLost) return [];
  const addresses = [flow.source, flow.destination, ...walk.there.map(({ packet }) => packet.destination)];
  const isConcerned = ({ endpoint }: Cable): boolean => addresses.includes(endpoint.address);
  const obstacles = obstaclesOf(context);
  return changedTwins(context).flatMap((cable) => {
    const both = [cable, ...twinsOf(context, cable)];
    // The other one, where the packet comes to by mistake, throws it away in one way or another.
    const isAstray = obstacles.every((obstacle) => both.some(({ namespace }) => namespace.key === placeOf(obstacle)));
    return both.some(isConcerned) && isAstray ? found(duplicateMac, obstacles[0], caseOf(context, cable)) : [];
  });
}

/** The one of the two that has not the address that it was given; either, when both were given the same. */
const isChanged = ({ inside, endpoint }: Cable): boolean =>
  inside !== undefined && (inside.mac !== endpoint.macAddress || endpoint.asked.mac !== undefined);

/** Others on the bridge with the same hardware address. */
export function twinsOf({ view }: StateContext, { inside, bridgeName, hostInterface }: Cable): readonly Cable[] {
  if (inside === undefined) return [];
  return cablesOn(view, bridgeName).filter(
    (one) => one.hostInterface !== hostInterface && one.inside?.mac === inside.mac,
  );
}

function caseOf(context: StateContext, cable: Cable): Case {
  const { container, interfaceName, inside, endpoint } = cable;
  const other = twinsOf(context, cable)[0]?.container.name ?? "another container";
  return {
    object: `hardware address ${inside?.mac} of container ${container.name}`,
    title: `The containers ${container.name} and ${other} have the same hardware address: the bridge confuses them.`,
    explanation:
      `A bridge finds containers by hardware address. Each frame from one of the two moves the address to its port, and what ` +
      `is for the other goes astray. ${container.name} was given ${endpoint.macAddress}.`,
    evidence: [
      {
        source: `ip link show ${interfaceName} (in ${container.name})`,
        value: inside?.mac ?? "",
        expected: endpoint.macAddress,
      },
    ],
    fix: repaired("ctr gives the container its own address again."),
  };
}
