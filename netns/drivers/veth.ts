/** The cable between a container and its bridge: a veth pair, and how its inner end is configured. */
import { setTimeout as delay } from "node:timers/promises";
import { conflict } from "../../lib/errors.ts";
import type { Address, Cidr } from "../ipam/ip.ts";
import { addAddress } from "../netlink/address.ts";
import { changeLink, deleteLink, findLink, type Link } from "../netlink/link.ts";
import { addDefaultRoute } from "../netlink/route.ts";
import { NetlinkError, type NetlinkSocket } from "../netlink/transport.ts";
import { MAX_BRIDGE_PORTS } from "./bridge-device.ts";

/** What the names of host ends look like; nothing else below our bridges is deleted by reconciliation. */
export const HOST_INTERFACE = /^veth[0-9a-f]{7}$/;

/** Name of the host's end: 11 of the 15 characters that the kernel allows. */
export function hostInterfaceOf(endpointId: string): string {
  return `veth${endpointId.slice(0, 7)}`;
}

export interface InterfaceConfiguration {
  readonly name: string;
  readonly addresses: readonly Cidr[];
  /** Default routes are made to these. */
  readonly gateways?: readonly Address[];
}

/**
 * Gives the inner end its addresses, takes it up and sends everything to the gateways.
 * @param inside socket of the container's namespace
 * @throws {NetlinkError}
 */
export function configureInterface(inside: NetlinkSocket, configuration: InterfaceConfiguration): void {
  const { name, addresses, gateways = [] } = configuration;
  const { index } = requireLink(inside, name);
  for (const address of addresses) addAddress(inside, index, address);
  changeLink(inside, index, { up: true });
  for (const gateway of gateways) addDefaultRoute(inside, gateway, index);
}

/** @throws {NetlinkError} */
export function takeLoopbackUp(inside: NetlinkSocket): void {
  changeLink(inside, requireLink(inside, "lo").index, { up: true });
}

/** The kernel's EXFULL as the error that it means here. Anything else is returned as it came. */
export function explainFullBridge(error: unknown, bridge: string): unknown {
  const EXFULL = 54;
  return error instanceof NetlinkError && error.errno === EXFULL ? bridgeFull(bridge) : error;
}

export function bridgeFull(bridge: string): Error {
  return conflict(`the bridge ${bridge} is full: the kernel attaches at most ${MAX_BRIDGE_PORTS} links to one bridge`, {
    code: "CTR_BRIDGE_FULL",
    hint: "stop containers, or start this one on another network",
  });
}

/** Milliseconds. Twenty namespaces that go at once were seen to take 53. */
const VANISH_DEADLINE = 150;
const VANISH_POLL = 2;

/**
 * Waits until the kernel has taken a link away together with the namespace of its peer, and deletes it when it has not:
 * something holds the namespace then. Deleting at once would be simpler, but blocks the whole engine for the 15 to 40 ms
 * of an RCU grace period, where the kernel's own clean-up takes several links in one.
 * @throws {NetlinkError}
 */
export async function awaitLinkGone(netlink: NetlinkSocket, name: string): Promise<void> {
  const deadline = performance.now() + VANISH_DEADLINE;
  while (findLink(netlink, name) !== undefined) {
    if (performance.now() > deadline) {
      deleteLink(netlink, name);
      return;
    }
    await delay(VANISH_POLL);
  }
}

/** @throws `conflict` */
export function requireLink(inside: NetlinkSocket, name: string): Link {
  const link = findLink(inside, name);
  if (link === undefined) throw conflict(`the link ${name} vanished from the sandbox`, "CTR_LINK_GONE");
  return link;
}
