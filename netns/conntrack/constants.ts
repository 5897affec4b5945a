/** Numbers of the kernel's connection tracking. Source: linux/netfilter/nfnetlink_conntrack.h */

const NFNL_SUBSYS_CTNETLINK = 1;

/** IPCTNL_MSG_CT_*, with the subsystem that nfnetlink passes them to. */
export const ConntrackMessage = {
  get: (NFNL_SUBSYS_CTNETLINK << 8) | 1,
  delete: (NFNL_SUBSYS_CTNETLINK << 8) | 2,
  statisticsByProcessor: (NFNL_SUBSYS_CTNETLINK << 8) | 4,
  statistics: (NFNL_SUBSYS_CTNETLINK << 8) | 5,
} as const;

/** CTA_* */
export const ConntrackAttribute = { original: 1, reply: 2, id: 12, zone: 18, filter: 25 } as const;

/** CTA_TUPLE_* */
export const TupleAttribute = { ip: 1, protocol: 2 } as const;

/** CTA_IP_* */
export const IpAttribute = { source4: 1, destination4: 2, source6: 3, destination6: 4 } as const;

/** CTA_PROTO_* */
export const ProtocolAttribute = { number: 1, sourcePort: 2, destinationPort: 3 } as const;

/** CTA_FILTER_*: which parts of the request's tuples an entry has to have. */
export const FilterAttribute = { originalFlags: 1, replyFlags: 2 } as const;

/** CTA_FILTER_F_*: bits of the flags. */
export const FilterFlag = { source: 1 << 0, protocol: 1 << 3, destinationPort: 1 << 5 } as const;

export const IPPROTO_UDP = 17;
