/** A container's networks: `NetworkSettings` of list and inspect. */
import { shortId } from "../../../lib/ids.ts";
import type { EmptyField, Endpoint, EndpointRequest } from "../../../netns/index.ts";
import type { Container } from "../../types.ts";
import { isBuiltIn } from "./networks.ts";
import { portMap } from "./ports.ts";
import { isRunning } from "./status.ts";

/** Before this version of the API (1.45) a container's short id and its host name were shown among its aliases. */
const ALIASES_WITHOUT_ID = 45;

export interface EndpointContext {
  readonly running: boolean;
  /** Minor number of the API version. */
  readonly version: number;
  /** The container's. */
  readonly hostname?: string | undefined;
}

/** What Docker shows of an endpoint. Addresses are empty while the container does not run. */
export function endpointSettings(endpoint: Endpoint, { running, version, hostname }: EndpointContext) {
  return {
    IPAMConfig: ipamConfig(endpoint),
    Links: orNull(endpoint.links),
    Aliases: orNull(aliasesOf(endpoint, version, hostname)) ?? emptyAs(endpoint, "Aliases", []),
    MacAddress: running ? endpoint.macAddress : (endpoint.asked.mac ?? ""),
    DriverOpts: isEmpty(endpoint.driverOptions) ? emptyAs(endpoint, "DriverOpts", {}) : endpoint.driverOptions,
    GwPriority: endpoint.gatewayPriority,
    NetworkID: endpoint.networkId,
    EndpointID: running ? endpoint.id : "",
    Gateway: running ? endpoint.gateway : "",
    IPAddress: running ? endpoint.address : "",
    IPPrefixLen: running ? endpoint.prefixLength : 0,
    IPv6Gateway: running ? endpoint.gateway6 : "",
    GlobalIPv6Address: running ? endpoint.address6 : "",
    GlobalIPv6PrefixLen: running ? endpoint.prefixLength6 : 0,
    DNSNames: isBuiltIn({ name: endpoint.networkName }) ? null : orNull(endpoint.dnsNames),
  };
}

function aliasesOf(
  { aliases, networkName, containerId }: Endpoint,
  version: number,
  hostname = shortId(containerId),
): readonly string[] {
  if (version >= ALIASES_WITHOUT_ID || isBuiltIn({ name: networkName })) return aliases;
  return [...new Set([...aliases, shortId(containerId), hostname])];
}

const isEmpty = (value: object): boolean => Object.keys(value).length === 0;

type Given = Pick<Endpoint, "givenEmpty">;

/** A field without content as it was given: the docker CLI sends empty ones for `connect`, and none for `run`. */
const emptyAs = <T>({ givenEmpty = [] }: Given, field: EmptyField, empty: T): T | null =>
  givenEmpty.includes(field) ? empty : null;

function ipamConfig({ asked: { ipv4, ipv6, linkLocal = [] }, ...given }: Pick<Endpoint, "asked"> & Given) {
  if (!ipv4 && !ipv6 && linkLocal.length === 0) return emptyAs(given, "IPAMConfig", {});
  return {
    ...(ipv4 ? { IPv4Address: ipv4 } : {}),
    ...(ipv6 ? { IPv6Address: ipv6 } : {}),
    ...(linkLocal.length > 0 ? { LinkLocalIPs: linkLocal } : {}),
  };
}

const orNull = <T>(list: readonly T[]): readonly T[] | null => (list.length === 0 ? null : list);

export function endpointsByNetwork(container: Container, endpoints: readonly Endpoint[], version: number) {
  const context = { running: isRunning(container), version, hostname: container.config.Hostname || undefined };
  const named = [
    ...(container.awaitedNetworks ?? []).map((request) => [request.network, awaitedSettings(request)] as const),
    ...endpoints.map((endpoint) => [endpoint.networkName, endpointSettings(endpoint, context)] as const),
  ];
  // Go writes maps in the order of their keys.
  return Object.fromEntries(named.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** What was asked for on a network that is not there. */
const awaitedSettings = (request: EndpointRequest) => ({
  IPAMConfig: ipamConfig({
    ...request,
    asked: {
      ...(request.ipAddress === undefined ? {} : { ipv4: request.ipAddress }),
      ...(request.ip6Address === undefined ? {} : { ipv6: request.ip6Address }),
      ...(request.linkLocalAddresses === undefined ? {} : { linkLocal: request.linkLocalAddresses }),
    },
  }),
  Links: orNull(request.links ?? []),
  Aliases: orNull(request.aliases ?? []) ?? emptyAs(request, "Aliases", []),
  MacAddress: request.macAddress ?? "",
  DriverOpts: request.driverOptions ?? emptyAs(request, "DriverOpts", {}),
  GwPriority: request.gatewayPriority ?? 0,
  ...{ NetworkID: "", EndpointID: "", Gateway: "", IPAddress: "", IPPrefixLen: 0 },
  ...{ IPv6Gateway: "", GlobalIPv6Address: "", GlobalIPv6PrefixLen: 0, DNSNames: null },
});

/** Some network leads from outside to the container's ports: a bridge that is not cut off. */
export const leadsToPorts = (endpoints: readonly Endpoint[]): boolean =>
  endpoints.some(({ hostInterface, gateway, gateway6 }) => hostInterface !== undefined && gateway + gateway6 !== "");

export interface NetworkSettingsContext {
  readonly endpoints: readonly Endpoint[];
  /** File that names the network namespace; empty in host mode and while the container does not run. */
  readonly sandboxKey: string;
  readonly version: number;
}

export function networkSettings(container: Container, { endpoints, sandboxKey, version }: NetworkSettingsContext) {
  const networks = endpointsByNetwork(container, endpoints, version);
  // The flat fields are those of the default bridge, from the time when there was no other network.
  const flat = networks["bridge"];
  const hasSandbox = isRunning(container) && endpoints.length > 0;
  return {
    Bridge: "",
    SandboxID: hasSandbox ? container.id : "",
    SandboxKey: sandboxKey,
    Ports: portMap(container, leadsToPorts(endpoints)),
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: flat?.EndpointID ?? "",
    Gateway: flat?.Gateway ?? "",
    GlobalIPv6Address: flat?.GlobalIPv6Address ?? "",
    GlobalIPv6PrefixLen: flat?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: flat?.IPAddress ?? "",
    IPPrefixLen: flat?.IPPrefixLen ?? 0,
    IPv6Gateway: flat?.IPv6Gateway ?? "",
    MacAddress: flat?.MacAddress ?? "",
    Networks: networks,
  };
}
