/** A network as `GET /networks` and `GET /networks/{id}` show it. */
import { BRIDGE_ADDRESS, type Endpoint, type Network, type Subnet } from "../../../netns/index.ts";

/** The networks that the engine makes itself. */
const BUILT_IN: readonly string[] = ["bridge", "host", "none"];

export const isBuiltIn = ({ name }: Pick<Network, "name">): boolean => BUILT_IN.includes(name);

export interface Attached {
  readonly endpoint: Endpoint;
  readonly containerName: string;
}

/** @param attached endpoints of running containers; undefined in the list, which Docker sends without them */
export function networkView(network: Network, attached?: readonly Attached[]) {
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: "local",
    Driver: network.driver,
    EnableIPv4: network.enableIPv4,
    EnableIPv6: network.enableIPv6,
    IPAM: {
      Driver: network.ipamDriver,
      Options: isBuiltIn(network) ? null : network.ipamOptions,
      Config: network.subnets.length === 0 ? null : network.subnets.map(subnetView),
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: network.configFrom ?? "" },
    ConfigOnly: network.configOnly ?? false,
    Containers: Object.fromEntries((attached ?? []).map((entry) => [entry.endpoint.containerId, attachedView(entry)])),
    Options: network.options,
    Labels: network.labels,
  };
}

function subnetView(network: Subnet) {
  const { subnet, ipRange, gateway, auxAddresses } = asDockerHasIt(network);
  return {
    Subnet: subnet,
    ...(ipRange ? { IPRange: ipRange } : {}),
    ...(gateway ? { Gateway: gateway } : {}),
    ...(Object.keys(auxAddresses ?? {}).length > 0 ? { AuxiliaryAddresses: auxAddresses } : {}),
  };
}

/** With `default-gateway` Docker calls the bridge's own address the gateway, and the other one auxiliary. */
function asDockerHasIt(subnet: Subnet): Subnet {
  const { [BRIDGE_ADDRESS]: own, ...others } = subnet.auxAddresses ?? {};
  if (own === undefined || subnet.gateway === undefined) return subnet;
  const name = subnet.subnet.includes(":") ? "DefaultGatewayIPv6" : "DefaultGatewayIPv4";
  return { ...subnet, gateway: own, auxAddresses: { ...others, [name]: subnet.gateway } };
}

function attachedView({ endpoint, containerName }: Attached) {
  return {
    Name: containerName,
    EndpointID: endpoint.id,
    MacAddress: endpoint.macAddress,
    IPv4Address: cidr(endpoint.address, endpoint.prefixLength),
    IPv6Address: cidr(endpoint.address6, endpoint.prefixLength6),
  };
}

const cidr = (address: string, prefixLength: number): string => (address === "" ? "" : `${address}/${prefixLength}`);
