/**
 * The constant part of the table `inet ctr`: maps, sets, chains and rules. What differs from host to host is only in
 * elements, so that neither the cost of a change nor the cost of a packet grows with the number of containers.
 * See nft(8). Seen to work with nft 1.0.6 and Linux 6.18. Linux before 5.2 has no nat chains in the family inet, before
 * 5.7 no counters in elements: it refuses the table when it is made, and the backend iptables is for it.
 */
import type { Family } from "../checks.ts";

export const TABLE = "inet ctr";

/** The administrator's own chain: it is made, and never touched again. */
export const USER_CHAIN = "user";

/** Facts about bridges, for packets of one family each. */
const BRIDGE_SETS = {
  bridges: "set bridges { type nf_proto . ifname; }",
  closed: "set closed { type nf_proto . ifname; }",
  internal: "set internal { type nf_proto . ifname; }",
  routed: "set routed { type nf_proto . ifname; }",
  unprotected: "set unprotected { type nf_proto . ifname; }",
  pairs: "set pairs { type nf_proto . ifname . ifname; counter; }",
  pairs_port: "set pairs_port { type nf_proto . ifname . ifname . inet_proto . inet_service; counter; }",
} as const;

type FamilyCollection =
  | `${"hp" | "subnets" | "masq" | "snat" | "open" | "trusted" | GrantShape}${Family}`
  | `hp${Family}addr`
  | `${GrantShape}${Family}_port`;

/** Of whom and to whom: c is a container, n a network. */
export type GrantShape = "cc" | "cn" | "nc";

export type CollectionName = keyof typeof BRIDGE_SETS | FamilyCollection;

// hp, hpaddr: port published on all, or on one host address → container. open: ports at containers' own addresses,
//   reached from elsewhere; trusted: the same, by one interface. snat: subnet → host address its packets leave with.
// Grants are exact sets by the shape of their ends, not one interval set for all: the kernel refuses intervals of
//   concatenations that overlap, and permissions may.
function familyCollections(family: Family, address: string): string[] {
  const service = "inet_proto . inet_service";
  return [
    `map hp${family} { type ${service} : ${address} . inet_service; counter; }`,
    `map hp${family}addr { type ${address} . ${service} : ${address} . inet_service; counter; }`,
    `set subnets${family} { type ${address}; flags interval; }`,
    `set masq${family} { type ${address}; flags interval; }`,
    `map snat${family} { type ${address} : ${address}; flags interval; }`,
    `set open${family} { type ${address} . ${service}; counter; }`,
    `set trusted${family} { type ifname . ${address} . ${service}; counter; }`,
    `set cc${family} { type ifname . ${address} . ${address}; counter; }`,
    `set cc${family}_port { type ifname . ${address} . ${address} . ${service}; counter; }`,
    `set cn${family} { type ifname . ${address} . ifname; counter; }`,
    `set cn${family}_port { type ifname . ${address} . ifname . ${service}; counter; }`,
    `set nc${family} { type ifname . ${address}; counter; }`,
    `set nc${family}_port { type ifname . ${address} . ${service}; counter; }`,
  ];
}

const COLLECTIONS = [
  ...Object.values(BRIDGE_SETS),
  ...familyCollections(4, "ipv4_addr"),
  ...familyCollections(6, "ipv6_addr"),
];

/** Whether people read it as `map` or `set`, and its name. */
const COLLECTION_HEADS = COLLECTIONS.map((text) => {
  const [kind = "", name = ""] = text.split(" ");
  return { kind, name };
});

