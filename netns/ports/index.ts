/**
 * Published ports: the grammar of `-p`, the API's port maps, who holds which port of the host, and how packets get from
 * there to the container.
 *
 * The life of a container's ports: {@link portBindingsOf} reads what is asked for, {@link expandBindings} gives each its
 * host address, {@link HostPorts.reserve} takes them, {@link pathsOf} says which of them the firewall redirects and which
 * a proxy carries; {@link HostPorts.handOver} while those proxies start; at the end {@link HostPorts.release}.
 */
export { expandBindings, hostHasIpv6, type PlacedBinding, type PublishDefaults } from "./expand.ts";
export { HostPorts, type HostPortsOptions, type OwnedPort } from "./host-ports.ts";
export {
  hasPath,
  isDirect,
  needsProxy,
  type PortPaths,
  type PortTarget,
  pathsOf,
  proxyId,
  type RedirectedPort,
} from "./paths.ts";
export {
  type ApiPortMap,
  type ContainerPort,
  formatPortKey,
  type PortMapRequest,
  parsePort,
  portBindingsOf,
} from "./port-map.ts";
export type { PortHolder } from "./port-table.ts";
export { type PortRange, type PublishSpec, parsePortRange, parsePublish, parsePublishPolicy } from "./publish.ts";
