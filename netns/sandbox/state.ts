/** What a container's sandbox has to be, from what the store says of its endpoints. */
import { conflict } from "../../lib/errors.ts";
import type { Connection, DefaultRoute } from "../drivers/index.ts";
import { isLayer3 } from "../drivers/sublinks.ts";
import { hostInterfaceOf } from "../drivers/veth.ts";
import { gatewayOf, hasLinks, readLinkLocal, subnetOfAddress } from "../endpoints.ts";
import { type Address, type Cidr, onSubnet, parseAddress, parseCidr } from "../ipam/ip.ts";
import { interfaceNameOption, prefixOption, sysctlsOption } from "../networks/options.ts";
import type { EndpointRecord, NetworkStore } from "../store/index.ts";
import type { Network } from "../types.ts";
import type { Gateways, SandboxState, UpSandbox } from "./types.ts";

/** The endpoints' networks are looked up once each. */
interface Place {
  readonly record: EndpointRecord;
  readonly network: Network;
}

/**
 * @param path of the namespace file; undefined in host mode
 * @param records of the container's endpoints; those without a link in the sandbox get a name for theirs
 */
export function sandboxState(
  store: NetworkStore,
  containerId: string,
  path: string | undefined,
  records: readonly EndpointRecord[],
): SandboxState {
  const places = records.map((record) => ({ record, network: store.networkOf(record) }));
  const connections = path === undefined ? [] : connectionsOf(places.filter(({ network }) => hasLinks(network)));
  const gateways = chooseGateways(connections);
  const [first] = records;
  const gateway = gateways.ipv4 ?? gateways.ipv6;
  const name = first?.containerName ?? containerId;
  const endpointId = gateway?.endpointId ?? first?.id;
  return {
    containerId,
    containerName: name,
    describe: endpointId === undefined ? containerId : `${name} (${endpointId})`,
    namespacePath: path,
    connections,
    gateways,
  };
}

/** The sandbox that a container has, or undefined. */
export function recordedState(store: NetworkStore, containerId: string): SandboxState | undefined {
  const record = store.sandbox(containerId);
  if (record === undefined) return undefined;
  const attached = store.endpointsOfContainer(containerId).filter((endpoint) => endpoint.interfaceName !== undefined);
  return sandboxState(store, containerId, record.namespacePath, attached);
}

/** @returns undefined when the container has no sandbox, or shares the host's network */
export function upSandbox(store: NetworkStore, containerId: string): UpSandbox | undefined {
  const record = store.sandbox(containerId);
  const state = recordedState(store, containerId);
  if (record?.namespacePath === undefined || state === undefined) return undefined;
  return { record, namespacePath: record.namespacePath, state };
}

/**
 * The endpoint with the highest priority that leads out, of those the first that was given. It is chosen for each family
 * by itself: an internal network, or one without the family, leads nowhere.
 */
export function chooseGateways(connections: readonly Connection[]): Gateways {
  const best = (leadsOut: (connection: Connection) => boolean): Connection | undefined =>
    connections
      .filter(leadsOut)
      .reduce<Connection | undefined>(
        (first, next) => (first === undefined || next.gatewayPriority > first.gatewayPriority ? next : first),
        undefined,
      );
  return {
    ipv4: best(({ defaultRoute4 }) => defaultRoute4 !== undefined),
    ipv6: best(({ defaultRoute6 }) => defaultRoute6 !== undefined),
  };
}

function connectionsOf(places: readonly Place[]): Connection[] {
  const names = nameInterfaces(places);
  return places.map(({ record, network }, index) => connectionOf(network, record, names[index] ?? ""));
}

function connectionOf(network: Network, record: EndpointRecord, interfaceName: string): Connection {
  const { address, address6, details } = record;
  const linkLocal = details.asked?.linkLocal ?? [];
  const onNetwork = [address, address6].flatMap((one) => (one === undefined ? [] : cidrOf(network, one)));
  return {
    endpointId: record.id,
    network,
    hostInterface: network.driver === "bridge" ? hostInterfaceOf(record.id) : undefined,
    interfaceName,
    macAddress: record.macAddress,
    mtu: network.mtu,
    addresses: [...onNetwork, ...linkLocal.map(readLinkLocal)],
    address4: address,
    address6,
    defaultRoute4: defaultRouteOf(network, address),
    defaultRoute6: defaultRouteOf(network, address6),
    gatewayPriority: record.gatewayPriority,
    sysctls: sysctlsOption(details.driverOptions ?? {}),
  };
}

function cidrOf(network: Network, address: Address): Cidr | [] {
  const subnet = subnetOfAddress(network, address);
  return subnet === undefined ? [] : onSubnet(address, parseCidr(subnet.subnet));
}

function defaultRouteOf(network: Network, address: Address | undefined): DefaultRoute | undefined {
  if (address === undefined || network.internal) return undefined;
  if (isLayer3(network)) return { gateway: undefined };
  const subnet = subnetOfAddress(network, address);
  const gateway = subnet === undefined ? undefined : gatewayOf(network, subnet);
  return gateway === undefined ? undefined : { gateway: parseAddress(gateway) };
}

/**
 * `eth0`, `eth1` in the order of the endpoints, or what the user chose. Links that are there keep their names.
 * @throws `conflict` when two were to have one name
 */
function nameInterfaces(places: readonly Place[]): string[] {
  const fixed = places.map(
    ({ record }) => record.interfaceName ?? interfaceNameOption(record.details.driverOptions ?? {}),
  );
  const taken = new Set<string>();
  for (const name of fixed) {
    if (name === undefined) continue;
    if (taken.has(name)) {
      throw conflict(`two interfaces of the container were to be named ${name}`, "CTR_INTERFACE_NAME_TAKEN");
    }
    taken.add(name);
  }
  return places.map(({ network }, index) => {
    const name = fixed[index] ?? freeName(prefixOption(network.options), taken);
    taken.add(name);
    return name;
  });
}

function freeName(prefix: string, taken: ReadonlySet<string>): string {
  for (let number = 0; ; number++) if (!taken.has(`${prefix}${number}`)) return `${prefix}${number}`;
}
