/** What the CLI reads of ctr's own answers about the network. */

/** A published port in force, `GET /ctr/net/ports`. */
export interface PortRow {
  /** `0.0.0.0` and `::` for all addresses. */
  readonly HostIp: string;
  readonly HostPort: number;
  readonly Protocol: string;
  readonly ContainerPort: number;
  readonly ContainerId: string;
  readonly ContainerName: string;
  readonly Policy?: string;
}

/** `NetworkSettings.Ports`: port → where it is published. */
export type PortMap = Readonly<Record<string, readonly PortBinding[] | null>>;

export interface PortBinding {
  readonly HostIp?: string;
  readonly HostPort?: string;
  readonly Policy?: string;
}

/** What `publish` and `unpublish` have changed. */
export interface PortChange {
  readonly Ports: PortMap | null;
}

export interface GrantEnd {
  readonly Kind: "network" | "container";
  readonly Id: string;
  readonly Name: string;
}

/** An opening between two networks or containers, `GET /ctr/networks/grants`. */
export interface GrantRow {
  readonly Id: string;
  readonly From: GrantEnd;
  readonly To: GrantEnd;
  readonly Protocol?: string;
  /** Of `To`; every port when absent. */
  readonly Port?: number;
  /** `To` may open connections to `From` as well. */
  readonly Both: boolean;
}

/** `GET /ctr/net/map`. */
export interface NetworkMap {
  readonly Networks: readonly MapNetwork[];
  readonly Containers: readonly MapContainer[];
  readonly Grants: readonly GrantRow[];
}

export interface MapNetwork {
  readonly Id: string;
  readonly Name: string;
  readonly Driver: string;
  readonly Subnets: readonly string[];
  readonly Bridge: string;
  readonly Internal: boolean;
  readonly Endpoints: readonly MapEndpoint[];
}

export interface MapEndpoint {
  readonly ContainerId: string;
  readonly ContainerName: string;
  readonly IPv4Address: string;
  readonly IPv6Address: string;
  /** Name inside the container; empty while it does not run. */
  readonly Interface: string;
  readonly HostInterface: string;
  readonly Aliases: readonly string[];
}

export interface MapContainer {
  readonly Id: string;
  readonly Name: string;
  readonly Running: boolean;
  readonly NetworkMode: string;
  readonly Ports: readonly PortRow[];
}
