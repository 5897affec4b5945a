/** Intent against kernel: what the store says there has to be, what there is, and how to bring the second to the first. */
import { messageOf } from "../../lib/errors.ts";
import { requireBridge, specificationOf } from "../drivers/bridge.ts";
import { bridgeFaults, ourBridges } from "../drivers/bridge-device.ts";
import { type Connection, driverOf } from "../drivers/index.ts";
import { ourParents, parentNameOf } from "../drivers/parent.ts";
import { HOST_INTERFACE, hostInterfaceOf } from "../drivers/veth.ts";
import { hasLinks } from "../endpoints.ts";
import type { Address, Family } from "../ipam/ip.ts";
import { listNamespaces, namespaceExists, namespacePath, removeNamespace } from "../namespace.ts";
import { deleteLink, findLink, listLinks } from "../netlink/link.ts";
import { defaultRoute } from "../netlink/route.ts";
import type { NetlinkSocket } from "../netlink/transport.ts";
import { attachLink, configureLink, detachLink, openInside, setDefaultRoutes } from "../sandbox/links.ts";
import { shapeNewLink } from "../sandbox/shaping.ts";
import type { SandboxState, SandboxTools } from "../sandbox/types.ts";
import { strayIntermediates } from "../traffic/index.ts";
import type { Network } from "../types.ts";
import { forgetFormerAddress } from "./hardware-address.ts";
import { insideFault, restoreInside } from "./inside.ts";
import type { Fault } from "./types.ts";

/** Devices of networks: bridges, and parents that we made. */
export function networkFaults({ netlink, store }: SandboxTools): Fault[] {
  const networks = store.networks().filter(hasLinks);
  return [...networks.flatMap((network) => deviceFaults(netlink, network)), ...strayDevices(netlink, networks)];
}

function deviceFaults(netlink: NetlinkSocket, network: Network): Fault[] {
  const mend = (): void => {
    driverOf(network.driver)?.ensure(netlink, network);
  };
  if (network.driver !== "bridge") {
    const parent = parentNameOf(network);
    if (findLink(netlink, parent) !== undefined) return [];
    const object = `parent ${parent}`;
    return [{ kind: "missing", object, text: `the parent of network ${network.name} is gone`, mend }];
  }
  const bridge = specificationOf(network);
  const { name } = bridge;
  const object = `bridge ${name}`;
  const link = findLink(netlink, name);
  if (link === undefined)
    return [{ kind: "missing", object, text: `the bridge of network ${network.name} is gone`, mend }];
  const problems = bridgeFaults(netlink, link, bridge);
  return problems.length === 0 ? [] : [{ kind: "changed", object, text: problems.join("; "), mend }];
}

/** What a network left whose record is gone: the engine was killed while it was made or removed. */
function strayDevices(netlink: NetlinkSocket, networks: readonly Network[]): Fault[] {
  const known = new Set(networks.map(({ id }) => id));
  const ours = [...ourBridges(listLinks(netlink)), ...ourParents(netlink)];
  return ours
    .filter(({ networkId }) => !known.has(networkId))
    .map(({ name }) => ({
      kind: "stray" as const,
      object: `link ${name}`,
      text: "its network does not exist any more",
      mend: () => {
        deleteLink(netlink, name);
      },
    }));
}

/** Namespaces and cables of no container. @param kept ids of containers with a sandbox */
export function strayFaults({ netlink, store }: SandboxTools, runDir: string, kept: ReadonlySet<string>): Fault[] {
  return [
    ...strayNamespaces(runDir, kept),
    ...strayLinks(netlink, store.networks(), wantedHostInterfaces(store, kept)),
    ...strayShapes(netlink),
  ];
}

function strayShapes(netlink: NetlinkSocket): Fault[] {
  return strayIntermediates(netlink).map((name) => ({
    kind: "stray" as const,
    object: `link ${name}`,
    text: "the interface whose rate it limited is gone",
    mend: () => {
      deleteLink(netlink, name);
    },
  }));
}

function strayNamespaces(runDir: string, kept: ReadonlySet<string>): Fault[] {
  return listNamespaces(namespacePath(runDir, ""))
    .filter((name) => !kept.has(name))
    .map((name) => ({
      kind: "stray" as const,
      object: `namespace ${namespacePath(runDir, name)}`,
      text: "no container that runs has it",
      mend: () => removeNamespace(namespacePath(runDir, name)),
    }));
}

function wantedHostInterfaces(store: SandboxTools["store"], kept: ReadonlySet<string>): Set<string> {
  const endpoints = [...kept].flatMap((id) => store.endpointsOfContainer(id));
  return new Set(
    endpoints.filter(({ interfaceName }) => interfaceName !== undefined).map(({ id }) => hostInterfaceOf(id)),
  );
}

