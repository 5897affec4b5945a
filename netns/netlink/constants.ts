/** Numbers of the kernel's netlink and rtnetlink interface. Sources: linux/{netlink,rtnetlink,if_link,if_addr}.h */

export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** Of {@link MessageType.getNeighbour}: the forwarding tables of bridges. */
export const AF_BRIDGE = 7;

export const NETLINK_ROUTE = 0;
export const NETLINK_SOCK_DIAG = 4;
export const NETLINK_NETFILTER = 12;

export const MessageType = {
  error: 2,
  done: 3,
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  deleteNeighbour: 29,
  getNeighbour: 30,
  getRule: 34,
  getQdisc: 38,
  getFilter: 46,
  getNamespaceId: 90,
} as const;

export const MessageFlag = {
  request: 0x001,
  ack: 0x004,
  /** In replies: the table changed during the dump, which may therefore lack entries. */
  dumpInterrupted: 0x010,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  /** In error replies: the request is quoted without its payload. */
  capped: 0x100,
  /** In error replies: attributes follow, one of them the kernel's text. */
  extendedAck: 0x200,
} as const;

export const ErrorAttribute = { text: 1 } as const;

/** IFLA_* */
export const LinkAttribute = {
  address: 1,
  name: 3,
  mtu: 4,
  /** Index of the link below: a macvlan's parent. */
  parent: 5,
  master: 10,
  linkInfo: 18,
  alias: 20,
  namespaceFd: 28,
  extendedMask: 29,
} as const;

/** IFLA_INFO_* within `linkInfo`. */
export const LinkInfoAttribute = { kind: 1, data: 2, portData: 5 } as const;

/** IFLA_BRPORT_* within the `portData` of a bridge's port. */
export const BridgePortAttribute = {
  state: 1,
  hairpin: 4,
  learning: 8,
  flood: 9,
  multicastFlood: 27,
  broadcastFlood: 30,
  isolated: 33,
} as const;

/** BR_STATE_FORWARDING */
export const PORT_FORWARDING = 3;

/** IFLA_BR_* within the data of a bridge. */
export const BridgeAttribute = { spanningTree: 5 } as const;

/** Within the data of a macvlan, an ipvlan and a vlan. */
export const MacvlanAttribute = { mode: 1 } as const;
export const IpvlanAttribute = { mode: 1, flags: 2 } as const;
export const VlanAttribute = { id: 1 } as const;

/** MACVLAN_MODE_* */
export const MacvlanMode = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;

/** IPVLAN_MODE_* and IPVLAN_F_* */
export const IpvlanMode = { l2: 0, l3: 1, l3s: 2 } as const;
export const IpvlanFlag = { bridge: 0, private: 1, vepa: 2 } as const;

/** VETH_INFO_PEER within the data of a veth. */
export const VETH_INFO_PEER = 1;

/** RTEXT_FILTER_SKIP_STATS: leave out the counters, which are most of a link message. */
export const SKIP_STATISTICS = 1 << 3;

export const IFF_UP = 1;
/** It does not ask and answer who has an address. */
export const IFF_NOARP = 0x80;
/** The other end is there and up. */
export const IFF_LOWER_UP = 0x1_0000;

/** IFA_* */
export const AddressAttribute = { address: 1, local: 2, broadcast: 4, protocol: 11 } as const;

/** Who gave the address (`IFA_PROTO`, since Linux 5.18): the kernel itself, as every link has one of fe80::/64. */
export const IFAPROT_KERNEL_LL = 3;

/** The address is in use at once: nobody is asked whether another one has it (RFC 4862, 5.4). */
export const IFA_F_NODAD = 0x02;

/** RTA_* */
export const RouteAttribute = {
  destination: 1,
  outputInterface: 4,
  gateway: 5,
  priority: 6,
  preferredSource: 7,
  table: 15,
} as const;

export const RT_TABLE_MAIN = 254;
export const RTPROT_KERNEL = 2;
export const RTPROT_BOOT = 3;
/** Of the routes that the kernel makes for addresses of IPv6. */
export const IP6_RT_PRIO_ADDRCONF = 256;
export const RT_SCOPE_UNIVERSE = 0;
export const RT_SCOPE_LINK = 253;

/** RTN_* */
export const RouteType = { unicast: 1, local: 2, broadcast: 3, blackhole: 6, unreachable: 7, prohibit: 8 } as const;
