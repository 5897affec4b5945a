import { settingsOf } from "../../../networks/options.ts";
import { bridgeNetworks, cablesOn } from "../../intended.ts";
import { banOf } from "../../policy.ts";
import type { Cause, StateContext } from "../../types/index.ts";
import { repaired } from "../fixes.ts";
import { found } from "../found.ts";

const KEY = "net.bridge.bridge-nf-call-iptables";

/** Packets that stay on one bridge pass the firewall with br_netfilter only; without it isolated ports keep them apart. */
export const iccNotEnforced: Cause = {
  code: "CTRN110",
  severity: "error",
  heading: "Containers that are to be kept apart reach each other",

  inspect(context) {
    return bridgeNetworks(context.snapshot)
      .filter(({ network, bridge }) => !settingsOf(network).icc && isOpen(context, bridge))
      .map(({ network, bridge }) => found(iccNotEnforced, undefined, caseOf(context, network.name, bridge)));
  },

  explain(context) {
    const ban = banOf(context.view, context.flow);
    if (ban?.kind !== "icc" || context.walk.result !== "arrives") return [];
    const { name, bridge = "" } = ban.network;
    return isOpen(context, bridge) ? [found(iccNotEnforced, undefined, caseOf(context, name, bridge))] : [];
  },
};

/** At least two containers, of which one at most is isolated. */
function isOpen({ view }: StateContext, bridge: string): boolean {
  if (view.host.sysctls[KEY] === "1") return false;
  const cables = cablesOn(view, bridge).filter(({ outside }) => outside?.port !== undefined);
  return cables.length > 1 && cables.filter(({ outside }) => outside?.port?.isolated === false).length > 0;
}

function caseOf({ view }: StateContext, network: string, bridge: string) {
  return {
    object: `network ${network}`,
    title: `Containers on network ${network} reach each other, although that was switched off.`,
    explanation:
      "The host does not show its firewall what passes between ports of one bridge, so the rule that keeps the " +
      "containers apart sees nothing. Something has switched bridge-nf-call-iptables off, or br_netfilter was unloaded.",
    evidence: [
      { source: `sysctl ${KEY}`, value: view.host.sysctls[KEY] ?? "not there", expected: "1" },
      { source: `bridge -d link (ports of ${bridge})`, value: "not all are isolated", expected: "isolated on" },
    ],
    fix: repaired("ctr switches the bridge's firewall on again, and isolates the ports where the kernel has none."),
  };
}
