/** A container's networks: `NetworkSettings` of list and inspect. */
import type { Endpoint } from "../../../netns/index.ts";
import type { Container } from "../../types.ts";
import { portMap } from "./ports.ts";
import { isRunning } from "./status.ts";

/** What Docker shows of an endpoint. Addresses are empty while the container does not run. */
export function endpointSettings(endpoint: Endpoint, running: boolean) {
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: null,
    MacAddress: running ? endpoint.macAddress : "",
    DriverOpts: null,
    GwPriority: 0,
    NetworkID: endpoint.networkId,
    EndpointID: running ? endpoint.id : "",
    Gateway: running ? endpoint.gateway : "",
    IPAddress: running ? endpoint.address : "",
    IPPrefixLen: running ? endpoint.prefixLength : 0,
    IPv6Gateway: "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
}

export function endpointsByNetwork(container: Container, endpoints: readonly Endpoint[]) {
  const running = isRunning(container);
  return Object.fromEntries(
    endpoints.map((endpoint) => [endpoint.networkName, endpointSettings(endpoint, running)] as const),
  );
}

/** @param sandboxKey file that names the network namespace; empty in host mode and while the container does not run */
export function networkSettings(container: Container, endpoints: readonly Endpoint[], sandboxKey: string) {
  const networks = endpointsByNetwork(container, endpoints);
  // The flat fields are those of the default bridge, from the time when there was no other network.
  const flat = networks["bridge"];
  return {
    Bridge: "",
    SandboxID: isRunning(container) ? container.id : "",
    SandboxKey: sandboxKey,
    Ports: portMap(container),
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: flat?.EndpointID ?? "",
    Gateway: flat?.Gateway ?? "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    IPAddress: flat?.IPAddress ?? "",
    IPPrefixLen: flat?.IPPrefixLen ?? 0,
    IPv6Gateway: "",
    MacAddress: flat?.MacAddress ?? "",
    Networks: networks,
  };
}
