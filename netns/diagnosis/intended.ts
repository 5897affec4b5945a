/** What the kernel would have to have, by the engine's store: cables of containers, gateways, published ports, rules. */

import { bridgeAddressOf } from "../drivers/bridge.ts";
import { gatewayOf, hasLinks, subnetsOf } from "../endpoints.ts";
import { type Entry, entriesOfNetwork, entriesOfPort } from "../firewall/entries.ts";
import { elementOf } from "../firewall/nftables/elements.ts";
import { addressOf, contains, type Family, formatAddress, parseAddress, parseCidr } from "../ipam/ip.ts";
import { firewallNetworkOf } from "../networks/firewall-network.ts";
import { settingsOf } from "../networks/options.ts";
import { isDirect, type PortTarget, pathsOf, type RedirectedPort } from "../ports/index.ts";
import type { Endpoint, Network, PublishedPort } from "../types.ts";
import type { SnapshotView } from "./snapshot-view.ts";
import { HOST, type IntendedContainer, type LinkState, type NamespaceState, type Snapshot } from "./types/index.ts";

/** One link of a container that runs, on a bridge network, and what of it is there. */
export interface Cable {
  readonly container: IntendedContainer;
  readonly endpoint: Endpoint;
  readonly network: Network;
  readonly namespace: NamespaceState;
  readonly interfaceName: string;
  readonly hostInterface: string;
  readonly bridgeName: string;
  /** The container's end. */
  readonly inside: LinkState | undefined;
  /** The host's end. */
  readonly outside: LinkState | undefined;
  readonly bridge: LinkState | undefined;
}

/** Containers that have a network of their own, with those in whose namespace nothing could be read left out. */
export function runningContainers(view: SnapshotView): { container: IntendedContainer; namespace: NamespaceState }[] {
  return view.snapshot.intent.containers.flatMap((container) => {
    const namespace =
      container.running && container.namespace === container.id ? view.namespace(container.id) : undefined;
    return namespace === undefined ? [] : { container, namespace };
  });
}

const cablesOfView = new WeakMap<SnapshotView, readonly Cable[]>();

export function cablesOf(view: SnapshotView): readonly Cable[] {
  const known = cablesOfView.get(view);
  if (known !== undefined) return known;
  const networks = new Map(view.snapshot.intent.networks.map((network) => [network.id, network]));
  const links = new Map(view.host.links.map((link) => [link.name, link]));
  const cables = runningContainers(view).flatMap(({ container, namespace }) =>
    container.endpoints.flatMap((endpoint): Cable[] => {
      const { interfaceName, hostInterface, networkId } = endpoint;
      const network = networks.get(networkId);
      if (network?.bridge === undefined || interfaceName === undefined || hostInterface === undefined) return [];
      const bridgeName = network.bridge;
      return [
        {
          ...{ container, endpoint, network, namespace, interfaceName, hostInterface, bridgeName },
          inside: namespace.links.find(({ name }) => name === interfaceName),
          outside: links.get(hostInterface),
          bridge: links.get(bridgeName),
        },
      ];
    }),
  );
  cablesOfView.set(view, cables);
  return cables;
}

/** The cable whose end a link is, on either side. */
export const cableOfLink = (view: SnapshotView, place: string, device: string): Cable | undefined =>
  cablesOf(view).find((cable) =>
    place === HOST ? cable.hostInterface === device : cable.namespace.key === place && cable.interfaceName === device,
  );

export const cablesOn = (view: SnapshotView, bridge: string): readonly Cable[] =>
  cablesOf(view).filter(({ bridgeName }) => bridgeName === bridge);

/** Most causes ask for the same. */
function oncePerSnapshot<T>(find: (snapshot: Snapshot) => readonly T[]): (snapshot: Snapshot) => readonly T[] {
  const known = new WeakMap<Snapshot, readonly T[]>();
  return (snapshot) => known.getOrInsertComputed(snapshot, find);
}

export interface BridgeNetwork {
  readonly network: Network;
  readonly bridge: string;
  /** A container that runs is on it. */
  readonly used: boolean;
}

/** Networks with a bridge of their own. */
export const bridgeNetworks = oncePerSnapshot(({ intent }): BridgeNetwork[] => {
  const used = new Set(
    intent.containers.flatMap(({ running, endpoints }) => (running ? endpoints.map(({ networkId }) => networkId) : [])),
  );
  return intent.networks.flatMap((network) =>
    network.driver === "bridge" && network.bridge !== undefined && hasLinks(network)
      ? { network, bridge: network.bridge, used: used.has(network.id) }
      : [],
  );
});

