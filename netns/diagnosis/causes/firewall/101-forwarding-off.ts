import { bridgeNetworks } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type Evidence, type FlowContext, HOST, type StateContext } from "../../types/index.ts";
import { placeOf, text } from "../facts.ts";
import { byHand, repaired } from "../fixes.ts";
import { found } from "../found.ts";

const KEY_4 = "net.ipv4.ip_forward";
const KEY_6 = "net.ipv6.conf.all.forwarding";

/** Of the whole host. One link's own switch is CTRN102. */
export const forwardingOff: Cause = {
  code: "CTRN101",
  severity: "error",
  heading: "Forwarding is switched off",

  inspect(context) {
    const needed = bridgeNetworks(context.snapshot);
    const isNeeded = (is6: boolean) => needed.some(({ network, used }) => used && (!is6 || network.enableIPv6));
    const off = [...(isNeeded(false) ? [KEY_4] : []), ...(isNeeded(true) ? [KEY_6] : [])].filter(
      (key) => context.view.host.sysctls[key] === "0",
    );
    return off.map((key) => found(forwardingOff, undefined, caseOf(context, key)));
  },

  explain(context) {
    return obstaclesOfKind(context, "forwarding-off").flatMap((obstacle) => {
      // In a container it means that the packet is not for it.
      if (placeOf(obstacle) !== HOST) return [];
      const key = switchOf(context, text(obstacle, "key"));
      return key === undefined ? [] : found(forwardingOff, obstacle, caseOf(context, key));
    });
  },
};

/** A link's key follows the host's when that one is written, so that both are 0 then. */
export function switchOf({ view, flow }: Pick<FlowContext, "view" | "flow">, told: string): string | undefined {
  if (told === KEY_4 || told === KEY_6) return told;
  const key = flow.family === 4 ? KEY_4 : KEY_6;
  return view.host.sysctls[key] === "0" ? key : undefined;
}

function caseOf({ snapshot, view }: StateContext, key: string) {
  const isIpv6 = key === KEY_6;
  const { ipForward } = snapshot.intent.settings;
  const evidence: Evidence[] = [{ source: `sysctl ${key}`, value: view.host.sysctls[key] ?? "0", expected: "1" }];
  return {
    object: `sysctl ${key}`,
    title: `The host does not pass packets on from one network to another${isIpv6 ? " (IPv6)" : ""}.`,
    explanation:
      "What containers send to other networks or to the outside is thrown away by the host, and so is what comes for them. " +
      "Something has set the switch to 0 after ctr had set it to 1: often a file in /etc/sysctl.d, systemd-networkd, or a " +
      "hardening script.",
    evidence,
    fix: ipForward
      ? repaired("ctr sets it back to 1. Look for what resets it: grep -r forward /etc/sysctl.d /etc/sysctl.conf.")
      : byHand("ctr leaves this switch to you (ip-forward is false in daemon.json).", ["sysctl", "-w", `${key}=1`]),
  };
}
