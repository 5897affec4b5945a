/** The three networks that always exist, as Docker's: `bridge`, `host` and `none`. */
import { invalid } from "../../lib/errors.ts";
import { generateId } from "../../lib/ids.ts";
import { BRIDGE_ADDRESS, bridgeAddressOf, DEFAULT_BRIDGE } from "../drivers/bridge.ts";
import { uplinkMtu } from "../drivers/bridge-device.ts";
import { leaseAddress, subnetsOf } from "../endpoints.ts";
import {
  addressOf,
  type Cidr,
  contains,
  type Family,
  familyName,
  formatAddress,
  formatCidr,
  lastOf,
  onSubnet,
  parseAddress,
  parseCidr,
  sameCidr,
  subnetOf,
} from "../ipam/ip.ts";
import { defaultGateway } from "../ipam/leases.ts";
import { checkPool, choosePool, findOverlap, type Occupied } from "../ipam/pools.ts";
import { namespaceExists } from "../namespace.ts";
import { listAddresses } from "../netlink/address.ts";
import { findLink } from "../netlink/link.ts";
import type { NetworkStore } from "../store/index.ts";
import type { Network, NetworkConfig, Subnet } from "../types.ts";
import { occupiedByNameservers, occupiedRanges, poolsOf } from "./occupied.ts";
import { BridgeOption, CommonOption, checkMtu } from "./options.ts";
import type { NetworkTools } from "./types.ts";

/**
 * Makes the networks that are not in the store yet, and settles the default bridge's subnets and MTU: what the
 * configuration says, else what was settled before, else the first pool that overlaps nothing.
 * @returns the default bridge network; undefined with `bridge: none`
 * @throws `invalid` or `conflict` for a configuration that cannot be had; nothing is changed then
 */
export function ensureDefaultNetworks(tools: NetworkTools): Network | undefined {
  const { store, config } = tools;
  checkMtu(config.mtu);
  return store.transaction(() => {
    for (const [name, driver] of [["none", "null"] as const, ["host", "host"] as const]) {
      if (store.networkByName(name) === undefined) store.saveNetwork({ ...newNetwork(name), driver });
    }
    const former = store.networkByName("bridge");
    if (config.bridge === "none") {
      if (former !== undefined) forget(store, former);
      return undefined;
    }
    const network = settle(tools, former);
    store.saveNetwork(network);
    if (former !== undefined) renumber(store, former, network);
    return network;
  });
}

function settle(tools: NetworkTools, former: Network | undefined): Network {
  const { config, netlink } = tools;
  const mtu = config.mtu ?? uplinkMtu(netlink);
  const families: Family[] = config.ipv6 === true ? [4, 6] : [4];
  return {
    ...(former ?? newNetwork("bridge")),
    enableIPv6: config.ipv6 === true,
    subnets: families.map((family) => settleSubnet(tools, former, family)),
    bridge: config.bridge ?? DEFAULT_BRIDGE,
    mtu,
    options: bridgeOptions(config, mtu),
  };
}

function settleSubnet(tools: NetworkTools, former: Network | undefined, family: Family): Subnet {
  const { config } = tools;
  const present = former === undefined ? undefined : subnetsOf(former, family)[0];
  const wanted = configuredAddress(tools, family);
  if (former !== undefined && present !== undefined && isHeld(tools, former, present, wanted)) return present;
  const address = settleAddress(tools, former, present, wanted, family);
  const ipRange = fixedRange(family === 4 ? config.fixedCidr : config.fixedCidrV6, address);
  const gateway = otherGateway(family === 4 ? config.defaultGateway : config.defaultGatewayV6, address);
  const own = formatAddress(addressOf(address));
  return {
    subnet: formatCidr(subnetOf(address)),
    gateway: gateway ?? own,
    ...(ipRange === undefined ? {} : { ipRange }),
    // Docker keeps the bridge's own address out of the way by this name.
    ...(gateway === undefined ? {} : { auxAddresses: { [BRIDGE_ADDRESS]: own } }),
  };
}

/** Running containers hold a subnet: what else the configuration says of it waits, too. */
function isHeld({ store, logger }: NetworkTools, former: Network, subnet: Subnet, wanted: Cidr | undefined): boolean {
  const present = bridgeAddressOf(subnet);
  if (wanted === undefined || sameCidr(wanted, present) || !hasRunningContainers(store, former)) return false;
  logger.warn("there are running containers, updated network configuration will not take affect", {
    bip: formatCidr(wanted),
    kept: formatCidr(present),
  });
  return true;
}

function settleAddress(
  tools: NetworkTools,
  former: Network | undefined,
  formerSubnet: Subnet | undefined,
  wanted: Cidr | undefined,
  family: Family,
): Cidr {
  const { store, logger, netlink } = tools;
  const occupied = occupiedRanges(netlink, store, former, tools.config.bridge);
  if (formerSubnet !== undefined) {
    const present = bridgeAddressOf(formerSubnet);
    if (wanted === undefined || sameCidr(wanted, present)) {
      warnOfOverlap(tools, present, occupied);
      return present;
    }
  }
  if (wanted !== undefined) {
    checkPool("bridge", wanted, occupied);
    return wanted;
  }
  const pools = poolsOf(tools.config, store);
  const everything = [...occupied, ...occupiedByNameservers(logger)];
  const subnet = choosePool({ network: "bridge", family, pools, occupied: everything }, logger);
  return onSubnet(defaultGateway(subnet), subnet);
}

