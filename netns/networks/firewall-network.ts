/** A bridge network as the firewall is told of it. */
import { requireBridge } from "../drivers/bridge.ts";
import { subnetsOf } from "../endpoints.ts";
import type { FirewallNetwork } from "../firewall/index.ts";
import type { Network } from "../types.ts";
import { settingsOf } from "./options.ts";

export function firewallNetworkOf(network: Network): FirewallNetwork {
  const settings = settingsOf(network);
  const [[first4], [first6]] = [subnetsOf(network, 4), subnetsOf(network, 6)];
  return {
    bridge: requireBridge(network),
    networkName: network.name,
    ...(first4 === undefined ? {} : { subnet4: first4.subnet }),
    ...(first6 === undefined ? {} : { subnet6: first6.subnet }),
    internal: network.internal,
    masquerade4: settings.masquerade,
    masquerade6: settings.masquerade,
    icc: settings.icc,
    gatewayMode4: settings.gatewayMode4,
    gatewayMode6: settings.gatewayMode6,
    trustedInterfaces: settings.trustedInterfaces,
    ...(settings.snat4 === undefined ? {} : { snat4: settings.snat4 }),
    ...(settings.snat6 === undefined ? {} : { snat6: settings.snat6 }),
  };
}
