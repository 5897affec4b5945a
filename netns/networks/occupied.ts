/** The ranges of addresses that a new network has to keep clear of. */
import { readFileSync } from "node:fs";
import { messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { DEFAULT_BRIDGE } from "../drivers/bridge.ts";
import { hostOnly, parseCidr, readAddress } from "../ipam/ip.ts";
import { DEFAULT_POOLS, type Occupied, occupiedByRoutes, ulaPool } from "../ipam/pools.ts";
import { listLinks } from "../netlink/link.ts";
import { listRoutes } from "../netlink/route.ts";
import type { NetlinkSocket } from "../netlink/transport.ts";
import type { NetworkStore } from "../store/index.ts";
import type { AddressPool, Network, NetworkConfig } from "../types.ts";

/**
 * Every subnet of a network, and what the host's routes lead to.
 * @param except network whose own subnets and routes do not count
 * @param bridge existing bridge that a network is going to use: its routes do not count
 */
export function occupiedRanges(
  netlink: NetlinkSocket,
  store: NetworkStore,
  except?: Network,
  bridge: string = DEFAULT_BRIDGE,
): Occupied[] {
  const networks = store.networks();
  const bridges = new Set([DEFAULT_BRIDGE, bridge, ...networks.flatMap((network) => network.bridge ?? [])]);
  const ofNetworks = networks
    .filter(({ id, configOnly }) => id !== except?.id && configOnly !== true)
    .flatMap(({ name, subnets }) =>
      subnets.map(({ subnet }) => ({ subnet: parseCidr(subnet), by: `network ${name}`, isNetwork: true })),
    );
  return [...ofNetworks, ...occupiedByRoutes(listRoutes(netlink), listLinks(netlink), bridges)];
}

/** A name server behind the default route would vanish behind a bridge that has its address. */
export function occupiedByNameservers(logger: Logger): Occupied[] {
  try {
    const servers = readFileSync("/etc/resolv.conf", "utf8").matchAll(/^nameserver\s+(\S+)\s*$/gm);
    return [...servers].flatMap(([, server = ""]) => {
      const address = readAddress(server);
      return address === undefined ? [] : { subnet: hostOnly(address), by: `the host's name server ${server}` };
    });
  } catch (error) {
    logger.debug("The host's name servers are not known.", { error: messageOf(error) });
    return [];
  }
}

/** Pools of both families: the configured ones, else Docker's; an IPv6 block of the engine's own where none is given. */
export function poolsOf({ defaultAddressPools }: NetworkConfig, store: NetworkStore): readonly AddressPool[] {
  const pools = defaultAddressPools ?? [];
  const hasFamily = (colon: boolean) => pools.some(({ base }) => base.includes(":") === colon);
  return [
    ...(hasFamily(false) ? [] : DEFAULT_POOLS),
    ...pools,
    // The network `none` is as old as the state.
    ...(hasFamily(true) ? [] : [ulaPool(store.networkByName("none")?.id ?? "")]),
  ];
}
