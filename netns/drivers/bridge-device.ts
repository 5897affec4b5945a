/**
 * The bridge device of a network: made, or adopted when a former run of the engine left it, and brought to what the
 * network says. Safe to repeat.
 */
import { conflict, hasCode } from "../../lib/errors.ts";
import { type Cidr, formatCidr, sameCidr, subnetOf } from "../ipam/ip.ts";
import { macFromBytes } from "../ipam/mac.ts";
import { addAddress, listAddresses, removeAddress } from "../netlink/address.ts";
import { hasSpanningTree, switchSpanningTreeOff } from "../netlink/bridge-port.ts";
import { deleteLinkInBackground } from "../netlink/delete-link.ts";
import { changeLink, createBridge, deleteLink, findLink, type Link, listLinks } from "../netlink/link.ts";
import { addressesWithoutRoute, defaultRoute, restoreAddressRoute } from "../netlink/route.ts";
import type { NetlinkSocket } from "../netlink/transport.ts";
import { getSysctl, setOptionalSysctl, setSysctl } from "../sysctl.ts";

/** What the kernel can attach to one bridge (BR_MAX_PORTS). */
export const MAX_BRIDGE_PORTS = 1023;

const DEFAULT_MTU = 1500;
const ALIAS = /^ctr network ([0-9a-f]{64})$/;

export interface BridgeSpecification {
  readonly name: string;
  /** Of the bridge itself, which is the containers' gateway: at most one of each family. */
  readonly addresses: readonly Cidr[];
  /** Bytes. */
  readonly mtu: number;
  /** Id of the network it belongs to. It is written into the link's alias, and its MAC address is made from it. */
  readonly networkId: string;
  /** A bridge of that name that somebody else made may be used: it keeps what it has, and outlives the network. */
  readonly adoptForeign?: boolean;
}

/**
 * Brings the bridge to its specification: device, alias, addresses, MTU, up, and the parameters that routing between
 * containers and the world needs (`route_localnet` on this bridge alone, for ports on 127.0.0.1).
 * @returns the link, and whether it was made now
 * @throws `conflict` when a link of that name is not ours to use; it is then left as it was
 */
export function ensureBridge(netlink: NetlinkSocket, bridge: BridgeSpecification): { link: Link; created: boolean } {
  const present = findLink(netlink, bridge.name);
  if (present !== undefined) checkAdoptable(netlink, present, bridge);
  try {
    if (present === undefined) createBridge(netlink, { ...bridge, macAddress: macOf(bridge.networkId) });
    const link = present ?? requireLink(netlink, bridge.name);
    bringToSpecification(netlink, link, bridge, present !== undefined && isForeign(present, bridge));
    return { link: requireLink(netlink, bridge.name), created: present === undefined };
  } catch (error) {
    if (present === undefined) deleteLink(netlink, bridge.name);
    throw error;
  }
}

/**
 * What of a bridge that is there somebody has changed, in words. Of one that was there before the network only that it
 * is down, or has lost an address of ours.
 */
export function bridgeFaults(netlink: NetlinkSocket, link: Link, bridge: BridgeSpecification): string[] {
  const present = listAddresses(netlink, link.index);
  const missing = bridge.addresses.filter((address) => !present.some((other) => sameCidr(other, address)));
  const settings = isForeign(link, bridge) ? [] : settingFaults(netlink, link, bridge);
  const kept = bridge.addresses.filter((address) => !missing.includes(address));
  return [
    ...(link.up ? [] : ["it is down"]),
    ...missing.map((address) => `it has lost the address ${formatCidr(address)}`),
    ...lostRoutes(netlink, link, kept).map((address) => `the route to ${formatCidr(subnetOf(address))} by it is gone`),
    ...settings,
    ...(getSysctl(routeLocalnet(bridge.name)) === "0" ? ["it does not take packets from 127.0.0.1"] : []),
  ];
}

/** A link that is down has none, and one in a VRF has them in that one's table. */
const lostRoutes = (netlink: NetlinkSocket, { index, up, master }: Link, addresses: readonly Cidr[]): Cidr[] =>
  up && master === undefined ? addressesWithoutRoute(netlink, index, addresses) : [];

function settingFaults(netlink: NetlinkSocket, link: Link, { name, mtu }: BridgeSpecification): string[] {
  // A bridge takes the least MTU of its ports by itself: then the port is at fault.
  const isLowered = mtu > 0 && link.mtu !== mtu && listLinks(netlink, link.index).every((port) => port.mtu >= mtu);
  return [
    ...(isLowered ? [`it takes ${link.mtu} bytes in place of ${mtu}`] : []),
    ...(hasSpanningTree(netlink, name) ? ["it keeps new ports closed (spanning tree)"] : []),
  ];
}

/** Deletes the bridge unless somebody else made it. @throws {NetlinkError} */
export function removeBridge(netlink: NetlinkSocket, name: string, networkId: string): void {
  if (isOurs(netlink, name, networkId)) deleteLink(netlink, name);
}

/** As {@link removeBridge}, while the engine goes on. @throws {NetlinkError} */
export async function removeBridgeInBackground(netlink: NetlinkSocket, name: string, networkId: string): Promise<void> {
  if (isOurs(netlink, name, networkId)) await deleteLinkInBackground(netlink, name);
}

const isOurs = (netlink: NetlinkSocket, name: string, networkId: string): boolean =>
  findLink(netlink, name)?.alias === aliasOf(networkId);

