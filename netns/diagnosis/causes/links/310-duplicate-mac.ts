import { type Cable, cablesOn } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import type { Cause, StateContext } from "../../types/index.ts";
import { text } from "../facts.ts";
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

  explain: (context) =>
    obstaclesOfKind(context, "wrong-bridge-port", "neighbour-wrong", "not-flooded").flatMap((obstacle) => {
      const macs = [text(obstacle, "mac"), text(obstacle, "expectedMac")];
      const cable = context.snapshot.intent.networks
        .flatMap(({ bridge }) => (bridge === undefined ? [] : cablesOn(context.view, bridge)))
        .find((one) => macs.includes(one.inside?.mac ?? "") && isChanged(one) && twinsOf(context, one).length > 0);
      return cable === undefined ? [] : found(duplicateMac, obstacle, caseOf(context, cable));
    }),
};

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
