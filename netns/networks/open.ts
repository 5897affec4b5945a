/** What the engine's networks need of the host when it starts. */
import { messageOf } from "../../lib/errors.ts";
import { driverOf } from "../drivers/index.ts";
import { ensureForwarding } from "../forwarding.ts";
import type { Network } from "../types.ts";
import { ensureDefaultNetworks } from "./defaults.ts";
import { firewallNetworkOf } from "./firewall-network.ts";
import type { NetworkTools } from "./types.ts";

/**
 * Makes the default networks, their bridge and the firewall's base, whole or nothing; then the devices of the other
 * networks. One that cannot be made is logged: it is tried again at the next start, or by a repair.
 * @throws what is wrong with the configuration, or with the default bridge
 */
export function openNetworks(tools: NetworkTools): void {
  const { store, netlink, firewall, config, logger } = tools;
  using undo = new DisposableStack();
  // One transaction: when the kernel refuses, the store does not hold a configuration that never was.
  const bridge = store.transaction(() => {
    const network = ensureDefaultNetworks(tools);
    ensureForwarding(
      config,
      store.networks().some(({ enableIPv6 }) => enableIPv6),
    );
    firewall.ensure();
    if (network === undefined) return undefined;
    const driver = driverOf(network.driver);
    if (driver?.ensure(netlink, network) === true) undo.defer(() => driver.remove(netlink, network));
    firewall.addNetwork(firewallNetworkOf(network));
    return network;
  });
  undo.move();
  for (const network of store.networks()) {
    if (network.id === bridge?.id) continue;
    try {
      openNetwork(tools, network);
    } catch (error) {
      logger.error(`Network ${network.name} cannot be made.`, { error: messageOf(error) });
    }
  }
}

function openNetwork({ netlink, firewall }: NetworkTools, network: Network): void {
  driverOf(network.driver)?.ensure(netlink, network);
  if (network.driver === "bridge") firewall.addNetwork(firewallNetworkOf(network));
}
