/**
 * The records of the network layer. Words are Docker's: a network has endpoints, a sandbox is a network namespace and
 * what is in it. Addresses are strings (`172.17.0.2`, `fd00::2`), subnets are CIDR strings (`172.17.0.0/16`).
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

/**
 * A port in force: `hostPort` is settled. It is 0 where the network is routed: the port is open at the container's own
 * address, and none of the host's is taken.
 */
export interface PublishedPort {
  readonly protocol: Protocol;
  readonly containerPort: number;
  /** `0.0.0.0` and `::` for all addresses of a family. */
  readonly hostIp: string;
  readonly hostPort: number;
  /** Absent when it is `all`. */
  readonly policy?: PublishPolicy;
}

/** Which published ports are meant: those of this container port, of one host address or port when they are given. */
export interface PortSelection {
  readonly protocol: Protocol;
  readonly containerPort: number;
  readonly hostIp?: string;
  readonly hostPort?: number;
}

export type NetworkDriver = "bridge" | "host" | "null" | "macvlan" | "ipvlan";

/** One range of addresses of a network: an entry of Docker's `IPAM.Config`. */
export interface Subnet {
  readonly subnet: string;
  /** Where the containers' default route leads. */
  readonly gateway?: string;
  /** The part of the subnet that addresses are handed out from. */
  readonly ipRange?: string;
  /** Addresses that are never handed out, by the name of who has them. */
  readonly auxAddresses?: Readonly<Record<string, string>>;
}

export interface Network {
  readonly id: string;
  readonly name: string;
  readonly driver: NetworkDriver;
  /** RFC 3339 time of creation. */
  readonly created: string;
  readonly enableIPv4: boolean;
  readonly enableIPv6: boolean;
  /** IPv4 first, then IPv6. A bridge has at most one of each family; `host` and `null` have none. */
  readonly subnets: readonly Subnet[];
  /** Name of the bridge device. */
  readonly bridge?: string;
  /** Bytes. */
  readonly mtu?: number;
  /** No way out: containers reach each other and the host alone. */
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ipamDriver: string;
  /** Null where none were given, not even an empty set: clients tell the two apart. */
  readonly ipamOptions: Readonly<Record<string, string>> | null;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** A configuration that other networks are made of: no containers, and nothing in the kernel. */
  readonly configOnly?: boolean;
  /** Name of the configuration that it was made of. */
  readonly configFrom?: string;
}

/** What a network is to be: Docker's `POST /networks/create`. */
export interface NetworkRequest {
  readonly name: string;
  /** `bridge` when absent. */
  readonly driver?: string;
  /** True when absent. */
  readonly enableIPv4?: boolean;
  readonly enableIPv6?: boolean;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly ipam?: {
    readonly driver?: string;
    readonly options?: Readonly<Record<string, string>>;
    readonly config?: readonly SubnetRequest[];
  };
  readonly options?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Keep the request as a configuration for other networks. */
  readonly configOnly?: boolean;
  /** Name or id of the configuration that says the rest. */
  readonly configFrom?: string;
  /** Docker's networks of its cluster mode, and scopes beside `local`: refused. */
  readonly ingress?: boolean;
  readonly scope?: string;
}

/** A {@link Subnet} that may leave the choice to the engine: without subnet, or of a given size (`0.0.0.0/24`). */
export type SubnetRequest = Omit<Subnet, "subnet"> & { readonly subnet?: string };

/** A container's place on a network. It exists, with its address, for as long as the container does. */
export interface Endpoint {
  readonly id: string;
  readonly networkId: string;
  readonly networkName: string;
  readonly containerId: string;
  /** IPv4. Empty where there is none. */
  readonly address: string;
  /** 0 where there is no address. */
  readonly prefixLength: number;
  readonly gateway: string;
  /** IPv6. Empty where there is none. */
  readonly address6: string;
  readonly prefixLength6: number;
  readonly gateway6: string;
  /** Lower case, colons. Empty where the container has no link of its own. */
  readonly macAddress: string;
  /** Name inside the container, `eth0`. Set while the sandbox is up. */
  readonly interfaceName?: string;
  /** Name of the host's end of the veth pair. Set while the sandbox is up, on bridge networks. */
  readonly hostInterface?: string;
  /** Names of the container on this network, beside its own. */
  readonly aliases: readonly string[];
  /** `db:alias`: what this container alone may call another one of the network. */
  readonly links: readonly string[];
  /** All names that it is found by: name, aliases, short id, hostname. */
  readonly dnsNames: readonly string[];
  /** The endpoint with the highest priority has the default route. */
  readonly gatewayPriority: number;
  readonly driverOptions: Readonly<Record<string, string>>;
  /** What the user chose, as `inspect` tells it. */
  readonly asked: AskedAddresses;
  /** See `EndpointRequest`. */
  readonly givenEmpty?: readonly EmptyField[];
}

/** Fields of Docker's `EndpointSettings` that may be empty or not there, which `inspect` tells apart. */
export type EmptyField = "IPAMConfig" | "Aliases" | "DriverOpts";

export interface AskedAddresses {
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly linkLocal?: readonly string[];
  readonly mac?: string;
}

