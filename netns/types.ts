/**
 * The records of the network layer. Words are Docker's: a network has endpoints, a sandbox is a network namespace and
 * what is in it. Addresses are strings (`172.17.0.2`), subnets are CIDR strings (`172.17.0.0/16`).
 */

export type Protocol = "tcp" | "udp" | "sctp";

/**
 * Who reaches a published port. `all`: everybody, as Docker does. `loopback`: programs of the host, when no host address
 * was given. `hostfw`: those whom the host's own input rules let in, because a program listens on the port.
 */
export type PublishPolicy = "all" | "loopback" | "hostfw";

/** One `-p`: where traffic enters the host, and the container's port it goes to. */
export interface PortBinding {
  readonly protocol: Protocol;
  readonly containerPort: number;
  /** Host address, IPv4 or IPv6; empty for all addresses of both families. */
  readonly hostIp: string;
  /** First host port; 0 asks for an ephemeral one. */
  readonly hostPort: number;
  /** Last host port when a range was given for one container port: any free one of it is taken. */
  readonly hostPortEnd?: number;
  /** The engine's `publish-policy` when absent. */
  readonly policy?: PublishPolicy;
}

/** A port in force: `hostPort` is settled. */
export interface PublishedPort {
  readonly protocol: Protocol;
  readonly containerPort: number;
  /** `0.0.0.0` and `::` for all addresses of a family. */
  readonly hostIp: string;
  readonly hostPort: number;
  /** Absent when it is `all`. */
  readonly policy?: PublishPolicy;
}

export interface Network {
  readonly id: string;
  readonly name: string;
  readonly driver: "bridge" | "host" | "null";
  /** RFC 3339 time of creation. */
  readonly created: string;
  readonly subnet?: string;
  readonly gateway?: string;
  /** Name of the bridge device. */
  readonly bridge?: string;
  /** Bytes. */
  readonly mtu?: number;
  readonly internal: boolean;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** A container's place on a network. It exists, with its address, for as long as the container does. */
export interface Endpoint {
  readonly id: string;
  readonly networkId: string;
  readonly networkName: string;
  readonly containerId: string;
  /** Empty on `host` and `none`. */
  readonly address: string;
  readonly prefixLength: number;
  readonly gateway: string;
  /** Lower case, colons. */
  readonly macAddress: string;
  /** Name inside the container, `eth0`. Set while the sandbox is up. */
  readonly interfaceName?: string;
  /** Name of the host's end of the veth pair. Set while the sandbox is up. */
  readonly hostInterface?: string;
}

/** What a container asks of the network when it is created. */
export interface EndpointRequest {
  readonly containerId: string;
  readonly containerName: string;
  /** Name, id or id prefix of the network: `bridge`, `none`, `host`, … `default` means `bridge`. */
  readonly network: string;
  readonly ipAddress?: string;
  readonly macAddress?: string;
}

/** A sandbox that is up. */
export interface Sandbox {
  readonly containerId: string;
  /** File that names the network namespace (for setns and for the OCI bundle); undefined in host mode. */
  readonly namespacePath?: string;
  readonly endpoints: readonly Endpoint[];
  readonly ports: readonly PublishedPort[];
}

/** The keys of `daemon.json` (and flags of `ctrd`) that concern the network. */
export interface NetworkConfig {
  /** Address and prefix of the default bridge, `172.17.0.1/16`; chosen from the pools when absent. */
  readonly bip?: string;
  /** Bytes; taken from the uplink when absent. */
  readonly mtu?: number;
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOptions?: readonly string[];
}
