/** A container that had another hardware address for a while: who still believes in that one. */
import type { Connection } from "../drivers/index.ts";
import type { Address } from "../ipam/ip.ts";
import { namespaceExists } from "../namespace.ts";
import { findLink } from "../netlink/link.ts";
import { forgetBehindPort, forgetNeighbour } from "../netlink/neighbour.ts";
import type { NetlinkSocket } from "../netlink/transport.ts";
import { openInside } from "../sandbox/links.ts";
import type { SandboxTools } from "../sandbox/types.ts";

/**
 * The bridge forgets that the former address is behind the container's port, and the host and the containers of the network
 * that it is the container's. Nothing else is forgotten: another container may have that address by right.
 * @param former hardware address
 */
export function forgetFormerAddress(
  { netlink, store }: Pick<SandboxTools, "netlink" | "store">,
  { network, hostInterface, endpointId, address4, address6 }: Connection,
  former: string,
): void {
  const port = hostInterface === undefined ? undefined : findLink(netlink, hostInterface);
  if (port === undefined) return;
  forgetBehindPort(netlink, port.index, former);
  const addresses = [address4, address6].filter((address) => address !== undefined);
  forgetNeighbours(netlink, network.bridge, addresses, former);
  for (const { id, containerId, interfaceName } of store.endpointsOfNetwork(network.id)) {
    const path = store.sandbox(containerId)?.namespacePath;
    if (id === endpointId || path === undefined || !namespaceExists(path)) continue;
    using inside = openInside(path);
    forgetNeighbours(inside, interfaceName, addresses, former);
  }
}

function forgetNeighbours(
  netlink: NetlinkSocket,
  device: string | undefined,
  addresses: readonly Address[],
  former: string,
): void {
  const link = device === undefined ? undefined : findLink(netlink, device);
  if (link === undefined) return;
  for (const address of addresses) forgetNeighbour(netlink, link.index, address, former);
}
