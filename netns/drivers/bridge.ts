/** Networks on a bridge of this host: each container has a veth pair to it. */
import { conflict } from "../../lib/errors.ts";
import { type Cidr, onSubnet, parseAddress, parseCidr } from "../ipam/ip.ts";
import { type BridgePortOptions, changeBridgePort, readBridgePort } from "../netlink/bridge-port.ts";
import { changeLink, createVethPair, deleteLink, findLink, type Link } from "../netlink/link.ts";
import type { NetlinkSocket } from "../netlink/transport.ts";
import { BridgeOption, settingsOf } from "../networks/options.ts";
import { getSysctl, setOptionalSysctl } from "../sysctl.ts";
import type { Network, Subnet } from "../types.ts";
import { type BridgeSpecification, ensureBridge, removeBridge, removeBridgeInBackground } from "./bridge-device.ts";
import type { Connection, LinkDriver } from "./types.ts";
import { explainFullBridge } from "./veth.ts";

/** Name of the default bridge's device. */
export const DEFAULT_BRIDGE = "ctr0";

export const bridgeDriver: LinkDriver = {
  ensure(netlink, network) {
    if (!settingsOf(network).icc) switchBridgeFilterOn();
    return ensureBridge(netlink, specificationOf(network)).created;
  },

  remove(netlink, network) {
    removeBridge(netlink, requireBridge(network), network.id);
  },

  removeInBackground(netlink, network) {
    return removeBridgeInBackground(netlink, requireBridge(network), network.id);
  },

  attach(netlink, namespaceFd, connection) {
    const { network, interfaceName, macAddress, mtu } = connection;
    const bridge = requireBridge(network);
    const master = requireDevice(netlink, bridge).index;
    const name = requireHostInterface(connection);
    try {
      createVethPair(netlink, { name, mtu: mtu ?? 0, master, peer: { name: interfaceName, macAddress, namespaceFd } });
    } catch (error) {
      throw explainFullBridge(error, bridge);
    }
    try {
      changeBridgePort(netlink, name, { hairpin: true, isolated: mustIsolate(network) });
    } catch (error) {
      deleteLink(netlink, name);
      throw error;
    }
  },

  findFault(netlink, connection) {
    const name = requireHostInterface(connection);
    const bridge = requireBridge(connection.network);
    const link = findLink(netlink, name);
    if (link === undefined) return `${name} is gone`;
    if (link.master !== findLink(netlink, bridge)?.index) return `${name} is no port of ${bridge}`;
    if (!link.up) return `${name} is down`;
    if (isOtherMtu(link, connection)) return `${name} takes ${link.mtu} bytes in place of ${connection.mtu}`;
    const wrong = wrongOptions(netlink, link, connection.network);
    return wrong.length === 0 ? undefined : `${name} has other port options on ${bridge}: ${wrong.join(", ")}`;
  },

  mend(netlink, connection) {
    const { network, mtu } = connection;
    const name = requireHostInterface(connection);
    const link = findLink(netlink, name);
    if (link === undefined) return false;
    changeLink(netlink, link.index, {
      master: requireDevice(netlink, requireBridge(network)).index,
      up: true,
      ...(isOtherMtu(link, connection) && mtu !== undefined ? { mtu } : {}),
    });
    changeBridgePort(netlink, name, portOptions(network, link));
    return true;
  },
};

const isOtherMtu = (link: Link, { mtu }: Connection): boolean => mtu !== undefined && mtu > 0 && link.mtu !== mtu;

/** A port without a carrier is closed by the kernel, and opened by it again. */
const portOptions = (network: Network, { carrier }: Pick<Link, "carrier">): BridgePortOptions => ({
  hairpin: true,
  learning: true,
  flood: true,
  multicastFlood: true,
  broadcastFlood: true,
  isolated: mustIsolate(network),
  ...(carrier ? { forwarding: true } : {}),
});

/** `hairpin off`: what somebody has set otherwise. */
function wrongOptions(netlink: NetlinkSocket, link: Link, network: Network): string[] {
  const present = readBridgePort(netlink, link.name);
  return Object.entries(portOptions(network, link))
    .filter(([option, value]) => present[option as keyof BridgePortOptions] !== value)
    .map(([option, value]) => `${option} ${value ? "off" : "on"}`);
}

/** What the bridge device of a network has to be. */
export function specificationOf(network: Network): BridgeSpecification {
  return {
    name: requireBridge(network),
    addresses: gatewayAddresses(network),
    mtu: network.mtu ?? 0,
    networkId: network.id,
    adoptForeign: network.options[BridgeOption.name] !== undefined && network.bridge !== DEFAULT_BRIDGE,
  };
}

/** The addresses of the bridge itself. None of a family that has no gateway. */
function gatewayAddresses(network: Network): Cidr[] {
  const { gatewayMode4, gatewayMode6, inhibitIPv4 } = settingsOf(network);
  return network.subnets.flatMap((subnet) => {
    const isIpv6 = subnet.subnet.includes(":");
    const absent = isIpv6 ? gatewayMode6 === "isolated" : gatewayMode4 === "isolated" || inhibitIPv4;
    return subnet.gateway === undefined || absent ? [] : bridgeAddressOf(subnet);
  });
}

/** Name of the bridge's own address among the auxiliary ones, when the containers' gateway is another. Docker's. */
export const BRIDGE_ADDRESS = "DefaultGatewayIPv4";

/** The bridge's own address on a subnet, with the length of the prefix. */
export function bridgeAddressOf({ subnet, gateway = "", auxAddresses }: Subnet): Cidr {
  return onSubnet(parseAddress(auxAddresses?.[BRIDGE_ADDRESS] ?? gateway), parseCidr(subnet));
}

/**
 * Traffic within a bridge passes the firewall only with br_netfilter; there it can be allowed for some. Without it the
 * bridge itself keeps the containers apart.
 */
const mustIsolate = (network: Network): boolean => !settingsOf(network).icc && !isBridgeFilterOn();

const isBridgeFilterOn = (): boolean => getSysctl("net/bridge/bridge-nf-call-iptables") === "1";

/** Traffic within bridges passes the firewall from now on, where the kernel can do that. */
export function switchBridgeFilterOn(): void {
  for (const name of ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"]) {
    setOptionalSysctl(`net/bridge/${name}`, "1");
  }
}

/** The device's name, which every bridge network has. */
export function requireBridge({ name, bridge }: Network): string {
  if (bridge === undefined) throw new TypeError(`network ${name} has no bridge device`);
  return bridge;
}

function requireHostInterface({ hostInterface, interfaceName }: Connection): string {
  if (hostInterface === undefined) throw new TypeError(`${interfaceName} has no end on the host`);
  return hostInterface;
}

function requireDevice(netlink: NetlinkSocket, name: string): Link {
  const bridge = findLink(netlink, name);
  if (bridge !== undefined) return bridge;
  throw conflict(`the bridge ${name} is gone`, {
    code: "CTR_BRIDGE_GONE",
    hint: "somebody deleted it; make it again with: ctr net repair",
  });
}
