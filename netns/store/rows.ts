/** The store's rows, and the records that they are read as. */
import type { Address } from "../ipam/ip.ts";
import type {
  AskedAddresses,
  EmptyField,
  Network,
  NetworkDriver,
  PortBinding,
  Protocol,
  PublishedPort,
  PublishPolicy,
  SandboxDns,
} from "../types.ts";

/** An endpoint as it is stored. The public record adds what follows from its network and from whether it is up. */
export interface EndpointRecord {
  readonly id: string;
  readonly networkId: string;
  readonly containerId: string;
  readonly containerName: string;
  /** Undefined where there is none of the family. */
  readonly address: Address | undefined;
  readonly address6: Address | undefined;
  readonly macAddress: string;
  readonly gatewayPriority: number;
  /** Set while the sandbox is up and the endpoint's link in it. */
  readonly interfaceName: string | undefined;
  readonly details: EndpointDetails;
}

/** What is only handed through. */
export interface EndpointDetails {
  /** See `EndpointRequest`. */
  readonly withoutIpv6?: boolean;
  readonly hostname?: string;
  readonly aliases?: readonly string[];
  readonly links?: readonly string[];
  readonly driverOptions?: Readonly<Record<string, string>>;
  readonly asked?: AskedAddresses;
  readonly givenEmpty?: readonly EmptyField[];
}

export interface SandboxRecord {
  readonly containerId: string;
  /** Undefined in host mode. */
  readonly namespacePath: string | undefined;
  /** Ports as they were asked for, in force or not. */
  readonly bindings: readonly PortBinding[];
  readonly dns: SandboxDns;
  /** Its container does not run: others that joined it do. */
  readonly kept: boolean;
}

/** A network that a container was on when it was removed. */
export interface LostNetwork {
  readonly networkId: string;
  readonly networkName: string;
}

export interface NetworkRow {
  readonly id: string;
  readonly name: string;
  readonly driver: NetworkDriver;
  readonly created: string;
  readonly enable_ipv4: number;
  readonly enable_ipv6: number;
  readonly subnets: string;
  readonly bridge: string | null;
  readonly mtu: number | null;
  readonly internal: number;
  readonly attachable: number;
  readonly ipam_driver: string;
  readonly ipam_options: string;
  readonly options: string;
  readonly labels: string;
  readonly config_only: number;
  readonly config_from: string | null;
}

export const networkOf = (row: NetworkRow): Network => ({
  id: row.id,
  name: row.name,
  driver: row.driver,
  created: row.created,
  enableIPv4: row.enable_ipv4 === 1,
  enableIPv6: row.enable_ipv6 === 1,
  subnets: JSON.parse(row.subnets),
  internal: row.internal === 1,
  attachable: row.attachable === 1,
  ipamDriver: row.ipam_driver,
  ipamOptions: JSON.parse(row.ipam_options),
  options: JSON.parse(row.options),
  labels: JSON.parse(row.labels),
  ...(row.bridge === null ? {} : { bridge: row.bridge }),
  ...(row.mtu === null ? {} : { mtu: row.mtu }),
  ...(row.config_only === 0 ? {} : { configOnly: true }),
  ...(row.config_from === null ? {} : { configFrom: row.config_from }),
});

export interface EndpointRow {
  readonly id: string;
  readonly network_id: string;
  readonly container_id: string;
  readonly container_name: string;
  readonly address: number | null;
  readonly address6: string | null;
  readonly mac_address: string;
  readonly gateway_priority: number;
  readonly interface_name: string | null;
  readonly details: string;
}

export const endpointOf = (row: EndpointRow): EndpointRecord => ({
  id: row.id,
  networkId: row.network_id,
  containerId: row.container_id,
  containerName: row.container_name,
  address: row.address === null ? undefined : { family: 4, value: BigInt(row.address) },
  address6: row.address6 === null ? undefined : { family: 6, value: BigInt(`0x${row.address6}`) },
  macAddress: row.mac_address,
  gatewayPriority: row.gateway_priority,
  interfaceName: row.interface_name ?? undefined,
  details: row.details === "{}" ? {} : JSON.parse(row.details),
});

/** As the column has it. */
export const address4Column = (address: Address | undefined): number | null =>
  address === undefined ? null : Number(address.value);

/** As the column has it. */
export const address6Column = (address: Address | undefined): string | null =>
  address === undefined ? null : address.value.toString(16).padStart(32, "0");

export interface SandboxRow {
  readonly container_id: string;
  readonly namespace_path: string | null;
  readonly bindings: string;
  readonly dns: string;
  readonly kept: number;
}

export const sandboxOf = (row: SandboxRow): SandboxRecord => ({
  containerId: row.container_id,
  namespacePath: row.namespace_path ?? undefined,
  bindings: JSON.parse(row.bindings),
  dns: JSON.parse(row.dns),
  kept: row.kept === 1,
});

export interface PortRow {
  readonly container_id: string;
  readonly protocol: Protocol;
  readonly host_ip: string;
  readonly host_port: number;
  readonly container_port: number;
  readonly policy: PublishPolicy | null;
}

export const portOf = ({ protocol, host_ip, host_port, container_port, policy }: PortRow): PublishedPort => ({
  protocol,
  containerPort: container_port,
  hostIp: host_ip,
  hostPort: host_port,
  ...(policy === null ? {} : { policy }),
});