/** `bip`; with an existing bridge that bridge's address; else the subnet that `fixed-cidr-v6` is. */
function configuredAddress({ config, netlink }: NetworkTools, family: Family): Cidr | undefined {
  const bip = family === 4 ? config.bip : config.bip6;
  if (bip !== undefined) return parseBip(bip, family);
  if (config.bridge !== undefined) {
    const link = findLink(netlink, config.bridge);
    if (link === undefined) {
      throw invalid(`the bridge ${config.bridge} of the configuration does not exist`, {
        code: "CTR_BRIDGE_MISSING",
        hint: `make it with: ip link add ${config.bridge} type bridge`,
      });
    }
    return listAddresses(netlink, link.index, family)[0];
  }
  const fixed = family === 4 ? config.fixedCidr : config.fixedCidrV6;
  if (fixed === undefined) return undefined;
  const range = subnetOf(parseCidr(fixed));
  return onSubnet(defaultGateway(range), range);
}

function fixedRange(text: string | undefined, bridge: Cidr): string | undefined {
  if (text === undefined) return undefined;
  const range = subnetOf(parseCidr(text));
  if (!contains(bridge, addressOf(range)) || range.prefixLength < bridge.prefixLength) {
    throw invalid(`fixed-cidr ${text} lies outside the default bridge's subnet ${formatCidr(subnetOf(bridge))}`, {
      code: "CTR_FIXED_CIDR_INVALID",
      hint: "give a range within bip, or leave bip out",
    });
  }
  return range.prefixLength === bridge.prefixLength ? undefined : formatCidr(range);
}

function otherGateway(text: string | undefined, bridge: Cidr): string | undefined {
  if (text === undefined) return undefined;
  const gateway = parseAddress(text);
  if (!contains(bridge, gateway)) {
    throw invalid(`default gateway ${text} lies outside the default bridge's subnet ${formatCidr(subnetOf(bridge))}`, {
      code: "CTR_DEFAULT_GATEWAY_INVALID",
    });
  }
  return gateway.value === bridge.address ? undefined : formatAddress(gateway);
}

function warnOfOverlap({ logger }: NetworkTools, address: Cidr, occupied: readonly Occupied[]): void {
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

/** Containers whose addresses are not of the network any more get new ones, in the order of their old ones. */
function renumber(store: NetworkStore, former: Network, network: Network): void {
  const changed = ([4, 6] as const).filter((family) => {
    const [[before], [after]] = [subnetsOf(former, family), subnetsOf(network, family)];
    return before?.subnet !== after?.subnet || before?.gateway !== after?.gateway;
  });
  if (changed.length === 0) return;
  const endpoints = store.endpointsOfNetwork(network.id);
  const keep = (family: Family): boolean => !changed.includes(family);
  for (const { id, address, address6 } of endpoints) {
    store.setAddresses(id, keep(4) ? address : undefined, keep(6) ? address6 : undefined);
  }
  for (const { id, address, address6, details } of endpoints) {
    const takes6 = !keep(6) && details.withoutIpv6 !== true;
    store.setAddresses(
      id,
      keep(4) ? address : leaseAddress(store, network, 4),
      takes6 ? leaseAddress(store, network, 6) : keep(6) ? address6 : undefined,
    );
  }
}

function forget(store: NetworkStore, network: Network): void {
  store.loseNetwork(network);
  store.removeNetwork(network.id);
}

function parseBip(text: string, family: Family): Cidr {
  const bip = parseCidr(text);
  const name = family === 4 ? "bip" : "bip6";
  const wrong = (reason: string, hint?: string) =>
    invalid(`invalid ${name} ${text}: ${reason}`, { code: "CTR_BIP_INVALID", hint });
  if (bip.family !== family) throw wrong(`it is no ${familyName(family)} address`);
  const [least, most] = family === 4 ? [8, 30] : [8, 126];
  if (bip.prefixLength > most || bip.prefixLength < least) {
    throw wrong(`the prefix length must be from ${least} to ${most}`);
  }
  if (bip.address === subnetOf(bip).address || (family === 4 && bip.address === lastOf(bip))) {
    throw wrong("it is not the address of a host", `for example ${formatCidr(onSubnet(defaultGateway(bip), bip))}`);
  }
  return bip;
}

function newNetwork(name: string): Network {
  return {
    id: generateId(),
    name,
    driver: "bridge",
    created: new Date().toISOString(),
    enableIPv4: true,
    enableIPv6: false,
    subnets: [],
    internal: false,
    attachable: false,
    ipamDriver: "default",
    ipamOptions: {},
    options: {},
    labels: {},
  };
}

/** As `docker network inspect bridge` shows them. */
function bridgeOptions({ bridge, icc, ip, ipMasq }: NetworkConfig, mtu: number): Readonly<Record<string, string>> {
  return {
    [BridgeOption.default]: "true",
    [BridgeOption.icc]: String(icc ?? true),
    [BridgeOption.masquerade]: String(ipMasq ?? true),
    [BridgeOption.hostBinding]: ip ?? "0.0.0.0",
    [BridgeOption.name]: bridge ?? DEFAULT_BRIDGE,
    [CommonOption.mtu]: String(mtu),
  };
}
