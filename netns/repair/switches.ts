/** Kernel parameters of the host that containers' traffic lives by, and that other programs like to reset. */
import { requireBridge, switchBridgeFilterOn } from "../drivers/bridge.ts";
import { ensureForwarding, forwardingWarnings } from "../forwarding.ts";
import { settingsOf } from "../networks/options.ts";
import type { SandboxTools } from "../sandbox/types.ts";
import { getSysctl, setSysctl } from "../sysctl.ts";
import type { Network } from "../types.ts";
import type { Fault } from "./types.ts";

const BRIDGE_FILTER = "net/bridge/bridge-nf-call-iptables";

/** Not the forwarding of a host whose user looks after it himself. */
export function switchFaults({ store, config }: Pick<SandboxTools, "store" | "config">): Fault[] {
  const networks = store.networks().filter(({ driver }) => driver === "bridge");
  const withIpv6 = networks.some(({ enableIPv6 }) => enableIPv6);
  const forwarding =
    config.ipForward === false ? [] : [...hostFaults(config, withIpv6), ...networks.flatMap(linkFaults)];
  return [...forwarding, ...filterFaults(networks)];
}

function hostFaults(config: SandboxTools["config"], withIpv6: boolean): Fault[] {
  const off = forwardingWarnings(withIpv6);
  if (off.length === 0) return [];
  return [
    {
      kind: "changed",
      object: "forwarding",
      text: off.join(" "),
      mend: () => ensureForwarding(config, withIpv6),
    },
  ];
}

/** The host's switch sets those of all links: where it is off too, mending that is enough. */
function linkFaults(network: Network): Fault[] {
  const bridge = requireBridge(network);
  const families = [
    { link: `net/ipv4/conf/${bridge}/forwarding`, host: "net/ipv4/ip_forward" },
    ...(network.enableIPv6
      ? [{ link: `net/ipv6/conf/${bridge}/forwarding`, host: "net/ipv6/conf/all/forwarding" }]
      : []),
  ];
  return families
    .filter(({ link, host }) => getSysctl(host) !== "0" && getSysctl(link) === "0")
    .map(({ link }) => ({
      kind: "changed",
      object: `bridge ${bridge}`,
      text: `what comes from network ${network.name} is not passed on (${link.replaceAll("/", ".")} is 0)`,
      mend: () => setSysctl(link, "1"),
    }));
}

/** Where the kernel has no such switch, the ports themselves are isolated. */
function filterFaults(networks: readonly Network[]): Fault[] {
  const closed = networks.filter((network) => !settingsOf(network).icc);
  if (closed.length === 0 || getSysctl(BRIDGE_FILTER) !== "0") return [];
  const names = closed.map(({ name }) => name).join(", ");
  const text = `containers of ${names} are not kept apart: packets within bridges do not pass the firewall`;
  return [{ kind: "changed", object: "bridge firewall", text, mend: switchBridgeFilterOn }];
}