/** What a container asks of a network when it is created or connected. */
export interface EndpointRequest {
  readonly containerId: string;
  readonly containerName: string;
  /** Name, id or id prefix of the network: `bridge`, `none`, `host`, … `default` means `bridge`. */
  readonly network: string;
  readonly hostname?: string;
  readonly ipAddress?: string;
  readonly ip6Address?: string;
  /** No IPv6 address, whatever the network has: the container has IPv6 switched off. */
  readonly withoutIpv6?: boolean;
  /** Further addresses of the interface, from 169.254.0.0/16 or fe80::/64. */
  readonly linkLocalAddresses?: readonly string[];
  readonly macAddress?: string;
  readonly aliases?: readonly string[];
  readonly links?: readonly string[];
  readonly driverOptions?: Readonly<Record<string, string>>;
  readonly gatewayPriority?: number;
  /** Given without content: handed through for `inspect` alone. */
  readonly givenEmpty?: readonly EmptyField[];
}

/** A sandbox that is up. */
export interface Sandbox {
  readonly containerId: string;
  /** File that names the network namespace (for setns and for the OCI bundle); undefined in host mode. */
  readonly namespacePath?: string;
  readonly endpoints: readonly Endpoint[];
  readonly ports: readonly PublishedPort[];
}

/** How names are looked up in a sandbox. What is absent comes from the host's resolv.conf. */
export interface SandboxDns {
  /** IP addresses, asked from within the container's network. */
  readonly servers?: readonly string[];
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

/** One side of a {@link Grant}. */
export interface GrantEnd {
  readonly kind: "network" | "container";
  readonly id: string;
  readonly name: string;
}

/** Permission to open connections between networks or containers that are apart. Answers need none. */
export interface Grant {
  readonly id: string;
  readonly from: GrantEnd;
  readonly to: GrantEnd;
  /** With `port`; all protocols when absent. */
  readonly protocol?: Protocol;
  /** Of `to`; all ports when absent. */
  readonly port?: number;
  /** `to` may open connections to `from` as well. */
  readonly both: boolean;
}

/** What an endpoint sent and received since its sandbox is up, as the container sees it. */
export interface TrafficRow {
  readonly containerId: string;
  readonly networkId: string;
  readonly networkName: string;
  /** Name inside the container. */
  readonly interfaceName: string;
  readonly receivedBytes: number;
  readonly receivedPackets: number;
  readonly receivedDropped: number;
  readonly sentBytes: number;
  readonly sentPackets: number;
  readonly sentDropped: number;
}

/** The rate of a sandbox's interfaces in one direction. */
export interface ShapeRequest {
  /** Bits per second; 0 takes the limit away. */
  readonly rateBps: number;
  /** What the container receives; else what it sends. */
  readonly ingress: boolean;
}

/** Something that the kernel has otherwise than the store says. */
export interface Difference {
  /** `missing`: we need it; `stray`: ours, and nobody needs it; `changed`: there, but not as it has to be. */
  readonly kind: "missing" | "stray" | "changed";
  /** `link veth1a2b3c4 of web`, `bridge br-…`, `firewall`. */
  readonly object: string;
  /** What is wrong with it, as a sentence. */
  readonly text: string;
  readonly repaired: boolean;
  /** Why it could not be repaired. */
  readonly error?: string;
}

/** Something that happened to the network without anybody asking for it. */
export interface NetworkEvent {
  /** `heal`: something of ours was gone and is back; `warning`: see {@link NetworkEngine.warnings}. */
  readonly action: "heal" | "warning";
  /** Network id; empty when it concerns all of them. */
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A range of `default-address-pools`. */
export interface AddressPool {
  /** `10.200.0.0/16`. */
  readonly base: string;
  /** Prefix length of the subnets that are cut from it. */
  readonly size: number;
}

/** The keys of `daemon.json` (and flags of `ctrd`) that concern the network. */
export interface NetworkConfig {
  /** Address and prefix of the default bridge, `172.17.0.1/16`; chosen from the pools when absent. */
  readonly bip?: string;
  readonly bip6?: string;
  /** The part of the default bridge's subnet that containers get addresses from. */
  readonly fixedCidr?: string;
  readonly fixedCidrV6?: string;
  /** Default route of containers on the default bridge; the bridge itself when absent. */
  readonly defaultGateway?: string;
  readonly defaultGatewayV6?: string;
  /** Docker's pools when absent. */
  readonly defaultAddressPools?: readonly AddressPool[];
  /** Bytes; taken from the uplink when absent. */
  readonly mtu?: number;
  /** Containers on the default bridge may reach each other. True when absent. */
  readonly icc?: boolean;
  /** Host address that ports of the default bridge are published on when none is given. */
  readonly ip?: string;
  /** Switch forwarding on. True when absent. */
  readonly ipForward?: boolean;
  /** Masquerade what leaves the default bridge. True when absent. */
  readonly ipMasq?: boolean;
  /** Give the default bridge IPv6. */
  readonly ipv6?: boolean;
  /** Make firewall rules for IPv4, IPv6. True when absent. */
  readonly iptables?: boolean;
  readonly ip6tables?: boolean;
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOptions?: readonly string[];
  /** Existing bridge that the default network uses; `none` for no default network. */
  readonly bridge?: string;
  /** Other hosts reach published ports at the containers' own addresses, too, when they have a route there. */
  readonly allowDirectRouting?: boolean;
  /** Carry traffic in user space where the kernel cannot. True when absent. */
  readonly userlandProxy?: boolean;
  /** Driver → options that networks of it get when they are created without. */
  readonly defaultNetworkOpts?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** `nftables` when absent. */
  readonly firewallBackend?: "nftables" | "iptables";
  /** Of ports without one of their own; `all` when absent. */
  readonly publishPolicy?: PublishPolicy;
  /** What `host-gateway` stands for; the default bridge's addresses when absent. */
  readonly hostGatewayIps?: readonly string[];
}
