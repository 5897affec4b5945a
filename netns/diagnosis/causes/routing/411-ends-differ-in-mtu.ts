import { type Cable, cableOfLink } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST } from "../../types/index.ts";
import { deviceOf, placeOf } from "../facts.ts";
import { repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { cableName, inspectCables } from "../links/cables.ts";

/** A veth end takes no frame that is longer than its own MTU, whatever the other end has, and tells nobody. */
export const endsDifferInMtu: Cause = {
  code: "CTRN411",
  severity: "error",
  heading: "The two ends of a cable take packets of different size",

  inspect: (context) => inspectCables(endsDifferInMtu, context, isFaulty, caseOf),

  explain: (context) =>
    obstaclesOfKind(context, "mtu-of-peer", "too-big").flatMap((obstacle) => {
      const [place, device] = [placeOf(obstacle), deviceOf(obstacle)];
      const cable = cableOfLink(context.view, place, device) ?? cableOfLink(context.view, HOST, device);
      return cable === undefined || !isFaulty(cable) ? [] : found(endsDifferInMtu, obstacle, caseOf(cable));
    }),
};

const isFaulty = ({ inside, outside }: Cable): boolean =>
  inside !== undefined && outside !== undefined && inside.mtu !== outside.mtu;

function caseOf(cable: Cable): Case {
  const { hostInterface, interfaceName, inside, outside, container, network } = cable;
  return {
    object: cableName(cable),
    title: `Big packets vanish in the cable of container ${container.name}: its two ends take different sizes.`,
    explanation:
      `${interfaceName} in the container has an MTU of ${inside?.mtu}, ${hostInterface} on the host one of ${outside?.mtu}. What fits the ` +
      "one and not the other is dropped without a word. Somebody has changed one of the two.",
    evidence: [
      {
        source: `ip link show ${hostInterface}`,
        value: `mtu ${outside?.mtu}`,
        expected: `mtu ${network.mtu ?? outside?.mtu}`,
      },
      {
        source: `ip link show ${interfaceName} (in ${container.name})`,
        value: `mtu ${inside?.mtu}`,
        expected: `mtu ${network.mtu ?? inside?.mtu}`,
      },
    ],
    fix: repaired("ctr gives both ends the network's MTU."),
  };
}
