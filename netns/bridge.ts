/**
 * The bridge device of a network: made, or adopted when a former run of the engine left it, and brought to what the
 * network says. Safe to repeat.
 */
import { conflict } from "../lib/errors.ts";
import { type Cidr, formatCidr } from "./ipam/ipv4.ts";
import { macFromBytes } from "./ipam/mac.ts";
import { addAddress, listAddresses, removeAddress } from "./netlink/address.ts";
import { RT_TABLE_MAIN } from "./netlink/constants.ts";
import { changeLink, createBridge, deleteLink, findLink, type Link, listLinks } from "./netlink/link.ts";
import { listRoutes } from "./netlink/route.ts";
import type { NetlinkSocket } from "./netlink/transport.ts";
import { setSysctl } from "./sysctl.ts";

/** What the kernel can attach to one bridge (BR_MAX_PORTS). */
export const MAX_BRIDGE_PORTS = 1023;

const DEFAULT_MTU = 1500;

export interface BridgeSpecification {
  readonly name: string;
  /** Of the bridge itself, which is the containers' gateway. */
  readonly address: Cidr;
  /** Bytes. */
  readonly mtu: number;
  /** Id of the network it belongs to. It is written into the link's alias, and its MAC address is made from it. */
  readonly networkId: string;
}

/**
 * Brings the bridge to its specification: device, alias, address, MTU, up, and the parameters that routing between
 * containers and the world needs (`ip_forward`; `route_localnet` on this bridge alone, for ports on 127.0.0.1).
 * @returns the link, and whether it was made now
 * @throws `conflict` when a link of that name is not ours to use; it is then left as it was
 */
export function ensureBridge(netlink: NetlinkSocket, bridge: BridgeSpecification): { link: Link; created: boolean } {
  const present = findLink(netlink, bridge.name);
  if (present !== undefined) checkAdoptable(netlink, present, bridge);
  try {
    if (present === undefined) createBridge(netlink, { ...bridge, macAddress: macOf(bridge.networkId) });
    const link = present ?? requireLink(netlink, bridge.name);
    bringToSpecification(netlink, link, bridge);
    return { link: requireLink(netlink, bridge.name), created: present === undefined };
  } catch (error) {
    if (present === undefined) deleteLink(netlink, bridge.name);
    throw error;
  }
}

function bringToSpecification(netlink: NetlinkSocket, link: Link, bridge: BridgeSpecification): void {
  // The MAC is set even when it stays the same: that pins it. Else a bridge takes the lowest one of its ports, and
  // neighbours lose it whenever a container comes or goes.
  changeLink(netlink, link.index, { alias: aliasOf(bridge), macAddress: link.macAddress, mtu: bridge.mtu, up: true });
  ensureAddress(netlink, link, bridge.address);
  setSysctl("net/ipv4/ip_forward", "1");
  setSysctl(`net/ipv4/conf/${bridge.name}/route_localnet`, "1");
}

function ensureAddress(netlink: NetlinkSocket, link: Link, address: Cidr): void {
  const wanted = formatCidr(address);
  const present = listAddresses(netlink, link.index);
  for (const other of present) if (formatCidr(other) !== wanted) removeAddress(netlink, link.index, other);
  if (!present.some((other) => formatCidr(other) === wanted)) addAddress(netlink, link.index, address);
}

/**
 * A link of that name may stay from a former run (its alias names our network), or from an engine whose state was
 * deleted (another alias, no ports). What somebody else uses is not touched.
 */
function checkAdoptable(netlink: NetlinkSocket, link: Link, bridge: BridgeSpecification): void {
  const { name } = bridge;
  const hint = `delete it with: ip link delete ${name}`;
  if (link.kind !== "bridge") {
    const kind = link.kind === "" ? "device" : link.kind;
    throw conflict(`cannot make the bridge ${name}: a ${kind} has that name`, { code: "CTR_BRIDGE_TAKEN", hint });
  }
  if (link.alias === aliasOf(bridge)) return;
  const addresses = listAddresses(netlink, link.index).map(formatCidr);
  const wanted = formatCidr(bridge.address);
  if (addresses.some((address) => address !== wanted)) {
    throw conflict(`the bridge ${name} exists with address ${addresses.join(", ")} where ${wanted} is needed`, {
      code: "CTR_BRIDGE_TAKEN",
      hint: `${hint}, or start ctrd with --bip ${addresses[0]}`,
    });
  }
  const ports = listLinks(netlink, link.index).length;
  if (ports > 0) {
    const owner = link.alias === "" ? "somebody else" : link.alias;
    throw conflict(`the bridge ${name} belongs to ${owner}; links attached to it: ${ports}`, {
      code: "CTR_BRIDGE_TAKEN",
      hint: `stop the containers that use it, or run ctrd in a network namespace of its own; then ${hint}`,
    });
  }
}

/** MTU of the link that the default route leaves by, so that containers never send what the uplink must split. */
export function uplinkMtu(netlink: NetlinkSocket): number {
  const routes = listRoutes(netlink)
    .filter(({ table, destination }) => table === RT_TABLE_MAIN && destination.prefixLength === 0)
    .sort((a, b) => a.metric - b.metric);
  const uplink = routes[0]?.link;
  if (uplink === undefined) return DEFAULT_MTU;
  return listLinks(netlink).find(({ index }) => index === uplink)?.mtu ?? DEFAULT_MTU;
}

const aliasOf = ({ networkId }: BridgeSpecification): string => `ctr network ${networkId}`;

/** The same MAC for as long as the network exists, also over a reboot of the host. */
const macOf = (networkId: string): string => macFromBytes(Buffer.from(networkId, "hex"));

function requireLink(netlink: NetlinkSocket, name: string): Link {
  const link = findLink(netlink, name);
  if (link === undefined) throw conflict(`the bridge ${name} was deleted just now`, "CTR_BRIDGE_GONE");
  return link;
}
