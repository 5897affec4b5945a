/**
 * The constant part of the table `inet ctr`: maps, sets, chains and rules. What differs from host to host is only in
 * elements, so that neither the cost of a change nor the cost of a packet grows with the number of containers.
 * See nft(8).
 */
export const TABLE = "inet ctr";

export const Collection = {
  /** Port published on all host addresses → container. */
  ports: "hp4",
  /** Port published on one host address → container. */
  addressPorts: "hp4addr",
  bridges: "bridges",
  internal: "internal",
  /** Bridges between which traffic is free: (in, out). A network that allows it is paired with itself. */
  pairs: "pairs",
  subnets: "subnets4",
  masquerade: "masq4",
} as const;

export type CollectionName = (typeof Collection)[keyof typeof Collection];

const COLLECTIONS = `
  map hp4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map hp4addr { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  set bridges { type ifname; }
  set internal { type ifname; }
  set pairs { type ifname . ifname; }
  set subnets4 { type ipv4_addr; flags interval; }
  set masq4 { type ipv4_addr; flags interval; }
`;

// hostports: a specific host address goes before all addresses. `th` is the port of tcp, udp and sctp alike; for any
//   other protocol the look-up finds nothing.
// guard: the bridges have route_localnet, which would let a container reach the host's loopback services, and let
//   a neighbour on the link reach ports that are published on 127.0.0.1 (CVE-2020-8558, moby 45610). No packet with
//   such an address comes from a wire rightfully.
// crossing: what a rule above has not accepted and what goes into a network of ours is dropped; what leaves a network
//   of ours for elsewhere is accepted. IPv6 has no published ports and no subnets here, so it stays inside its bridge.
// postrouting: a container answers to the bridge's address when the client is a loopback address of the host, or
//   a neighbour that came through a host address (it would else answer directly, and be ignored). Other clients keep
//   their address.
const CHAINS = `
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 counter drop comment "loopback address from a link"
    iifname @bridges ip saddr 127.0.0.0/8 counter drop comment "loopback source from a container"
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    meta nfproto ipv4 fib daddr type local jump hostports
  }
  chain output {
    type nat hook output priority -100; policy accept;
    meta nfproto ipv4 fib daddr type local jump hostports
  }
  chain hostports {
    dnat ip to ip daddr . meta l4proto . th dport map @hp4addr
    dnat ip to meta l4proto . th dport map @hp4
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname @bridges ct status dnat ip saddr 127.0.0.0/8 masquerade
    oifname @bridges ct status dnat ip saddr @subnets4 masquerade
    oifname @bridges return
    oifname "lo" return
    ip daddr 224.0.0.0/4 return
    ip saddr @masq4 masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname @bridges jump crossing
    oifname @bridges jump crossing
  }
  chain crossing {
    iifname . oifname @pairs accept
    ct state invalid counter drop comment "invalid"
    meta nfproto ipv6 counter drop comment "network without ipv6"
    ct state established,related accept
    iifname @internal counter drop comment "internal network"
    oifname @internal counter drop comment "internal network"
    ct status dnat accept
    oifname @bridges counter drop comment "port is not published, or another network"
    accept
  }
`;

/** Each chain's name, and its line that ties it to a hook; empty for chains that others jump to. */
const CHAIN_HEADS = [...CHAINS.matchAll(/^ {2}chain (\w+) \{\n {4}(type .*)?/gm)].map(([, name = "", hook = ""]) => ({
  name,
  hook,
}));

/** Statements that bring the constant part into being, or back to what it should be, and leave all elements alone. */
export function ensureScript(): string {
  const chains = CHAIN_HEADS.map(({ name, hook }) => `  chain ${name} { ${hook} }\n`).join("");
  const flushes = CHAIN_HEADS.map(({ name }) => `flush chain ${TABLE} ${name}\n`).join("");
  return `table ${TABLE} {${COLLECTIONS}${chains}}\n${flushes}table ${TABLE} {${CHAINS}}\n`;
}

/** Statements that replace the whole table by one without elements; whatever version of ctr wrote the old one. */
export function replaceScript(): string {
  return `table ${TABLE} { }\ndelete table ${TABLE}\ntable ${TABLE} {${COLLECTIONS}${CHAINS}}\n`;
}
