/**
 * The network layer: namespaces, bridges, veth pairs, addresses, firewall, published ports.
 *
 * {@link NetworkEngine} is the whole of it, as `ctrd` uses it. {@link PlainNetwork} is a network for a program of your own:
 * namespaces, a bridge, NAT, published ports. Below lie the pieces that both are made of, usable on their own: open a
 * {@link NetlinkSocket}, make a bridge and a namespace, lay a cable between them.
 */

export { Conntrack, type StaleUdp } from "./conntrack/index.ts";
export {
  DataPlane,
  type DataPlaneOptions,
  type DataPlaneState,
  type ProxySpecification,
} from "./dataplane/index.ts";
export * from "./diagnosis/index.ts";
export {
  type NameExplanation,
  type NameRecord,
  type NameSource,
  type NameStep,
  Names,
  type NamesOptions,
  type NamesSandbox,
} from "./dns/index.ts";
export { BRIDGE_ADDRESS } from "./drivers/bridge.ts";
export { type BridgeSpecification, ensureBridge, MAX_BRIDGE_PORTS, uplinkMtu } from "./drivers/bridge-device.ts";
export { configureInterface, type InterfaceConfiguration, takeLoopbackUp } from "./drivers/veth.ts";
export { NETWORK_FAULT_POINTS, type NetworkFaultPoint, type StepHook } from "./fault-points.ts";
export {
  type DnsSettings,
  type ExtraHost,
  type HostsChange,
  type HostsFile,
  type HostsLine,
  hostnameFile,
  hostsFile,
  type LinkEnvironmentRequest,
  linkEnvironment,
  type NameServerSettings,
  nameServerSettings,
  ownHostsLine,
  parseExtraHost,
  type ResolvConfRequest,
  readHostResolvConf,
  removeHostsNames,
  renewHostsAddress,
  resolvConf,
  updateHosts,
} from "./files/index.ts";
export {
  type Firewall,
  type FirewallGrant,
  type FirewallListing,
  type FirewallNetwork,
  type FirewallOptions,
  type FirewallPort,
  type FirewallRow,
  type FirewallState,
  openFirewall,
} from "./firewall/index.ts";
export {
  type Address,
  type Cidr,
  contains,
  type Family,
  formatAddress,
  formatCidr,
  overlaps,
  parseAddress,
  parseCidr,
  readAddress,
  readCidr,
  subnetOf,
} from "./ipam/ip.ts";
export { type LeasePool, lowestFreeAddress, requestedAddress } from "./ipam/leases.ts";
export { generateMac, parseMac } from "./ipam/mac.ts";
export { choosePool, DEFAULT_POOLS, type Occupied, occupiedByRoutes } from "./ipam/pools.ts";

export {
  createNamespace,
  enterNetworkNamespace,
  listNamespaces,
  namespaceExists,
  removeNamespace,
} from "./namespace.ts";
export { addAddress, listAddresses, removeAddress } from "./netlink/address.ts";
export { type BridgePortOptions, changeBridgePort } from "./netlink/bridge-port.ts";
export {
  type BridgeOptions,
  changeLink,
  createBridge,
  createVethPair,
  deleteLink,
  findLink,
  type Link,
  type LinkChange,
  listLinks,
  type VethOptions,
  type VethPeer,
} from "./netlink/link.ts";
export {
  addDefaultRoute,
  addRoute,
  defaultRoute,
  everywhere,
  listRoutes,
  type Route,
  type RouteOptions,
  removeRoute,
  replaceRoute,
} from "./netlink/route.ts";
export {
  createIpvlan,
  createMacvlan,
  createVlan,
  type IpvlanOptions,
  type MacvlanOptions,
  type VlanOptions,
} from "./netlink/sublink.ts";

export { NetlinkError, NetlinkSocket } from "./netlink/transport.ts";
export { NetworkEngine, type SetUpOptions, type TearDownOptions } from "./network-engine.ts";
export { EndpointOption } from "./networks/options.ts";
export type { NetworkEngineOptions } from "./open-tools.ts";
export { type PlainNamespace, PlainNetwork, type PlainNetworkOptions, type PlainPort } from "./plain-network.ts";
export {
  type ApiPortMap,
  type ContainerPort,
  expandBindings,
  formatPortKey,
  HostPorts,
  type HostPortsOptions,
  hostHasIpv6,
  type PortHolder,
  type PortMapRequest,
  type PortPaths,
  type PortRange,
  type PortTarget,
  type PublishDefaults,
  type PublishSpec,
  parsePort,
  parsePortRange,
  parsePublish,
  parsePublishPolicy,
  pathsOf,
  portBindingsOf,
  type RedirectedPort,
} from "./ports/index.ts";
export { Proxies, type ProxiesOptions, type ProxyCounters } from "./proxy/index.ts";
export { networkMigrations } from "./store/index.ts";
export { getSysctl, setSysctl } from "./sysctl.ts";
export { atOtherEnd, type LinkCounters, readCounters, shape, unshape } from "./traffic/index.ts";
export type * from "./types.ts";
