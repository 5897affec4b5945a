/** Published ports: the grammar of `-p`, the API's port maps, and who holds which port of the host. */
export { HostPorts, type HostPortsOptions } from "./host-ports.ts";
export {
  type ApiPortMap,
  type ContainerPort,
  formatPortKey,
  type PortMapRequest,
  parsePort,
  portBindingsOf,
} from "./port-map.ts";
export type { PortHolder } from "./port-table.ts";
export { type PortRange, type PublishSpec, parsePortRange, parsePublish } from "./publish.ts";
