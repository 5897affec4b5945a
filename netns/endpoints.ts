/** Endpoints: a container's place on a network, from `create` to `rm`. They live in the store; no kernel here. */
import { conflict, forbidden, invalid, notFound } from "../lib/errors.ts";
import { generateId, shortId } from "../lib/ids.ts";
import { hostInterfaceOf } from "./drivers/veth.ts";
import { type Address, contains, type Family, familyName, formatAddress, parseCidr, readAddress } from "./ipam/ip.ts";
import { isTaken, type LeasePool, leasePool, lowestFreeAddress, requestedAddress } from "./ipam/leases.ts";
import { generateMac, parseMac } from "./ipam/mac.ts";
import { interfaceNameOption, settingsOf, sysctlsOption } from "./networks/options.ts";
import type { EndpointRecord, NetworkStore } from "./store/index.ts";
import type { AskedAddresses, Endpoint, EndpointRequest, Network, Subnet } from "./types.ts";

/** Shorter references are no id prefixes: `none` and `host` aside, people write at least three digits. */
const ID_PREFIX = /^[0-9a-f]+$/;

/**
 * The network of that name, id or unambiguous id prefix.
 * @throws `notFound` with Docker's text `network … not found`
 */
export function findNetwork(store: NetworkStore, reference: string): Network {
  const exact = store.network(reference) ?? store.networkByName(reference === "default" ? "bridge" : reference);
  if (exact !== undefined) return exact;
  const matches = ID_PREFIX.test(reference) ? store.networks().filter(({ id }) => id.startsWith(reference)) : [];
  const [only, second] = matches;
  if (second !== undefined) {
    throw invalid(`network ${reference} is ambiguous (${matches.length} matches found based on ID prefix)`, {
      code: "CTR_NETWORK_AMBIGUOUS",
      hint: "give more digits of the id, or the name",
    });
  }
  if (only === undefined) throw notFound(`network ${reference} not found`, "CTR_NETWORK_NOT_FOUND");
  return only;
}

/**
 * Takes a place on the network, and addresses where the network has addresses, in one transaction.
 * @param starts the container runs, or is about to: it needs its addresses now. Otherwise one that it asks for and another
 *   has is left for its start, as in Docker
 * @throws `notFound` for an unknown network, `invalid`, `forbidden` or `conflict` for an address or MAC that cannot be had
 */
export function reserveEndpoint(
  store: NetworkStore,
  request: EndpointRequest,
  { starts }: { readonly starts: boolean },
): EndpointRecord {
  const wishes = readWishes(request);
  const lease = starts ? leaseAddress : leaseForLater;
  return store.transaction(() => {
    const network = findNetwork(store, request.network);
    if (network.configOnly === true) {
      throw forbidden("cannot create endpoint on configuration-only network", {
        code: "CTR_NETWORK_CONFIG_ONLY",
        hint: `make a network of it: ctr network create --config-from ${network.name} NAME`,
      });
    }
    if (store.endpointOn(network.id, request.containerId) !== undefined) {
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
      address: lease(store, network, 4, wishes.address),
      address6: request.withoutIpv6 === true ? undefined : lease(store, network, 6, wishes.address6),
      macAddress: hasLinks(network) && network.driver !== "ipvlan" ? (wishes.macAddress ?? generateMac()) : "",
      gatewayPriority: request.gatewayPriority ?? 0,
      interfaceName: undefined,
      details: detailsOf(request, wishes.macAddress),
    };
    store.addEndpoint(record);
    store.forgetLostNetwork(request.containerId, network.name);
    return record;
  });
}

/** Containers on the network have a link of their own to it. */
export const hasLinks = ({ driver }: Pick<Network, "driver">): boolean => driver !== "host" && driver !== "null";

/** Names are served on every network that the engine does not bring along. */
export const isUserDefined = ({ name }: Pick<Network, "name">): boolean => !["bridge", "host", "none"].includes(name);

interface Wishes {
  readonly address: Address | undefined;
  readonly address6: Address | undefined;
  readonly macAddress: string | undefined;
}

/** @throws `invalid` for what can be judged without knowing the network */
function readWishes(request: EndpointRequest): Wishes {
  const { ipAddress, ip6Address, macAddress, linkLocalAddresses = [], driverOptions = {}, links = [] } = request;
  interfaceNameOption(driverOptions);
  sysctlsOption(driverOptions);
  for (const text of linkLocalAddresses) readLinkLocal(text);
  for (const link of links) checkLink(link);
  return {
    address: wishOf(ipAddress, 4),
    address6: wishOf(ip6Address, 6),
    macAddress: macAddress ? parseMac(macAddress) : undefined,
  };
}

/** @param text of an address, empty or absent for none. @throws `invalid` with Docker's text */
export function wishOf(text: string | undefined, family: Family): Address | undefined {
  if (!text) return undefined;
  const address = readAddress(text);
  if (address?.family === family) return address;
  throw invalid(`invalid endpoint settings:\ninvalid ${familyName(family)} address: ${text}`, "CTR_ADDRESS_INVALID");
}

const LINK_LOCAL = [parseCidr("169.254.0.0/16"), parseCidr("fe80::/64")];

/** An address for the link alone, with the prefix of its range. @throws `invalid` with Docker's text */
export function readLinkLocal(text: string) {
  const address = readAddress(text);
  const range = address && LINK_LOCAL.find((subnet) => contains(subnet, address));
  if (address === undefined || range === undefined) {
    throw invalid(`invalid endpoint settings:\ninvalid link-local IP address: ${text}`, "CTR_ADDRESS_INVALID");
  }
  return { ...range, address: address.value };
}