// hostports: a specific host address goes before all addresses. `th` is the port of tcp, udp and sctp alike; for any
//   other protocol the look-up finds nothing. The kernel routes neither ::1 nor link-local sources into a bridge: what
//   comes to [::1] is for the user-space proxy.
// guard: the bridges have route_localnet, which would let a container reach the host's loopback services, and let
//   a neighbour on the link reach ports that are published on 127.0.0.1 (CVE-2020-8558, moby 45610). No packet with
//   such an address comes from a wire rightfully. The kernel itself drops the like for ::1.
// guard and forward see every packet, with br_netfilter also each that stays on its bridge. A look-up in a set costs more than
//   a comparison: comparisons come first, and what ends most packets. (The verdict accept ends this table's chain alone, so
//   that it decides nothing about other people's connections.)
// crossing: what a rule above has not accepted and what goes into a network of ours is dropped; what leaves a network
//   of ours for elsewhere is accepted. Neighbour discovery is never routed: it is here only with br_netfilter, and
//   without it two containers that a grant joins would not find each other.
// postrouting: a container answers to the bridge's address when the client is a loopback address of the host, or
//   a container that came through a host address (it would else answer directly, and be ignored). Other clients keep
//   their address. Containers of an internal network have no route to others: what a grant lets in comes with the bridge's
//   address, so that it is answered. (What stays on the bridge has no iifname here, even with br_netfilter.)
const CHAINS = `
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    ip daddr 127.0.0.0/8 iifname != "lo" counter drop comment "loopback address from a link"
    ip saddr 127.0.0.0/8 meta nfproto . iifname @bridges counter drop comment "loopback source from a container"
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump hostports
  }
  chain output {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump hostports
  }
  chain hostports {
    ip6 daddr ::1 return
    ip6 saddr fe80::/10 return
    dnat ip to ip daddr . meta l4proto . th dport map @hp4addr
    dnat ip to meta l4proto . th dport map @hp4
    dnat ip6 to ip6 daddr . meta l4proto . th dport map @hp6addr
    dnat ip6 to meta l4proto . th dport map @hp6
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta nfproto . oifname @internal meta nfproto . iifname @bridges masquerade
    meta nfproto . oifname @bridges ct status dnat jump into
    meta nfproto . oifname @bridges return
    oifname "lo" return
    ip daddr 224.0.0.0/4 return
    ip6 daddr ff00::/8 return
    snat ip to ip saddr map @snat4
    snat ip6 to ip6 saddr map @snat6
    ip saddr @masq4 counter masquerade
    ip6 saddr @masq6 counter masquerade
  }
  chain into {
    ip saddr 127.0.0.0/8 masquerade
    ip saddr @subnets4 masquerade
    ip6 saddr @subnets6 masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    jump user
    ct state established,related accept
    meta nfproto . iifname . oifname @pairs accept
    meta nfproto . iifname @bridges jump crossing
    meta nfproto . oifname @bridges jump crossing
  }
  chain crossing {
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ct state invalid counter drop comment "invalid"
    meta nfproto . iifname @closed counter drop comment "network without this family"
    meta nfproto . oifname @closed counter drop comment "network without this family"
    jump grants
    meta nfproto . iifname @internal counter drop comment "internal network"
    meta nfproto . oifname @internal counter drop comment "internal network"
    ct status dnat counter accept comment "published port"
    jump open
    meta nfproto . oifname @bridges counter drop comment "port is not published, or another network"
    counter accept comment "on the way out"
  }
  chain grants {
    meta nfproto . iifname . oifname . meta l4proto . th dport @pairs_port accept
    iifname . ip saddr . ip daddr @cc4 accept
    iifname . ip saddr . ip daddr . meta l4proto . th dport @cc4_port accept
    iifname . ip saddr . oifname @cn4 accept
    iifname . ip saddr . oifname . meta l4proto . th dport @cn4_port accept
    iifname . ip daddr @nc4 accept
    iifname . ip daddr . meta l4proto . th dport @nc4_port accept
    iifname . ip6 saddr . ip6 daddr @cc6 accept
    iifname . ip6 saddr . ip6 daddr . meta l4proto . th dport @cc6_port accept
    iifname . ip6 saddr . oifname @cn6 accept
    iifname . ip6 saddr . oifname . meta l4proto . th dport @cn6_port accept
    iifname . ip6 daddr @nc6 accept
    iifname . ip6 daddr . meta l4proto . th dport @nc6_port accept
  }
  chain open {
    ip daddr . meta l4proto . th dport @open4 accept
    ip6 daddr . meta l4proto . th dport @open6 accept
    iifname . ip daddr . meta l4proto . th dport @trusted4 accept
    iifname . ip6 daddr . meta l4proto . th dport @trusted6 accept
    meta nfproto . oifname @unprotected counter accept
    meta nfproto . oifname @routed meta l4proto { icmp, ipv6-icmp } counter accept
  }
`;

/** Each chain's name, and its line that ties it to a hook; empty for chains that others jump to. */
const CHAIN_HEADS = [...CHAINS.matchAll(/^ {2}chain (\w+) \{\n {4}(type .*)?/gm)].map(([, name = "", hook = ""]) => ({
  name,
  hook,
}));

const OWN_NAMES: ReadonlySet<string> = new Set(
  [...COLLECTION_HEADS, ...CHAIN_HEADS].map(({ name }) => name).concat(USER_CHAIN),
);

/** False for chains, sets and maps that the administrator has made in our table. */
export const isOurs = (name: string): boolean => OWN_NAMES.has(name);

const DECLARATIONS = [
  ...COLLECTIONS,
  `chain ${USER_CHAIN} { }`,
  ...CHAIN_HEADS.map(({ name, hook }) => `chain ${name} { ${hook} }`),
]
  .map((line) => `  ${line}\n`)
  .join("");

/** Statements that bring the constant part into being, or back to what it should be, and leave all elements alone. */
export function ensureScript(): string {
  const flushes = CHAIN_HEADS.map(({ name }) => `flush chain ${TABLE} ${name}\n`).join("");
  return `table ${TABLE} {\n${DECLARATIONS}}\n${flushes}table ${TABLE} {${CHAINS}}\n`;
}

/** Statements that remove all elements. They need the constant part. */
export function emptyScript(): string {
  return COLLECTION_HEADS.map(({ kind, name }) => `flush ${kind} ${TABLE} ${name}\n`).join("");
}

/** Statements that remove what belongs to subnets. */
export function emptySubnetsScript(): string {
  return COLLECTION_HEADS.filter(({ name }) => /^(subnets|masq|snat)[46]$/.test(name))
    .map(({ kind, name }) => `flush ${kind} ${TABLE} ${name}\n`)
    .join("");
}

/** Statements that remove the table, whatever version of ctr wrote it; without complaint when there is none. */
export function removeScript(): string {
  return `table ${TABLE} { }\ndelete table ${TABLE}\n`;
}
