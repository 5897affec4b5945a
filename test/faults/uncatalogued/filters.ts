/** Rules of somebody else's that drop, change or redirect in ways that the catalogue does not have. */
import { type Fault, foreignTable, type Row, type Scene, scripted } from "../fault.ts";
import type { PathKind } from "../paths.ts";

type Head = Parameters<typeof foreignTable>[1];

/** One table, one chain, one rule, in the host. */
function rule(
  id: string,
  title: string,
  paths: readonly PathKind[],
  make: (scene: Scene) => {
    readonly head: Head;
    readonly rule: string;
    readonly more?: string;
    readonly where?: "client" | "server";
  },
  effect?: "partial",
): Fault {
  const row = (scene: Scene): Row => {
    const { head, rule: text, more = "", where = "host" } = make(scene);
    const { add, remove } = foreignTable(scene, head, [text], more);
    return { names: [scene.table], inject: [[where, add]], undo: [[where, remove]] };
  };
  return scripted(`x-${id}`, title, paths, row, effect === undefined ? {} : { effect });
}

const FORWARDED = ["egress", "egressUdp", "egress6", "published", "crossPublished"] as const;
const OUTWARDS = ["egress", "egressUdp", "egress6"] as const;

export const foreignRules: readonly Fault[] = [
  rule("length", "a rule drops packets by their length", ["egress", "published", "icc"], ({ priority }) => ({
    head: { hook: "forward", priority },
    rule: "tcp flags & (syn | rst) == syn meta length < 100 drop",
  })),
  rule("ttl", "a rule drops packets by their hops", ["egress", "egressUdp", "published"], ({ priority }) => ({
    head: { hook: "forward", priority },
    rule: "ip ttl 60-63 counter drop",
  })),
  rule(
    "ctmark",
    "a rule drops by the mark of the connection",
    ["egress", "published", "crossPublished"],
    ({ priority, number, table }) => ({
      head: { hook: "forward", priority },
      rule: `ct mark ${number} drop`,
      more: `  chain ${table}m { type filter hook prerouting priority -150; ct mark set ${number}; }\n`,
    }),
  ),
  rule("fib", "a rule drops what has no local destination", ["egress", "egress6", "egressUdp"], ({ bridge }) => ({
    head: { hook: "prerouting", priority: -160 },
    rule: `iifname "${bridge}" fib daddr type != local drop`,
  })),
  rule(
    "set",
    "a set of banned addresses with a timeout",
    [...OUTWARDS, "icc"],
    ({ priority, client, nf, other, family }) => ({
      head: { hook: "forward", priority },
      rule: `${nf} saddr @${other} drop`,
      more: `  set ${other} { type ipv${family}_addr; flags timeout; timeout 1h; elements = { ${client.address} }; }\n`,
    }),
  ),
  rule("egress", "a chain at the way out of the uplink", OUTWARDS, ({ uplink, protocol }) => ({
    head: { family: "netdev", hook: `egress device ${uplink}`, priority: 0 },
    rule: `meta l4proto ${protocol} drop`,
  })),
  rule(
    "egress-cable",
    "a chain at the way out to the server's cable",
    ["icc", "published", "hostToContainer"],
    ({ server }) => ({
      head: { family: "netdev", hook: `egress device ${server.cable}`, priority: 0 },
      rule: "ip protocol tcp drop",
    }),
  ),
  rule(
    "zone",
    "connections of the bridge are in a zone of their own",
    ["published", "egress"],
    ({ bridge, number }) => ({
      head: { hook: "prerouting", priority: -300 },
      rule: `iifname "${bridge}" ct zone set ${number}`,
    }),
  ),
  rule(
    "redirect",
    "another table leads connections to a port of the host",
    ["egress", "crossPublished"],
    ({ number, target, port }) => ({
      head: { hook: "nat prerouting", priority: -110 },
      rule: `ip daddr ${target} tcp dport ${port} redirect to :${number}`,
    }),
  ),
  rule(
    "dnat",
    "another table leads connections elsewhere",
    ["egress", "published", "crossPublished"],
    ({ target, port, path }) => ({
      head: { family: "ip", hook: "nat prerouting", priority: path.kind === "egress" ? -110 : -120 },
      rule: `ip daddr ${target} tcp dport ${port} dnat to 198.51.100.9`,
    }),
  ),
  rule(
    "snat",
    "another table gives packets an address that nobody has",
    ["egress", "egressUdp"],
    ({ client, world }) => ({
      head: { family: "ip", hook: "nat postrouting", priority: 90 },
      rule: `ip saddr ${client.address} ip daddr ${world.plan.outside4} snat to 198.51.100.77`,
    }),
  ),
  rule("quota", "a quota is used up", FORWARDED, ({ priority }) => ({
    head: { hook: "forward", priority },
    rule: "quota over 1 bytes drop",
  })),
  rule(
    "answer",
    "the second packet of the handshake is dropped",
    ["egress", "egress6", "published", "icc"],
    ({ priority }) => ({
      head: { hook: "forward", priority },
      rule: "tcp flags & (syn | ack) == syn | ack drop",
    }),
  ),
  rule(
    "answer-inside",
    "the server's answers are dropped inside",
    ["icc", "published", "hostToContainer"],
    ({ priority, world }) => ({
      head: { hook: "output", priority },
      rule: `tcp sport ${world.plan.ports.tcp} drop`,
      where: "server",
    }),
  ),
  rule("payload", "a rule rewrites the port", ["egress", "icc"], ({ path, world }) => ({
    head: { hook: "prerouting", priority: -290 },
    rule:
      path.kind === "icc"
        ? `ip daddr ${world.member("server").address4} tcp dport ${world.plan.ports.tcp} tcp dport set 9`
        : `tcp dport ${world.plan.ports.outside} tcp dport set 9`,
  })),
  rule("ttl-set", "a rule of the host's takes the hops away", ["egress", "egressUdp"], ({ bridge }) => ({
    head: { hook: "prerouting", priority: -150 },
    rule: `iifname "${bridge}" ip ttl set 1`,
  })),
  rule(
    "uid",
    "a rule keeps root from connecting",
    ["hostPublished", "hostToContainer", "localhost"],
    ({ priority, port, world }) => ({
      head: { hook: "output", priority },
      rule: `tcp dport { ${port}, ${world.plan.ports.tcp} } meta skuid 0 drop`,
    }),
  ),
  rule("hour", "a rule for certain hours", ["egress", "published"], ({ priority }) => ({
    head: { hook: "forward", priority },
    rule: 'meta day { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" } meta l4proto tcp drop',
  })),
  rule("synproxy", "a proxy for handshakes that does not fit", ["published", "egress"], ({ priority }) => ({
    head: { hook: "forward", priority },
    rule: "meta l4proto tcp synproxy mss 1460 wscale 7",
  })),
  rule(
    "hash",
    "half of the connections by their ports",
    ["egress", "published"],
    ({ priority }) => ({
      head: { hook: "forward", priority },
      rule: "tcp flags & (syn | ack) == syn jhash tcp sport mod 2 == 0 drop",
    }),
    "partial",
  ),
  rule("vmap", "a verdict map drops", FORWARDED, ({ priority, protocol, other }) => ({
    head: { hook: "forward", priority },
    rule: `meta l4proto vmap { ${protocol} : goto ${other} }`,
    more: `  chain ${other} { counter drop; }\n`,
  })),
  rule(
    "loopback-input",
    "the host's input keeps answers of containers away",
    ["hostToContainer", "localhost"],
    ({ bridge, priority }) => ({
      head: { hook: "input", priority },
      rule: `iifname "${bridge}" meta l4proto tcp drop`,
    }),
  ),
  scripted("x-chains", "iptables in a chain of a chain", ["egress", "published", "icc"], ({ table, other, chain }) => {
    const [one, two] = [table.toUpperCase(), other.toUpperCase()];
    return {
      names: [two],
      inject: [
        [
          "host",
          `iptables-nft -N ${one}; iptables-nft -N ${two}; iptables-nft -A FORWARD -j ${one}; iptables-nft -A ${one} -p tcp -j ${two}; iptables-nft -A ${two} -m comment --comment ${chain} -j DROP`,
        ],
      ],
      undo: [["host", "nft delete table ip filter"]],
    };
  }),
  scripted("x-arp", "arptables drops in the client", ["egress", "icc"], () => ({
    names: ["arp"],
    inject: [["client", "arptables-nft -A INPUT -j DROP; ip neigh flush nud all"]],
    undo: [["client", "nft delete table arp filter; ip neigh flush nud all"]],
  })),
  scripted("x-arp-bridge", "the bridge drops questions for hardware addresses", ["icc", "egress"], (scene) => {
    const { add, remove } = foreignTable(scene, { family: "bridge", hook: "prerouting", priority: -300 }, [
      "ether type arp drop",
    ]);
    return {
      names: [scene.table],
      inject: [
        ["host", add],
        ["client", "ip neigh flush nud all"],
      ],
      undo: [
        ["host", remove],
        ["client", "ip neigh flush nud all"],
      ],
    };
  }),
  scripted("x-nd", "a rule drops neighbour discovery of IPv6", ["icc6", "egress6"], (scene) => {
    const rules = ["icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } drop"];
    const { add, remove } = foreignTable(scene, { hook: "prerouting", priority: scene.priority }, rules);
    const flush = [
      ["host", "ip -6 neigh flush nud all"],
      ["client", "ip -6 neigh flush nud all"],
      ["server", "ip -6 neigh flush nud all"],
    ] as const;
    return { names: [scene.table], inject: [["host", add], ...flush], undo: [["host", remove], ...flush] };
  }),
  scripted(
    "x-guard",
    "an address in our own guard's way",
    ["hostPublished", "published"],
    ({ target, protocol, path }) => ({
      names: ["inet ctr|guard|user"],
      inject: [
        [
          "host",
          path.kind === "published"
            ? `nft add rule inet ctr user ct original ip daddr ${target} meta l4proto ${protocol} drop`
            : `nft insert rule inet ctr output ip daddr ${target} tcp dport ${path.question.port} drop`,
        ],
      ],
      undo: [["host", "nft flush chain inet ctr user"]],
    }),
    { engine: "down" },
  ),
];
