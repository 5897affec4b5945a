/** ctr's own network answers: who holds which port, what goes over the wires, and how it all hangs together. */
import type { Endpoint, Grant, Network, PublishedPort, TrafficRow } from "../../../netns/index.ts";
import type { Container } from "../../types.ts";
import { isRunning } from "./status.ts";

/** Names of the containers that are known, by id. */
export type Names = ReadonlyMap<string, string>;

/** One row of `GET /ctr/net/ports`. */
export function portRow({ id, name }: Container, port: PublishedPort) {
  return {
    HostIp: port.hostIp,
    HostPort: port.hostPort,
    Protocol: port.protocol,
    ContainerPort: port.containerPort,
    ContainerId: id,
    ContainerName: name,
    ...(port.policy === undefined ? {} : { Policy: port.policy }),
  };
}

/** Ordered as people look for them: by port, then protocol, then address. */
export function portRows(containers: readonly Container[]) {
  return containers
    .flatMap((container) => container.ports.map((port) => portRow(container, port)))
    .sort(
      (a, b) => a.HostPort - b.HostPort || a.Protocol.localeCompare(b.Protocol) || compareAddresses(a.HostIp, b.HostIp),
    );
}

/** IPv4 first. */
const compareAddresses = (a: string, b: string): number =>
  Number(a.includes(":")) - Number(b.includes(":")) || a.localeCompare(b);

/** One row of `GET /ctr/net/traffic`. */
export const trafficView = (row: TrafficRow, names: Names) => ({
  ...row,
  containerName: names.get(row.containerId) ?? "",
});

/** `GET /ctr/networks/grants`. */
export function grantView({ id, from, to, protocol, port, both }: Grant) {
  return {
    Id: id,
    From: { Kind: from.kind, Id: from.id, Name: from.name },
    To: { Kind: to.kind, Id: to.id, Name: to.name },
    ...(protocol === undefined ? {} : { Protocol: protocol }),
    ...(port === undefined ? {} : { Port: port }),
    Both: both,
  };
}

export interface MapParts {
  readonly networks: readonly Network[];
  readonly endpointsOf: (networkId: string) => readonly Endpoint[];
  readonly containers: readonly Container[];
  readonly grants: readonly Grant[];
}

/** `GET /ctr/net/map`: everything that a drawing needs. */
export function mapView({ networks, endpointsOf, containers, grants }: MapParts) {
  const names = new Map(containers.map(({ id, name }) => [id, name]));
  return {
    Networks: networks.map((network) => ({
      Id: network.id,
      Name: network.name,
      Driver: network.driver,
      Subnets: network.subnets.map(({ subnet }) => subnet),
      Bridge: network.bridge ?? "",
      Internal: network.internal,
      Endpoints: endpointsOf(network.id).map((endpoint) => ({
        ContainerId: endpoint.containerId,
        ContainerName: names.get(endpoint.containerId) ?? "",
        IPv4Address: endpoint.address,
        IPv6Address: endpoint.address6,
        Interface: endpoint.interfaceName ?? "",
        HostInterface: endpoint.hostInterface ?? "",
        Aliases: endpoint.aliases,
      })),
    })),
    Containers: containers.map((container) => ({
      Id: container.id,
      Name: container.name,
      Running: isRunning(container),
      NetworkMode: container.hostConfig.NetworkMode ?? "bridge",
      Ports: container.ports.map((port) => portRow(container, port)),
    })),
    Grants: grants.map(grantView),
  };
}
