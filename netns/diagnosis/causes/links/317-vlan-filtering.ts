import { BridgeOption } from "../../../networks/options.ts";
import { bridgeNetworks } from "../../intended.ts";
import { obstaclesOf } from "../../obstacles.ts";
import { succeeded } from "../../outcomes.ts";
import type { Cause, StateContext } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";

/** Frames without a tag belong to the port's VLAN (pvid); a port without one drops them, see bridge(8). */
export const vlanFiltering: Cause = {
  code: "CTRN317",
  severity: "warning",
  heading: "The bridge sorts frames by VLAN",

  inspect: (context) =>
    filteringBridges(context).map((bridge) => found(vlanFiltering, undefined, caseOf(context, bridge))),

  // Which VLANs a port has is not read: it is told where nothing else explains why frames are lost in the bridge.
  explain(context) {
    const { observations, walk, flow, view } = context;
    if (walk.result === "arrives" || obstaclesOf(context).length > 0) return [];
    const attempts = observations?.attempts ?? [];
    if (attempts.some(succeeded)) return [];
    const addresses = [flow.source, flow.destination, ...walk.there.map(({ packet }) => packet.destination)];
    const [bridge] = filteringBridges(context).filter((name) =>
      addresses.some((address) => address !== "" && view.networkOfAddress(address)?.bridge === name),
    );
    if (bridge === undefined) return [];
    return [
      found(vlanFiltering, undefined, {
        ...caseOf(context, bridge),
        severity: "error",
        confidence: attempts.length > 0 ? "likely" : "possible",
      }),
    ];
  },
};

/** Of those that ctr made: on another's bridge it may be wanted. */
const filteringBridges = ({ snapshot, view }: StateContext): string[] =>
  bridgeNetworks(snapshot)
    .filter(({ network, used }) => used && network.options[BridgeOption.name] === undefined)
    .map(({ bridge }) => bridge)
    .filter((bridge) => view.host.links.find(({ name }) => name === bridge)?.bridge?.vlanFiltering === true);

function caseOf({ view }: StateContext, bridge: string): Case {
  return {
    object: `bridge ${bridge}`,
    title: `The bridge of network ${view.networkOfBridge(bridge)?.name ?? bridge} sorts frames by VLAN, which containers know nothing of.`,
    explanation:
      "ctr does not switch this on. Ports without a VLAN for untagged frames lose everything that containers send and get; " +
      "ports with one work.",
    evidence: [{ source: `ip -d link show ${bridge}`, value: "vlan_filtering 1", expected: "vlan_filtering 0" }],
    fix: byHand(
      "Look at the ports' VLANs, or switch the sorting off.",
      ["bridge", "vlan", "show"],
      [...["ip", "link", "set", bridge, "type", "bridge", "vlan_filtering", "0"]],
    ),
  };
}