function strayLinks(netlink: NetlinkSocket, networks: readonly Network[], wanted: ReadonlySet<string>): Fault[] {
  return networks
    .filter(({ driver }) => driver === "bridge")
    .flatMap((network) => {
      const index = findLink(netlink, requireBridge(network))?.index;
      return index === undefined ? [] : listLinks(netlink, index);
    })
    .filter(({ name, kind }) => kind === "veth" && HOST_INTERFACE.test(name) && !wanted.has(name))
    .map(({ name }) => ({
      kind: "stray" as const,
      object: `link ${name}`,
      text: "no container that runs has its other end",
      mend: () => {
        deleteLink(netlink, name);
      },
    }));
}

/** Links and addresses of a container that runs. */
export function linkFaults(tools: SandboxTools, state: SandboxState): Fault[] {
  const { namespacePath: path, containerName, connections } = state;
  if (path === undefined) return [];
  if (!namespaceExists(path)) {
    const text = "the running container's network namespace has lost its name: restart the container";
    return [{ kind: "missing", object: `namespace of ${containerName}`, text, mend: () => refuse(text) }];
  }
  using inside = openInside(path);
  return connections.flatMap((connection) => linkFault(tools, state, path, inside, connection));
}

function linkFault(
  tools: SandboxTools,
  state: SandboxState,
  path: string,
  inside: NetlinkSocket,
  connection: Connection,
): Fault[] {
  const { netlink } = tools;
  const { interfaceName, network } = connection;
  const text = faultOf(netlink, inside, connection) ?? insideFault(inside, connection);
  if (text === undefined) return [];
  const mend = (): void => {
    using again = openInside(path);
    const former = findLink(again, interfaceName);
    if (former !== undefined && driverOf(network.driver)?.mend(netlink, connection) === true) {
      restoreInside(again, connection);
      if (former.macAddress !== connection.macAddress) forgetFormerAddress(tools, connection, former.macAddress);
    } else {
      detachLink(netlink, again, connection);
      attachLink(netlink, path, connection);
      configureLink(again, path, connection);
      tools.announcements.begin(path, connection);
      shapeNewLink(tools, state.containerId, connection);
    }
  };
  return [{ kind: "changed", object: `${interfaceName} of ${state.containerName} on ${network.name}`, text, mend }];
}

function faultOf(netlink: NetlinkSocket, inside: NetlinkSocket, connection: Connection): string | undefined {
  const link = findLink(inside, connection.interfaceName);
  if (link === undefined) return "the container has lost its link";
  const fault = driverOf(connection.network.driver)?.findFault(netlink, connection);
  return fault ?? (link.up ? undefined : "the link is down inside the container");
}

/** Default routes of a container that runs. They go with a link that is laid anew: mend those first. */
export function routeFaults({ namespacePath: path, containerName, gateways }: SandboxState): Fault[] {
  if (path === undefined || !namespaceExists(path)) return [];
  using inside = openInside(path);
  const { ipv4, ipv6 } = gateways;
  const problems = [
    routeFault(inside, 4, ipv4?.interfaceName, ipv4?.defaultRoute4?.gateway),
    routeFault(inside, 6, ipv6?.interfaceName, ipv6?.defaultRoute6?.gateway),
  ].filter((text) => text !== undefined);
  if (problems.length === 0) return [];
  const mend = (): void => {
    using again = openInside(path);
    setDefaultRoutes(again, gateways);
  };
  return [{ kind: "changed", object: `routes of ${containerName}`, text: problems.join("; "), mend }];
}

/** A container that is allowed to may have made other routes: only what leads nowhere is a fault. */
function routeFault(
  inside: NetlinkSocket,
  family: Family,
  interfaceName: string | undefined,
  gateway: Address | undefined,
): string | undefined {
  if (interfaceName === undefined) return undefined;
  const route = defaultRoute(inside, family);
  if (route === undefined) return `the default route of IPv${family} is gone`;
  const rightLink = route.link === findLink(inside, interfaceName)?.index;
  return rightLink && route.gateway?.value === gateway?.value
    ? undefined
    : `the default route of IPv${family} leads elsewhere`;
}

/** The firewall's rules. They are mended by writing all of them again. */
export function firewallFaults({ firewall }: SandboxTools): Fault[] {
  let whole: boolean;
  try {
    whole = firewall.check();
  } catch (error) {
    const text = `its rules cannot be read: ${messageOf(error)}`;
    return [{ kind: "changed", object: "firewall", text, mend: () => refuse(text) }];
  }
  if (whole) return [];
  const mend = (): void => {
    firewall.heal();
  };
  return [{ kind: "changed", object: "firewall", text: "somebody else changed or removed rules of ours", mend }];
}

function refuse(text: string): never {
  throw new Error(text);
}
