/** A network as `GET /networks` and `GET /networks/{id}` show it. */
import type { Endpoint, Network } from "../../../netns/index.ts";

export interface Attached {
  readonly endpoint: Endpoint;
  readonly containerName: string;
}

/** @param attached endpoints of running containers; undefined in the list, which Docker sends without them */
export function networkView(network: Network, attached?: readonly Attached[]) {
  const { subnet, gateway } = network;
  const pool = subnet === undefined ? {} : { Subnet: subnet, ...(gateway === undefined ? {} : { Gateway: gateway }) };
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: "local",
    Driver: network.driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: null, Config: subnet === undefined ? null : [pool] },
    Internal: network.internal,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: Object.fromEntries((attached ?? []).map((entry) => [entry.endpoint.containerId, attachedView(entry)])),
    Options: network.options,
    Labels: network.labels,
  };
}

function attachedView({ endpoint, containerName }: Attached) {
  return {
    Name: containerName,
    EndpointID: endpoint.id,
    MacAddress: endpoint.macAddress,
    IPv4Address: endpoint.address === "" ? "" : `${endpoint.address}/${endpoint.prefixLength}`,
    IPv6Address: "",
  };
}
