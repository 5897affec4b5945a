/** Endpoints: a container's place on a network, from `create` to `rm`. They live in the store; no kernel here. */
import { conflict, invalid, notFound } from "../lib/errors.ts";
import { generateId } from "../lib/ids.ts";
import { formatAddress, parseAddress, parseCidr } from "./ipam/ipv4.ts";
import { type LeasePool, lowestFreeAddress, requestedAddress } from "./ipam/leases.ts";
import { generateMac, parseMac } from "./ipam/mac.ts";
import type { EndpointRecord, NetworkStore } from "./store.ts";
import type { Endpoint, EndpointRequest, Network } from "./types.ts";
import { hostInterfaceOf } from "./veth.ts";

/** Shorter references are no id prefixes: `none` and `host` aside, people write at least three digits. */
const ID_PREFIX = /^[0-9a-f]+$/;

/**
 * The network of that name, id or unambiguous id prefix.
 * @throws `notFound` with Docker's text `network … not found`
 */
export function findNetwork(store: NetworkStore, reference: string): Network {
  const exact = store.networkByName(reference === "default" ? "bridge" : reference) ?? store.network(reference);
  if (exact !== undefined) return exact;
  const matches = ID_PREFIX.test(reference) ? store.networks().filter(({ id }) => id.startsWith(reference)) : [];
  const [only, second] = matches;
  if (second !== undefined) {
    throw invalid(`network ${reference} is ambiguous (${matches.length} matches found on ID prefix)`, {
      code: "CTR_NETWORK_AMBIGUOUS",
      hint: "give more digits of the id, or the name",
    });
  }
  if (only === undefined) throw notFound(`network ${reference} not found`, "CTR_NETWORK_NOT_FOUND");
  return only;
}

/**
 * Takes a place on the network, and an address where the network has addresses, in one transaction.
 * @throws `notFound` for an unknown network, `invalid`, `forbidden` or `conflict` for an address or MAC that cannot be had
 */
export function reserveEndpoint(store: NetworkStore, request: EndpointRequest): Endpoint {
  const macAddress = request.macAddress ? parseMac(request.macAddress) : undefined;
  return store.transaction(() => {
    const network = findNetwork(store, request.network);
    if (store.endpointsOfContainer(request.containerId).some(({ networkId }) => networkId === network.id)) {
      throw conflict(
        `endpoint with name ${request.containerName} already exists in network ${network.name}`,
        "CTR_ENDPOINT_EXISTS",
      );
    }
    const record: EndpointRecord = {
      id: newEndpointId(store),
      networkId: network.id,
      containerId: request.containerId,
      containerName: request.containerName,
      address: leaseAddress(store, network, request.ipAddress),
      macAddress: network.driver === "bridge" ? (macAddress ?? generateMac()) : "",
    };
    store.addEndpoint(record);
    return describeEndpoint(store, record);
  });
}

function leaseAddress(store: NetworkStore, network: Network, wanted: string | undefined): number | undefined {
  const pool = leasePoolOf(store, network);
  if (pool === undefined) return undefined;
  return wanted ? requestedAddress(pool, wanted) : lowestFreeAddress(pool);
}

/** The addresses of a network, or undefined when it hands out none (`host`, `none`). */
export function leasePoolOf(store: NetworkStore, network: Network): LeasePool | undefined {
  if (network.subnet === undefined || network.gateway === undefined) return undefined;
  return {
    network,
    subnet: parseCidr(network.subnet),
    gateway: parseAddress(network.gateway),
    taken: store.addressesOfNetwork(network.id),
  };
}

/** The host interface is named after the id's first digits: among all endpoints they must differ. */
function newEndpointId(store: NetworkStore): string {
  for (;;) {
    const id = generateId();
    if (!store.hostInterfaceTaken(id)) return id;
  }
}

/** The public record of an endpoint, with the names of its interfaces while the sandbox is up. */
export function describeEndpoint(store: NetworkStore, record: EndpointRecord): Endpoint {
  const network = store.networkOf(record);
  const connected = record.address !== undefined && store.sandbox(record.containerId) !== undefined;
  return {
    id: record.id,
    networkId: network.id,
    networkName: network.name,
    containerId: record.containerId,
    address: record.address === undefined ? "" : formatAddress(record.address),
    prefixLength: network.subnet === undefined ? 0 : parseCidr(network.subnet).prefixLength,
    gateway: network.gateway ?? "",
    macAddress: record.macAddress,
    ...(connected
      ? { interfaceName: interfaceNameOf(store, record), hostInterface: hostInterfaceOf(record.id) }
      : undefined),
  };
}

/** `eth0` for the container's first network, `eth1` for the second. */
function interfaceNameOf(store: NetworkStore, { id, containerId }: EndpointRecord): string {
  const siblings = store.endpointsOfContainer(containerId).filter(({ address }) => address !== undefined);
  return `eth${siblings.findIndex((sibling) => sibling.id === id)}`;
}