/** `10.1.0.1/24` of the bridge itself, for each family that it has one of. */
export function bridgeAddresses(network: Network): { readonly address: string; readonly prefixLength: number }[] {
  const { gatewayMode4, gatewayMode6, inhibitIPv4 } = settingsOf(network);
  return network.subnets.flatMap((subnet) => {
    const isAbsent = subnet.subnet.includes(":")
      ? gatewayMode6 === "isolated"
      : gatewayMode4 === "isolated" || inhibitIPv4;
    if (subnet.gateway === undefined || isAbsent) return [];
    const cidr = bridgeAddressOf(subnet);
    return { address: formatAddress(addressOf(cidr)), prefixLength: cidr.prefixLength };
  });
}

/** The endpoint that leads out: with the highest priority, of those the first. @returns undefined where none does */
export function leadingEndpoint({ endpoints }: IntendedContainer, family: Family): Endpoint | undefined {
  return endpoints
    .filter(
      ({ gateway, gateway6, interfaceName }) =>
        (family === 4 ? gateway : gateway6) !== "" && interfaceName !== undefined,
    )
    .reduce<Endpoint | undefined>(
      (best, next) => (best === undefined || next.gatewayPriority > best.gatewayPriority ? next : best),
      undefined,
    );
}

/** A port in force, and whose it is. */
export interface OwnedPort {
  readonly container: IntendedContainer;
  readonly port: PublishedPort;
  /** Set where the firewall has to lead packets into the container. */
  readonly redirected: RedirectedPort | undefined;
  readonly proxied: boolean;
}

export const publishedPorts = oncePerSnapshot(({ intent }): OwnedPort[] =>
  intent.containers
    .filter(({ running, ports }) => running && ports.length > 0)
    .flatMap((container) => {
      const target = targetOf(intent, container);
      const { redirected, proxied } = pathsOf(container.ports, target);
      return container.ports.map((port) => ({
        container,
        port,
        redirected: redirected.find((other) => isSamePort(other, port)),
        proxied: proxied.some(({ listen }) => listen.address === port.hostIp && listen.port === port.hostPort),
      }));
    }),
);

const isSamePort = (one: PublishedPort, other: PublishedPort): boolean =>
  one.protocol === other.protocol &&
  one.hostIp === other.hostIp &&
  one.hostPort === other.hostPort &&
  one.containerPort === other.containerPort;

function targetOf({ networks, settings }: Snapshot["intent"], container: IntendedContainer): PortTarget {
  const onBridge = (family: Family): Endpoint | undefined => {
    const endpoint = leadingEndpoint(container, family);
    return networks.find(({ id }) => id === endpoint?.networkId)?.driver === "bridge" ? endpoint : undefined;
  };
  return {
    address: onBridge(4)?.address ?? "",
    address6: onBridge(6)?.address6 ?? "",
    userlandProxy: settings.userlandProxy,
  };
}

/** An element that our table has to have, and what it is there for. */
export interface WantedElement {
  readonly collection: string;
  readonly key: string;
  readonly value: string | undefined;
  readonly entry: Entry;
  /** `network front`, `container web`. */
  readonly owner: string;
  /** Whether it matters for anybody now. */
  readonly used: boolean;
}

/** Elements of networks and ports. Those of grants are not among them. */
export const wantedElements = oncePerSnapshot((snapshot): WantedElement[] => {
  const { intent } = snapshot;
  const { iptables, ip6tables } = intent.settings;
  const families: Family[] = [...(iptables ? ([4] as const) : []), ...(ip6tables ? ([6] as const) : [])];
  const networks = bridgeNetworks(snapshot).map(({ network, used }) => ({ told: firewallNetworkOf(network), used }));
  const ofNetworks = networks.flatMap(({ told, used }) =>
    entriesOfNetwork(told, families).map((entry) => ({ entry, owner: `network ${told.networkName}`, used })),
  );
  const subnets = intent.networks.flatMap((network) =>
    network.subnets.map(({ subnet }) => ({ network, subnet: parseCidr(subnet) })),
  );
  const ofPorts = publishedPorts(snapshot).flatMap(({ container, redirected }) => {
    if (redirected === undefined) return [];
    const address = parseAddress(redirected.address);
    const bridge = subnets.find(({ subnet }) => contains(subnet, address))?.network;
    const network = networks.find(({ told }) => told.bridge === bridge?.bridge)?.told;
    const direct = isDirect(redirected.hostIp, intent.settings.allowDirectRouting);
    const entries = entriesOfPort({ ...redirected, owner: container.name, direct }, network, families);
    return entries.map((entry) => ({ entry, owner: `container ${container.name}`, used: true }));
  });
  return [...ofNetworks, ...ofPorts].map(({ entry, owner, used }) => {
    const { collection, key, value } = elementOf(entry);
    return { collection, key: key.replaceAll('"', ""), value, entry, owner, used };
  });
});

/** Where a container's default route leads on a network; empty where there is none. */
export function intendedGateway(network: Network, family: Family): string {
  const [subnet] = subnetsOf(network, family);
  return subnet === undefined ? "" : (gatewayOf(network, subnet) ?? "");
}
