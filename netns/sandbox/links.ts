/** The inside of a sandbox: its namespace, the links in it, their addresses and the routes. */
import { closeSync, openSync } from "node:fs";
import { type Connection, driverOf } from "../drivers/index.ts";
import { awaitLinkGone, configureInterface, requireLink, takeLoopbackUp } from "../drivers/veth.ts";
import type { Family } from "../ipam/ip.ts";
import { createNamespace, enterNetworkNamespace } from "../namespace.ts";
import { deleteLinkInBackground } from "../netlink/delete-link.ts";
import { deleteLink } from "../netlink/link.ts";
import { everywhere, removeRoute, replaceRoute } from "../netlink/route.ts";
import { NetlinkSocket } from "../netlink/transport.ts";
import { setSysctl, writeSysctl } from "../sysctl.ts";
import type { Gateways } from "./types.ts";

/**
 * Makes the namespace with loopback up.
 * @returns a netlink socket inside it
 */
export function createSandboxNamespace(path: string): NetlinkSocket {
  return createNamespace(path, () => {
    const inside = NetlinkSocket.open();
    try {
      takeLoopbackUp(inside);
      return inside;
    } catch (error) {
      inside[Symbol.dispose]();
      throw error;
    }
  });
}

export const openInside = (path: string): NetlinkSocket => enterNetworkNamespace(path, () => NetlinkSocket.open());

/** Lays the cable of a connection into a namespace, or nothing. */
export function attachLink(netlink: NetlinkSocket, path: string, connection: Connection): void {
  const namespaceFd = openSync(path, "r");
  try {
    driverOf(connection.network.driver)?.attach(netlink, namespaceFd, connection);
  } finally {
    closeSync(namespaceFd);
  }
}

/** Takes a link out of a sandbox that stays, at once. Without complaint when there is none. */
export function detachLink(netlink: NetlinkSocket, inside: NetlinkSocket, connection: Connection): void {
  const { hostInterface, interfaceName } = connection;
  if (hostInterface !== undefined) deleteLink(netlink, hostInterface);
  else deleteLink(inside, interfaceName);
}

/** As {@link detachLink}, and resolves when the link is gone. */
export async function retireLink(
  netlink: NetlinkSocket,
  inside: NetlinkSocket,
  path: string,
  { hostInterface, interfaceName }: Connection,
): Promise<void> {
  if (hostInterface !== undefined) await deleteLinkInBackground(netlink, hostInterface);
  else await deleteLinkInBackground(inside, interfaceName, () => openInside(path));
}

/** After its namespace was removed. */
export async function awaitDetached(netlink: NetlinkSocket, { hostInterface }: Connection): Promise<void> {
  if (hostInterface !== undefined) await awaitLinkGone(netlink, hostInterface);
}

/** Parameters of the interface, its addresses, and up. @throws {NetlinkError}; `invalid` for a sysctl that is none */
export function configureLink(inside: NetlinkSocket, path: string, connection: Connection): void {
  const { interfaceName: name, addresses, sysctls } = connection;
  const hasIpv6 = addresses.some(({ family }) => family === 6);
  enterNetworkNamespace(path, () => {
    if (hasIpv6) enableIpv6(name);
    else disableIpv6(name);
    for (const sysctl of sysctls) setSysctl(sysctl.name.replace("IFNAME", name), sysctl.value);
  });
  configureInterface(inside, { name, addresses });
}

/**
 * The addresses are handed out by us: nobody is asked whether another one has them (which takes a second), and no
 * router is listened to.
 */
function enableIpv6(name: string): void {
  const conf = `net/ipv6/conf/${name}`;
  writeSysctl(`${conf}/accept_ra`, "0");
  writeSysctl(`${conf}/accept_dad`, "0");
  writeSysctl(`${conf}/disable_ipv6`, "0");
}

/**
 * A link-local address on a network without IPv6 would only cost time and confuse. Of this link alone, as in Docker: one
 * that a program in the container makes, a VPN's for example, has IPv6.
 */
function disableIpv6(name: string): void {
  writeSysctl(`net/ipv6/conf/${name}/disable_ipv6`, "1");
}

/** Points the default routes of a new sandbox where they have to. */
export function addDefaultRoutes(inside: NetlinkSocket, { ipv4, ipv6 }: Gateways): void {
  if (ipv4 !== undefined) setDefaultRoute(inside, 4, ipv4, ipv4.defaultRoute4?.gateway);
  if (ipv6 !== undefined) setDefaultRoute(inside, 6, ipv6, ipv6.defaultRoute6?.gateway);
}

/** As {@link addDefaultRoutes}, in a sandbox that has some: those that lead nowhere any more go. */
export function setDefaultRoutes(inside: NetlinkSocket, { ipv4, ipv6 }: Gateways): void {
  setDefaultRoute(inside, 4, ipv4, ipv4?.defaultRoute4?.gateway);
  setDefaultRoute(inside, 6, ipv6, ipv6?.defaultRoute6?.gateway);
}

type Gateway = NonNullable<Connection["defaultRoute4"]>["gateway"];

function setDefaultRoute(inside: NetlinkSocket, family: Family, to: Connection | undefined, gateway: Gateway): void {
  const destination = everywhere(family);
  if (to === undefined) {
    removeRoute(inside, destination);
    return;
  }
  const { index } = requireLink(inside, to.interfaceName);
  replaceRoute(inside, { destination, link: index, ...(gateway === undefined ? {} : { gateway }) });
}
