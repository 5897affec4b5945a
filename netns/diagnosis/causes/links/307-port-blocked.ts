import { BridgeOption } from "../../../networks/options.ts";
import { bridgeNetworks, type Cable, cablesOf } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import type { Cause, StateContext } from "../../types/index.ts";
import { repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { cableAt, cableName } from "./cables.ts";

export const portBlocked: Cause = {
  code: "CTRN307",
  severity: "error",
  heading: "A port of the bridge is not forwarding",

  inspect: (context) => [
    ...cablesOf(context.view)
      .filter(isFaulty)
      .map((cable) => found(portBlocked, undefined, caseOf(cable))),
    ...bridgesWithSpanningTree(context).map((bridge) => found(portBlocked, undefined, caseOfBridge(bridge))),
  ],

  explain: (context) =>
    obstaclesOfKind(context, "port-blocked").flatMap((obstacle) => {
      const cable = cableAt(context.view, obstacle);
      const isUp = cable?.bridge?.up === true && cable.outside?.up === true && cable.inside?.up !== false;
      return cable === undefined || !isUp ? [] : found(portBlocked, obstacle, caseOf(cable));
    }),
};

/** A port of a bridge, or with a link, that is down has no state to speak of. */
const isFaulty = ({ outside, bridge }: Cable): boolean =>
  bridge?.up === true &&
  outside?.up === true &&
  outside.carrier &&
  outside.port !== undefined &&
  outside.port.state !== "forwarding";

/** Not on bridges that were there before: they are their owner's. */
const bridgesWithSpanningTree = ({ snapshot, view }: StateContext): string[] =>
  bridgeNetworks(snapshot)
    .filter(({ network }) => network.options[BridgeOption.name] === undefined)
    .map(({ bridge }) => bridge)
    .filter((bridge) => view.host.links.find(({ name }) => name === bridge)?.bridge?.stp === true);

function caseOf(cable: Cable): Case {
  const { hostInterface, bridgeName, container, outside, bridge } = cable;
  const state = outside?.port?.state ?? "disabled";
  return {
    object: cableName(cable),
    title: `The bridge ${bridgeName} does not pass anything to or from container ${container.name} at present.`,
    explanation: `Its port is in the state ${state}. ${
      bridge?.bridge?.stp === true
        ? "The spanning tree protocol is on, which keeps a new port closed for up to 30 seconds, to look for loops."
        : "Somebody has set it so; by itself a port of ctr's goes to forwarding at once."
    }`,
    evidence: [
      { source: `bridge link show dev ${hostInterface}`, value: `state ${state}`, expected: "state forwarding" },
      {
        source: `ip -d link show ${bridgeName}`,
        value: `stp_state ${Number(bridge?.bridge?.stp ?? false)}`,
        expected: "stp_state 0",
      },
    ],
    fix: repaired("ctr switches the spanning tree protocol off, and opens the port."),
  };
}

function caseOfBridge(bridge: string): Case {
  return {
    object: `bridge ${bridge}`,
    title: `Each container that comes to bridge ${bridge} has to wait up to 30 seconds for its network.`,
    explanation:
      "The spanning tree protocol is switched on there: it keeps new ports closed for a while, to look for loops. ctr makes " +
      "no loops, and leaves it off.",
    severity: "note",
    evidence: [{ source: `ip -d link show ${bridge}`, value: "stp_state 1", expected: "stp_state 0" }],
    fix: repaired("ctr switches it off."),
  };
}
