import { bridgeNetworks } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST, type StateContext } from "../../types/index.ts";
import { deviceOf, placeOf, text } from "../facts.ts";
import { byHand, repaired } from "../fixes.ts";
import { found } from "../found.ts";
import { switchOf } from "./101-forwarding-off.ts";

/** The kernel asks the link that a packet comes in by, see ip-sysctl, `conf/interface/forwarding`. */
export const linkForwardingOff: Cause = {
  code: "CTRN102",
  severity: "error",
  heading: "Forwarding is switched off for one link",

  inspect(context) {
    const { view, snapshot } = context;
    if (view.host.sysctls["net.ipv4.ip_forward"] !== "1") return [];
    return bridgeNetworks(snapshot)
      .filter(({ used, bridge }) => used && view.host.sysctls[keyOf(4, bridge)] === "0")
      .map(({ bridge }) => found(linkForwardingOff, undefined, caseOf(context, 4, bridge)));
  },

  explain(context) {
    return obstaclesOfKind(context, "forwarding-off").flatMap((obstacle) => {
      // In a container it means that the packet is not for it.
      if (placeOf(obstacle) !== HOST) return [];
      if (switchOf(context, text(obstacle, "key")) !== undefined) return [];
      const [, device = deviceOf(obstacle)] =
        /^net\.ipv[46]\.conf\.(.+)\.forwarding$/.exec(text(obstacle, "key")) ?? [];
      return found(linkForwardingOff, obstacle, caseOf(context, context.flow.family, device));
    });
  },
};

const keyOf = (family: 4 | 6, device: string): string => `net.ipv${family}.conf.${device}.forwarding`;

function caseOf({ view }: StateContext, family: 4 | 6, device: string) {
  const key = keyOf(family, device);
  const network = view.networkOfBridge(device);
  return {
    object: `sysctl ${key}`,
    title:
      network === undefined
        ? `The host does not pass on what comes in by ${device}.`
        : `The host does not pass on what containers of network ${network.name} send.`,
    explanation:
      `Forwarding is on for the host as a whole, and off for ${device} alone. systemd-networkd does that to links that ` +
      "match one of its .network files without IPForward or IPv4Forwarding.",
    evidence: [{ source: `sysctl ${key}`, value: view.host.sysctls[key] ?? "0", expected: "1" }],
    fix:
      network === undefined
        ? byHand("Switch it on, and in the file of whoever manages the link too.", ["sysctl", "-w", `${key}=1`])
        : repaired("ctr sets it back to 1."),
  };
}