/** `db:alias`, or a name alone. */
function checkLink(link: string): void {
  if (/^[^:]+(?::[^:]+)?$/.test(link)) return;
  throw invalid(`bad format for links: ${link}`, { code: "CTR_LINK_INVALID", hint: "write NAME:ALIAS" });
}

function detailsOf(request: EndpointRequest, mac: string | undefined): EndpointRecord["details"] {
  const { hostname, aliases = [], links = [], driverOptions = {}, ipAddress, ip6Address } = request;
  const { linkLocalAddresses: linkLocal = [], givenEmpty = [] } = request;
  const asked: AskedAddresses = {
    ...(ipAddress ? { ipv4: ipAddress } : {}),
    ...(ip6Address ? { ipv6: ip6Address } : {}),
    ...(linkLocal.length > 0 ? { linkLocal } : {}),
    ...(mac === undefined ? {} : { mac }),
  };
  return {
    ...(hostname ? { hostname } : {}),
    ...(aliases.length > 0 ? { aliases } : {}),
    ...(links.length > 0 ? { links } : {}),
    ...(Object.keys(driverOptions).length > 0 ? { driverOptions } : {}),
    ...(Object.keys(asked).length > 0 ? { asked } : {}),
    ...(request.withoutIpv6 === true ? { withoutIpv6: true } : {}),
    ...(givenEmpty.length > 0 ? { givenEmpty } : {}),
  };
}

/** @throws `invalid` or `forbidden` for a wish that cannot be had, `conflict` when all addresses are taken */
export function leaseAddress(
  store: NetworkStore,
  network: Network,
  family: Family,
  wanted?: Address,
): Address | undefined {
  const pools = leasePoolsOf(store, network, family);
  if (wanted !== undefined) return requestedAddress(pools, wanted);
  return pools.length === 0 ? undefined : lowestFreeAddress(pools);
}

/** As {@link leaseAddress}, without an address where the one that is asked for is another's. */
function leaseForLater(store: NetworkStore, network: Network, family: Family, wanted?: Address): Address | undefined {
  if (wanted !== undefined && isTaken(leasePoolsOf(store, network, family), wanted)) return undefined;
  return leaseAddress(store, network, family, wanted);
}

/** The addresses of one family that a network hands out: one pool a subnet, none on `host` and `none`. */
export function leasePoolsOf(store: NetworkStore, network: Network, family: Family): LeasePool[] {
  const subnets = subnetsOf(network, family);
  if (subnets.length === 0) return [];
  const taken = store.addressesOfNetwork(network.id, family);
  return subnets.map((subnet) => leasePool(network, subnet, taken));
}

export const subnetsOf = ({ subnets }: Pick<Network, "subnets">, family: Family): Subnet[] =>
  subnets.filter(({ subnet }) => subnet.includes(":") === (family === 6));

/** The host interface is named after the id's first digits: among all endpoints they must differ. */
function newEndpointId(store: NetworkStore): string {
  for (;;) {
    const id = generateId();
    if (!store.hostInterfaceTaken(id)) return id;
  }
}

/** The public record of an endpoint, with the names of its interfaces while they are there. */
export function describeEndpoint(network: Network, record: EndpointRecord): Endpoint {
  const { interfaceName, details } = record;
  const [place, place6] = [placeOf(network, record.address), placeOf(network, record.address6)];
  const hasHostEnd = interfaceName !== undefined && network.driver === "bridge";
  return {
    id: record.id,
    networkId: network.id,
    networkName: network.name,
    containerId: record.containerId,
    ...place,
    address6: place6.address,
    prefixLength6: place6.prefixLength,
    gateway6: place6.gateway,
    macAddress: record.macAddress,
    ...(interfaceName === undefined ? {} : { interfaceName }),
    ...(hasHostEnd ? { hostInterface: hostInterfaceOf(record.id) } : {}),
    aliases: details.aliases ?? [],
    links: details.links ?? [],
    dnsNames: dnsNamesOf(network, record),
    gatewayPriority: record.gatewayPriority,
    driverOptions: details.driverOptions ?? {},
    asked: details.asked ?? {},
    ...(details.givenEmpty === undefined ? {} : { givenEmpty: details.givenEmpty }),
  };
}

interface Place {
  readonly address: string;
  readonly prefixLength: number;
  readonly gateway: string;
}

const NOWHERE: Place = { address: "", prefixLength: 0, gateway: "" };

function placeOf(network: Network, address: Address | undefined): Place {
  const subnet = address && subnetOfAddress(network, address);
  if (address === undefined || subnet === undefined) return NOWHERE;
  return {
    address: formatAddress(address),
    prefixLength: Number(subnet.subnet.split("/")[1]),
    gateway: gatewayOf(network, subnet) ?? "",
  };
}

export function subnetOfAddress(network: Network, address: Address): Subnet | undefined {
  const candidates = subnetsOf(network, address.family);
  return candidates.length === 1
    ? candidates[0]
    : candidates.find(({ subnet }) => contains(parseCidr(subnet), address));
}

/** Where a container's default route leads. There is none out of an internal network. */
export function gatewayOf(network: Network, { subnet, gateway }: Subnet): string | undefined {
  if (network.internal || gateway === undefined) return undefined;
  if (network.driver !== "bridge") return gateway;
  const { gatewayMode4, gatewayMode6 } = settingsOf(network);
  return (subnet.includes(":") ? gatewayMode6 : gatewayMode4) === "isolated" ? undefined : gateway;
}

/** Container name first, then aliases, short id and hostname, each once. None where no names are served. */
export function dnsNamesOf(network: Network, { containerName, containerId, details }: EndpointRecord): string[] {
  if (!hasLinks(network) || !isUserDefined(network)) return [];
  const names = [containerName, ...(details.aliases ?? []), shortId(containerId), details.hostname ?? ""];
  return [...new Set(names)].filter((name) => name !== "");
}
