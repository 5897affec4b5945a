/** The three networks that always exist, as Docker's: `bridge`, `host` and `none`. */
import { readFileSync } from "node:fs";
import { invalid, messageOf } from "../lib/errors.ts";
import { generateId } from "../lib/ids.ts";
import type { Logger } from "../lib/log.ts";
import { uplinkMtu } from "./bridge.ts";
import { leasePoolOf } from "./endpoints.ts";
import { broadcastOf, type Cidr, formatAddress, formatCidr, parseAddress, parseCidr, subnetOf } from "./ipam/ipv4.ts";
import { defaultGateway, lowestFreeAddress } from "./ipam/leases.ts";
import { checkPool, choosePool, findOverlap, type Occupied, occupiedByRoutes } from "./ipam/pools.ts";
import { namespaceExists } from "./namespace.ts";
import { listLinks } from "./netlink/link.ts";
import { listRoutes } from "./netlink/route.ts";
import type { NetlinkSocket } from "./netlink/transport.ts";
import type { NetworkStore } from "./store.ts";
import type { Network, NetworkConfig } from "./types.ts";

/** Name of the default bridge's device. */
export const DEFAULT_BRIDGE = "ctr0";

export interface DefaultNetworksOptions {
  readonly store: NetworkStore;
  readonly netlink: NetlinkSocket;
  readonly config: NetworkConfig;
  readonly logger: Logger;
}

/**
 * Makes the networks that are not in the store yet, and settles the default bridge's subnet and MTU: `bip` and `mtu` of
 * the configuration, else what was settled before, else the first default pool that overlaps nothing.
 * @returns the default bridge network
 * @throws `invalid` or `conflict` for a `bip` that cannot be had; nothing is changed then
 */
export function ensureDefaultNetworks(options: DefaultNetworksOptions): Network {
  const { store, config } = options;
  const bip = config.bip === undefined ? undefined : parseBip(config.bip);
  checkMtu(config.mtu);
  const former = store.networkByName("bridge");
  const mtu = config.mtu ?? uplinkMtu(options.netlink);
  const address = settleAddress(options, former, bip);
  return store.transaction(() => {
    for (const [name, driver] of [["none", "null"] as const, ["host", "host"] as const]) {
      if (store.networkByName(name) === undefined) store.saveNetwork({ ...newNetwork(name), driver });
    }
    const network: Network = {
      ...(former ?? newNetwork("bridge")),
      subnet: formatCidr(subnetOf(address)),
      gateway: formatAddress(address.address),
      bridge: DEFAULT_BRIDGE,
      mtu,
      options: bridgeOptions(mtu),
    };
    store.saveNetwork(network);
    if (former !== undefined && bridgeAddressOf(former) !== formatCidr(address)) renumber(store, network);
    return network;
  });
}

/** `172.17.0.1/16`: the gateway's address with the length of the prefix. */
export function bridgeAddressOf({ gateway, subnet }: Network): string {
  return `${gateway}/${subnet?.split("/")[1]}`;
}

function settleAddress(options: DefaultNetworksOptions, former: Network | undefined, bip: Cidr | undefined): Cidr {
  const { store, logger } = options;
  const occupied = occupiedFor(options);
  if (former !== undefined) {
    const present = parseCidr(bridgeAddressOf(former));
    if (bip === undefined || formatCidr(bip) === formatCidr(present)) {
      warnOfOverlap(present, occupied, logger);
      return present;
    }
    if (hasRunningContainers(store, former)) {
      logger.warn("there are running containers, updated network configuration will not take affect", {
        bip: formatCidr(bip),
        kept: formatCidr(present),
      });
      return present;
    }
  }
  if (bip !== undefined) {
    checkPool("bridge", bip, occupied);
    return bip;
  }
  const subnet = choosePool("bridge", [...occupied, ...occupiedByNameservers(logger)], logger);
  return { address: defaultGateway(subnet), prefixLength: subnet.prefixLength };
}

