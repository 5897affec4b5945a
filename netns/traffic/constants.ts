/** Numbers of the kernel's traffic control. Sources: linux/{rtnetlink,pkt_sched,pkt_cls}.h, linux/tc_act/tc_mirred.h */

export const TrafficMessage = { newQdisc: 36, deleteQdisc: 37, newFilter: 44 } as const;

/** TC_H_*: where a queueing discipline hangs. */
export const Parent = { root: 0xffffffff, ingress: 0xfffffff1 } as const;

/** The handle that the discipline of incoming packets always has: `ffff:`. */
export const INGRESS_HANDLE = 0xffff0000;

/** TCA_* */
export const TrafficAttribute = { kind: 1, options: 2 } as const;

/** TCA_TBF_* */
export const TokenBucketAttribute = { parameters: 1, rate64: 4, burst: 6 } as const;

export const TC_LINKLAYER_ETHERNET = 1;

/** TCA_U32_* */
export const U32Attribute = { selector: 5, action: 7 } as const;

export const TC_U32_TERMINAL = 1;

/** TCA_ACT_* */
export const ActionAttribute = { kind: 1, options: 2 } as const;

/** TCA_MIRRED_PARMS */
export const MIRRED_PARAMETERS = 2;

export const TC_ACT_STOLEN = 4;
export const TCA_EGRESS_REDIR = 1;

export const ETH_P_ALL = 0x0003;
