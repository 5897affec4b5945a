/** From the networks that a request names to the endpoints that the network layer gives. Pure. */
import { invalid, messageOf, prefixed } from "../../lib/errors.ts";
import type { EmptyField, Endpoint, EndpointRequest } from "../../netns/index.ts";
import type { Container, ContainerCreateRequest, EndpointSettings } from "../types.ts";
import { isUserDefined, PRIVATE_NETWORK, SHARED_NETWORK, sharedWith } from "./network-mode.ts";

type Asked = Pick<ContainerCreateRequest, "NetworkingConfig" | "MacAddress">;
type Owner = Pick<Container, "id" | "name" | "config" | "hostConfig">;

/**
 * The network of the mode first, then the others in the order given: so the interfaces are counted.
 * @param nameOf the name of the network that a key of the request means
 * @throws `invalid` with Docker's texts; what `nameOf` throws for a network that is not there
 */
export function endpointRequests(
  container: Owner,
  { NetworkingConfig, MacAddress }: Asked,
  nameOf: (reference: string) => string,
): EndpointRequest[] {
  const given = Object.entries(NetworkingConfig?.EndpointsConfig ?? {});
  const { NetworkMode: mode = "bridge" } = container.hostConfig;
  if (sharedWith(container.hostConfig) !== undefined) {
    if (given.length > 0) throw invalid(SHARED_NETWORK, "CTR_NETWORK_MODE_CONFLICT");
    return [];
  }
  const main = nameOf(mode);
  const wishes = new Map<string, EndpointSettings>();
  const named = given.map(([key, settings]) => [nameOf(key), settings ?? {}] as const);
  if (given.length === 0 || named.some(([name]) => name === main)) wishes.set(main, {});
  for (const [name, settings] of named) {
    if (Object.keys(wishes.get(name) ?? {}).length > 0) {
      throw invalid(`network "${name}" is specified multiple times`, "CTR_ENDPOINT_DUPLICATE");
    }
    wishes.set(name, settings);
  }
  checkTogether([...wishes.keys()]);
  return [...wishes].map(([network, settings]) =>
    inConfigOf(network, () =>
      endpointRequest(container, network, network === main ? withMac(settings, MacAddress) : settings),
    ),
  );
}

/** What is wrong with an endpoint of a new container, with the network's name before it, as in Docker. */
export function inConfigOf<T>(network: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!messageOf(error).startsWith("invalid endpoint settings:")) throw error;
    throw prefixed(`invalid config for network ${network}`, error);
  }
}

/**
 * One endpoint, at creation or for `connect`.
 * @param network name of the network
 * @throws `invalid` with Docker's texts
 */
export function endpointRequest(container: Owner, network: string, settings: EndpointSettings): EndpointRequest {
  checkPredefined(network, settings);
  const { IPAMConfig, MacAddress, Links, Aliases, DriverOpts, GwPriority } = settings;
  const { IPv4Address, IPv6Address, LinkLocalIPs } = IPAMConfig ?? {};
  const { Hostname } = container.config;
  const givenEmpty = emptyFieldsOf(settings);
  return {
    containerId: container.id,
    containerName: container.name,
    network,
    ...(Hostname ? { hostname: Hostname } : {}),
    ...(IPv4Address ? { ipAddress: IPv4Address } : {}),
    ...(IPv6Address ? { ip6Address: IPv6Address } : {}),
    ...(hasIpv6Off(container) ? { withoutIpv6: true } : {}),
    ...(LinkLocalIPs?.length ? { linkLocalAddresses: LinkLocalIPs } : {}),
    ...(MacAddress ? { macAddress: MacAddress } : {}),
    ...(Aliases?.length ? { aliases: Aliases } : {}),
    ...(Links?.length ? { links: Links } : {}),
    ...(DriverOpts ? { driverOptions: DriverOpts } : {}),
    ...(GwPriority ? { gatewayPriority: GwPriority } : {}),
    ...(givenEmpty.length > 0 ? { givenEmpty } : {}),
  };
}

const emptyFieldsOf = ({ IPAMConfig, Aliases, DriverOpts }: EndpointSettings): EmptyField[] =>
  Object.entries({ IPAMConfig, Aliases, DriverOpts }).flatMap(([field, value]) =>
    value && !Object.values(value).some(hasContent) ? (field as EmptyField) : [],
  );

const hasContent = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value));

/** What an endpoint that there was is had again by, with the addresses that were asked for. */
export function requestOf(container: Owner, endpoint: Endpoint): EndpointRequest {
  const { id, name, config } = container;
  const { networkName, asked, aliases, links, driverOptions, gatewayPriority, givenEmpty = [] } = endpoint;
  return {
    containerId: id,
    containerName: name,
    network: networkName,
    ...(config.Hostname ? { hostname: config.Hostname } : {}),
    ...(asked.ipv4 ? { ipAddress: asked.ipv4 } : {}),
    ...(asked.ipv6 ? { ip6Address: asked.ipv6 } : {}),
    ...(hasIpv6Off(container) ? { withoutIpv6: true } : {}),
    ...(asked.linkLocal === undefined ? {} : { linkLocalAddresses: asked.linkLocal }),
    ...(asked.mac === undefined ? {} : { macAddress: asked.mac }),
    ...{ aliases, links, driverOptions, gatewayPriority, givenEmpty },
  };
}

/** Its kernel would refuse every address of the family, and others would find one by its name that leads nowhere. */
const hasIpv6Off = ({ hostConfig: { Sysctls = {} } }: Owner): boolean =>
  Sysctls["net.ipv6.conf.all.disable_ipv6"] === "1";

/** Names and addresses of one's own choice belong to networks of one's own making. */
function checkPredefined(network: string, { Aliases, IPAMConfig }: EndpointSettings): void {
  if (isUserDefined(network)) return;
  const wrong = [
    ...(Aliases?.length ? ["network-scoped aliases are only supported for user-defined networks"] : []),
    ...(IPAMConfig?.IPv4Address || IPAMConfig?.IPv6Address
      ? [
          "user specified IP address is supported on user defined networks only",
          "user specified IP address is supported only when connecting to networks with user configured subnets",
        ]
      : []),
  ];
  if (wrong.length === 0) return;
  const list = wrong.length === 1 ? wrong.join("") : `* ${wrong.join("\n* ")}`;
  throw invalid(`invalid endpoint settings:\n${list}`, "CTR_ENDPOINT_INVALID");
}

/** @throws `invalid` when `host` or `none` would not be the only network */
export function checkTogether(networks: readonly string[]): void {
  if (networks.length < 2) return;
  if (networks.includes("host")) throw invalid(SHARED_NETWORK, "CTR_NETWORK_MODE_CONFLICT");
  if (networks.includes("none")) throw invalid(PRIVATE_NETWORK, "CTR_NETWORK_MODE_CONFLICT");
}

/** Old clients give the address of the main network's interface to the container. */
function withMac(settings: EndpointSettings, containerWide: string | undefined): EndpointSettings {
  if (!containerWide) return settings;
  if (settings.MacAddress && settings.MacAddress !== containerWide) {
    throw invalid(
      "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty",
      "CTR_MAC_CONFLICT",
    );
  }
  return { ...settings, MacAddress: containerWide };
}