/** Everything but the default bridge itself. */
function occupiedFor({ store, netlink }: DefaultNetworksOptions): Occupied[] {
  const others = store.networks().filter(({ name }) => name !== "bridge");
  const bridges = new Set([DEFAULT_BRIDGE, ...others.flatMap(({ bridge }) => bridge ?? [])]);
  const networks = others.flatMap(({ name, subnet }) =>
    subnet === undefined ? [] : { subnet: parseCidr(subnet), by: `network ${name}` },
  );
  return [...networks, ...occupiedByRoutes(listRoutes(netlink), listLinks(netlink), bridges)];
}

/** A name server behind the default route would vanish behind a bridge that has its address. */
function occupiedByNameservers(logger: Logger): Occupied[] {
  try {
    const servers = readFileSync("/etc/resolv.conf", "utf8").matchAll(/^nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/gm);
    return [...servers].map(([, server = ""]) => ({
      subnet: { address: parseAddress(server), prefixLength: 32 },
      by: `the host's name server ${server}`,
    }));
  } catch (error) {
    logger.debug("The host's name servers are not known.", { error: messageOf(error) });
    return [];
  }
}

function warnOfOverlap(address: Cidr, occupied: readonly Occupied[], logger: Logger): void {
  const obstacle = findOverlap(address, occupied);
  if (obstacle === undefined) return;
  logger.warn(
    `The default bridge's subnet ${formatCidr(subnetOf(address))} overlaps ${obstacle.by}, which is newer: containers ` +
      "cannot reach that network. Start ctrd with another --bip once no container runs.",
  );
}

function hasRunningContainers(store: NetworkStore, network: Network): boolean {
  const connected = new Set(store.endpointsOfNetwork(network.id).map(({ containerId }) => containerId));
  return store
    .sandboxes()
    .some(
      ({ containerId, namespacePath }) =>
        connected.has(containerId) && namespacePath !== undefined && namespaceExists(namespacePath),
    );
}

/** Stopped containers get addresses of the new subnet, in the order of their old ones. */
function renumber(store: NetworkStore, network: Network): void {
  const endpoints = store.endpointsOfNetwork(network.id);
  for (const { id } of endpoints) store.setAddress(id, undefined);
  for (const { id } of endpoints) {
    const pool = leasePoolOf(store, network);
    if (pool !== undefined) store.setAddress(id, lowestFreeAddress(pool));
  }
}

function parseBip(text: string): Cidr {
  const bip = parseCidr(text);
  const { address } = subnetOf(bip);
  if (bip.prefixLength > 30 || bip.prefixLength < 8) {
    throw invalid(`invalid bip ${text}: the prefix length must be from 8 to 30`, "CTR_BIP_INVALID");
  }
  if (bip.address === address || bip.address === broadcastOf(bip)) {
    throw invalid(`invalid bip ${text}: it is not the address of a host`, {
      code: "CTR_BIP_INVALID",
      hint: `for example ${formatCidr({ ...bip, address: address + 1 })}`,
    });
  }
  return bip;
}

function checkMtu(mtu: number | undefined): void {
  if (mtu === undefined) return;
  // 68 is the least that IPv4 works with (RFC 791), 65535 the most that a veth takes.
  if (!Number.isInteger(mtu) || mtu < 68 || mtu > 65535) {
    throw invalid(`invalid mtu ${mtu}: it must be from 68 to 65535`, "CTR_MTU_INVALID");
  }
}

function newNetwork(name: string): Network {
  return {
    id: generateId(),
    name,
    driver: "bridge",
    created: new Date().toISOString(),
    internal: false,
    options: {},
    labels: {},
  };
}

/** As `docker network inspect bridge` shows them. */
function bridgeOptions(mtu: number): Readonly<Record<string, string>> {
  return {
    "com.docker.network.bridge.default_bridge": "true",
    "com.docker.network.bridge.enable_icc": "true",
    "com.docker.network.bridge.enable_ip_masquerade": "true",
    "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
    "com.docker.network.bridge.name": DEFAULT_BRIDGE,
    "com.docker.network.driver.mtu": String(mtu),
  };
}
