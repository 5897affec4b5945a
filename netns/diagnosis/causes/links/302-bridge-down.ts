import { bridgeNetworks, cableOfLink } from "../../intended.ts";
import { obstaclesOf } from "../../obstacles.ts";
import { type Cause, HOST, type StateContext } from "../../types/index.ts";
import { deviceOf, placeOf, text } from "../facts.ts";
import { repaired } from "../fixes.ts";
import { found } from "../found.ts";

export const bridgeDown: Cause = {
  code: "CTRN302",
  severity: "error",
  heading: "The bridge of a network is down, or gone",

  inspect: (context) =>
    bridgeNetworks(context.snapshot)
      .filter(({ bridge }) => isDown(context, bridge))
      .map(({ bridge, used }) =>
        found(bridgeDown, undefined, { ...caseOf(context, bridge), severity: used ? "error" : "warning" }),
      ),

  explain(context) {
    const networks = bridgeNetworks(context.snapshot).filter(({ bridge }) => isDown(context, bridge));
    const obstacle = obstaclesOf(context).find((one) => networks.some(({ bridge }) => concerns(context, one, bridge)));
    const network = obstacle && networks.find(({ bridge }) => concerns(context, obstacle, bridge));
    return network === undefined ? [] : [found(bridgeDown, obstacle, caseOf(context, network.bridge))];
  },
};

const isDown = ({ view }: StateContext, bridge: string): boolean =>
  view.host.links.find(({ name }) => name === bridge)?.up !== true;

type Concerned = ReturnType<typeof obstaclesOf>[number];

/** It happens at the bridge, at one of its ports, or on the way to its subnet. */
function concerns({ view, flow }: Parameters<typeof obstaclesOf>[0], obstacle: Concerned, bridge: string): boolean {
  const device = deviceOf(obstacle);
  if (placeOf(obstacle) === HOST && (device === bridge || text(obstacle, "bridge") === bridge)) return true;
  if (view.host.links.some(({ name, master }) => name === device && master === bridge)) return true;
  if (isCutOff(view, obstacle, bridge)) return true;
  const isRoute = ["no-route", "misrouted", "answer-unroutable", "answer-misrouted"].includes(obstacle.kind);
  const addresses = [flow.destination, flow.source, obstacle.packet?.destination ?? ""].filter((one) => one !== "");
  return (
    isRoute && placeOf(obstacle) === HOST && addresses.some((one) => view.networkOfAddress(one)?.bridge === bridge)
  );
}

/** Of a bridge that is gone nothing is at the other end of its containers' cables: nobody answers there. */
const isCutOff = (view: StateContext["view"], obstacle: Concerned, bridge: string): boolean =>
  obstacle.kind === "neighbour-silent" &&
  cableOfLink(view, placeOf(obstacle), deviceOf(obstacle))?.bridgeName === bridge;

function caseOf({ view }: StateContext, bridge: string) {
  const link = view.host.links.find(({ name }) => name === bridge);
  const network = view.networkOfBridge(bridge)?.name ?? bridge;
  return {
    object: `bridge ${bridge}`,
    title: `The bridge of network ${network} is ${link === undefined ? "gone" : "switched off"}: none of its containers reaches anybody.`,
    explanation: `All cables of network ${network} end at the bridge ${bridge}. Somebody has ${
      link === undefined ? "deleted it" : "set it down"
    }, network managers do that to devices that they think are theirs.`,
    evidence: [
      { source: `ip link show ${bridge}`, value: link === undefined ? "does not exist" : "down", expected: "up" },
    ],
    fix: repaired("ctr brings the bridge back, with its addresses and ports."),
  };
}