/** Bridges that we made, with the ids of their networks. */
export function ourBridges(links: readonly Link[]): { readonly name: string; readonly networkId: string }[] {
  return links.flatMap(({ name, kind, alias }) => {
    const [, networkId] = ALIAS.exec(alias) ?? [];
    return kind === "bridge" && networkId !== undefined ? { name, networkId } : [];
  });
}

const isForeign = (link: Link, { networkId, adoptForeign }: BridgeSpecification): boolean =>
  adoptForeign === true && link.alias !== aliasOf(networkId);

function bringToSpecification(netlink: NetlinkSocket, link: Link, bridge: BridgeSpecification, foreign: boolean): void {
  if (foreign) {
    changeLink(netlink, link.index, { up: true });
  } else {
    // The MAC is set even when it stays the same: that pins it. Else a bridge takes the lowest one of its ports, and
    // neighbours lose it whenever a container comes or goes.
    const alias = aliasOf(bridge.networkId);
    changeLink(netlink, link.index, { alias, macAddress: link.macAddress, mtu: bridge.mtu, up: true });
    if (hasSpanningTree(netlink, bridge.name)) switchSpanningTreeOff(netlink, bridge.name);
  }
  const hasIpv6 = bridge.addresses.some(({ family }) => family === 6);
  if (!foreign) setOptionalSysctl(`net/ipv6/conf/${bridge.name}/disable_ipv6`, hasIpv6 ? "0" : "1");
  if (hasIpv6) setOptionalSysctl(`net/ipv6/conf/${bridge.name}/accept_ra`, "0");
  ensureAddresses(netlink, link, bridge.addresses, foreign);
  setSysctl(routeLocalnet(bridge.name), "1");
}

/** Programs of the host reach published ports at 127.0.0.1 by it. */
const routeLocalnet = (bridge: string): string => `net/ipv4/conf/${bridge}/route_localnet`;

function ensureAddresses(netlink: NetlinkSocket, link: Link, wanted: readonly Cidr[], keepOthers: boolean): void {
  const present = listAddresses(netlink, link.index);
  for (const address of present) {
    if (!keepOthers && !wanted.some((other) => sameCidr(other, address))) removeAddress(netlink, link.index, address);
  }
  for (const address of wanted) {
    if (!present.some((other) => sameCidr(other, address))) addUnlessPresent(netlink, link.index, address);
  }
  for (const address of lostRoutes(netlink, { ...link, up: true }, wanted)) {
    restoreAddressRoute(netlink, link.index, address);
  }
}

/** One of fe80::/64 is not listed among those that are there. */
function addUnlessPresent(netlink: NetlinkSocket, index: number, address: Cidr): void {
  try {
    addAddress(netlink, index, address);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  }
}

/**
 * A link of that name may stay from a former run (its alias names our network), or from an engine whose state was
 * deleted (another alias, no ports): its addresses are of no use to anybody. What somebody else uses is not touched.
 */
function checkAdoptable(netlink: NetlinkSocket, link: Link, bridge: BridgeSpecification): void {
  const { name } = bridge;
  const hint = `delete it with: ip link delete ${name}`;
  if (link.kind !== "bridge") {
    const kind = link.kind === "" ? "device" : link.kind;
    throw conflict(`cannot make the bridge ${name}: a ${kind} has that name`, { code: "CTR_BRIDGE_TAKEN", hint });
  }
  if (link.alias === aliasOf(bridge.networkId)) return;
  const madeByCtr = ALIAS.test(link.alias);
  if (bridge.adoptForeign === true && !madeByCtr) return;
  if (!madeByCtr) checkAddresses(netlink, link, bridge, hint);
  const ports = listLinks(netlink, link.index).length;
  if (ports > 0) {
    const owner = link.alias === "" ? "somebody else" : link.alias;
    throw conflict(`the bridge ${name} belongs to ${owner}; links attached to it: ${ports}`, {
      code: "CTR_BRIDGE_TAKEN",
      hint: `stop the containers that use it, or run ctrd in a network namespace of its own; then ${hint}`,
    });
  }
}

function checkAddresses(netlink: NetlinkSocket, link: Link, bridge: BridgeSpecification, hint: string): void {
  const others = listAddresses(netlink, link.index).filter(
    (address) => !bridge.addresses.some((wanted) => sameCidr(wanted, address)),
  );
  if (others[0] === undefined) return;
  const wanted = bridge.addresses.map(formatCidr).join(", ") || "none";
  throw conflict(
    `the bridge ${bridge.name} exists with address ${others.map(formatCidr).join(", ")} where ${wanted} is needed`,
    { code: "CTR_BRIDGE_TAKEN", hint: `${hint}, or start ctrd with --bip ${formatCidr(others[0])}` },
  );
}

/** MTU of the link that the default route leaves by, so that containers never send what the uplink must split. */
export function uplinkMtu(netlink: NetlinkSocket): number {
  const uplink = defaultRoute(netlink, 4)?.link ?? defaultRoute(netlink, 6)?.link;
  if (uplink === undefined) return DEFAULT_MTU;
  return listLinks(netlink).find(({ index }) => index === uplink)?.mtu ?? DEFAULT_MTU;
}

const aliasOf = (networkId: string): string => `ctr network ${networkId}`;

/** The same MAC for as long as the network exists, also over a reboot of the host. */
const macOf = (networkId: string): string => macFromBytes(Buffer.from(networkId, "hex"));

function requireLink(netlink: NetlinkSocket, name: string): Link {
  const link = findLink(netlink, name);
  if (link === undefined) throw conflict(`the bridge ${name} was deleted just now`, "CTR_BRIDGE_GONE");
  return link;
}
