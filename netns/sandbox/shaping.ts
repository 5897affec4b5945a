/** What goes over the interfaces of sandboxes: how much, and how fast it may. */
import { conflict } from "../../lib/errors.ts";
import type { Connection } from "../drivers/index.ts";
import { atOtherEnd, type LinkCounters, readCounters, shape, unshape } from "../traffic/index.ts";
import type { ShapeRequest, TrafficRow } from "../types.ts";
import { openInside } from "./links.ts";
import type { SandboxState, SandboxTools } from "./types.ts";

/**
 * Limits all interfaces of a sandbox that is up, in one direction, and those that it gets later.
 * @throws `conflict` when it has none that lead to a bridge; nothing has changed then
 */
export function shapeSandbox({ netlink, store }: SandboxTools, state: SandboxState, request: ShapeRequest): void {
  const links = hostInterfaces(state.connections);
  if (links.length === 0) {
    throw conflict(`container ${state.containerName} has no interface that can be limited`, {
      code: "CTR_SHAPE_NO_INTERFACE",
      hint: "only links to bridge networks can be",
    });
  }
  const before = store.shapesOf(state.containerId).find(({ ingress }) => ingress === request.ingress);
  try {
    for (const link of links) shape(netlink, link, request);
  } catch (error) {
    for (const link of links) shape(netlink, link, { ingress: request.ingress, rateBps: before?.rateBps ?? 0 });
    throw error;
  }
  store.saveShape(state.containerId, request);
}

/** Brings a new link to the rates of its container. */
export function shapeNewLink(
  { netlink, store }: SandboxTools,
  containerId: string,
  { hostInterface }: Connection,
): void {
  if (hostInterface === undefined) return;
  for (const request of store.shapesOf(containerId)) shape(netlink, hostInterface, request);
}

/** Before links are deleted: part of their limits would stay. */
export function unshapeLinks(
  { netlink, store }: SandboxTools,
  containerId: string,
  connections: readonly Connection[],
): void {
  if (store.shapesOf(containerId).length === 0) return;
  for (const link of hostInterfaces(connections)) unshape(netlink, link);
}

const hostInterfaces = (connections: readonly Connection[]): string[] =>
  connections.flatMap(({ hostInterface }) => hostInterface ?? []);

/** One row for each interface of a sandbox; those that are gone are left out. */
export function trafficOf(tools: Pick<SandboxTools, "netlink">, state: SandboxState): TrafficRow[] {
  const { containerId, connections } = state;
  return connections.flatMap((connection) => {
    const counters = countersOf(tools, state, connection);
    if (counters === undefined) return [];
    const { network, interfaceName } = connection;
    return { containerId, networkId: network.id, networkName: network.name, interfaceName, ...counters };
  });
}

function countersOf(
  { netlink }: Pick<SandboxTools, "netlink">,
  { namespacePath }: SandboxState,
  { hostInterface, interfaceName }: Connection,
): LinkCounters | undefined {
  if (hostInterface !== undefined) {
    const counters = readCounters(netlink, hostInterface);
    return counters && atOtherEnd(counters);
  }
  if (namespacePath === undefined) return undefined;
  using inside = openInside(namespacePath);
  return readCounters(inside, interfaceName);
}
