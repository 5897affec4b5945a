/** What looks like a fault and is none: the answer has to stay green. */
import { type Fault, foreignTable, type Row, type Scene, scripted } from "./fault.ts";
import { OPEN_PATHS, type PathKind } from "./paths.ts";
import type { World } from "./world.ts";

const SOME = ["egress", "published", "icc", "hostToContainer", "crossPublished"] as const;

const decoy = (
  name: string,
  title: string,
  paths: readonly PathKind[],
  row: (scene: Scene) => Omit<Row, "codes" | "names">,
  more: Pick<Fault, "elsewhere"> = {},
): Fault => scripted(`d-${name}`, title, paths, row, { effect: "latent", ...more });

/** Sysctls as they were are put back. */
const sysctl = (
  where: "host" | "client" | "server",
  ...settings: readonly (readonly [key: string, value: string, usual: string])[]
): Pick<Row, "inject" | "undo"> => ({
  inject: settings.map(([key, value]) => [where, `sysctl -qw ${key}=${value}`] as const),
  undo: settings.map(([key, , usual]) => [where, `sysctl -qw ${key}=${usual}`] as const),
});

const table = (
  where: "host" | "client" | "server",
  made: ReturnType<typeof foreignTable>,
): Pick<Row, "inject" | "undo"> => ({
  inject: [[where, made.add]],
  undo: [[where, made.remove]],
});

export const DECOYS: readonly Fault[] = [
  decoy("nothing", "nothing is changed", OPEN_PATHS, () => ({ inject: [], undo: [] })),
  decoy("count", "another table counts alone", SOME, (scene) =>
    table(
      "host",
      foreignTable(scene, { hook: "forward", priority: scene.priority }, [
        "counter",
        'meta l4proto tcp counter comment "drop"',
      ]),
    ),
  ),
  decoy("policy-accepts", "another table's policy is drop, and its rules accept", SOME, (scene) =>
    table(
      "host",
      foreignTable(scene, { hook: "forward", priority: scene.priority, policy: "drop" }, [
        "ct state established,related accept",
        `iifname { "${scene.bridge}", "${scene.uplink}", "${scene.back}" } accept`,
      ]),
    ),
  ),
  decoy("other-drop", "another table drops other people's packets", SOME, (scene) =>
    table(
      "host",
      foreignTable(scene, { hook: "forward", priority: scene.priority }, [
        "ip saddr 100.64.0.0/10 drop",
        "tcp dport 25 drop",
        'iifname "wlan0" drop',
      ]),
    ),
  ),
  decoy("other-port", "another table drops a port beside", ["egress", "published", "icc"], (scene) =>
    table(
      "host",
      foreignTable(scene, { hook: "forward", priority: scene.priority }, [
        `tcp dport ${scene.port + 1} drop`,
        `tcp dport ${scene.world.plan.ports.tcp + 3} reject`,
      ]),
    ),
  ),
  decoy("unused-chain", "a chain that drops, and nobody jumps to it", SOME, (scene) =>
    table(
      "host",
      foreignTable(
        scene,
        { hook: "forward", priority: scene.priority },
        ["counter"],
        `  chain ${scene.other} { drop; }\n`,
      ),
    ),
  ),
  decoy(
    "input-policy",
    "the host's input lets ssh and established in alone",
    ["egress", "published", "icc", "crossPublished"],
    (scene) =>
      table(
        "host",
        foreignTable(scene, { hook: "input", priority: scene.priority, policy: "drop" }, [
          "ct state established,related accept",
          "iifname lo accept",
          "meta l4proto { icmp, ipv6-icmp } accept",
          "tcp dport 22 accept",
        ]),
      ),
  ),
  decoy("accept-first", "a rule accepts before one that drops", SOME, (scene) =>
    table(
      "host",
      foreignTable(scene, { hook: "forward", priority: scene.priority }, [
        "meta l4proto { tcp, udp, ipv6-icmp } accept",
        "drop",
      ]),
    ),
  ),
  decoy("return", "a chain returns before it drops", ["egress", "published", "icc"], (scene) =>
    table(
      "host",
      foreignTable(
        scene,
        { hook: "forward", priority: scene.priority },
        [`jump ${scene.other}`],
        `  chain ${scene.other} { meta l4proto { tcp, ipv6-icmp } return; drop; }\n`,
      ),
    ),
  ),
  decoy("set", "a set of banned addresses without ours", SOME, (scene) =>
    table(
      "host",
      foreignTable(
        scene,
        { hook: "forward", priority: scene.priority },
        [`ip saddr @${scene.other} drop`],
        `  set ${scene.other} { type ipv4_addr; flags timeout; timeout 1h; elements = { 192.0.2.55, 192.0.2.66 }; }\n`,
      ),
    ),
  ),
  decoy("rate", "a rule beyond a rate that nobody reaches", ["egress", "published"], (scene) =>
    table(
      "host",
      foreignTable(scene, { hook: "forward", priority: scene.priority }, [
        "limit rate over 100000/second burst 1000 packets drop",
        "ct count over 100000 drop",
      ]),
    ),
  ),
  decoy("random", "a rule that drops one in a million of pings", ["egress", "icc"], (scene) =>
    table(
      "host",
      foreignTable(scene, { hook: "forward", priority: scene.priority }, [
        "icmp type echo-request numgen random mod 1000000 < 1 drop",
      ]),
    ),
  ),
  decoy("nat", "another table translates other people's ports", ["egress", "published", "crossPublished"], (scene) =>
    table(
      "host",
      foreignTable(scene, { family: "ip", hook: "nat prerouting", priority: -110 }, [
        "ip daddr 198.51.100.1 tcp dport 1 dnat to 198.51.100.2",
      ]),
    ),
  ),
  decoy("masquerade", "another table translates what leaves, too", ["egress"], (scene) =>
    table(
      "host",
      foreignTable(scene, { family: "ip", hook: "nat postrouting", priority: 90 }, [
        `ip saddr ${scene.world.plan.subnets.front4} oifname "${scene.uplink}" masquerade`,
      ]),
    ),
  ),
  decoy("notrack", "a rule that does not track other people's packets", ["egress", "published"], (scene) =>
    table(
      "host",
      foreignTable(scene, { hook: "prerouting", priority: -300 }, ["ip saddr 192.0.2.0/24 udp dport 1 notrack"]),
    ),
  ),
  decoy("invalid", "another table drops invalid packets", SOME, (scene) =>
    table("host", foreignTable(scene, { hook: "forward", priority: scene.priority }, ["ct state invalid drop"])),
  ),
  decoy("bridge-table", "a bridge table accepts", ["icc", "egress"], (scene) =>
    table(
      "host",
      foreignTable(scene, { family: "bridge", hook: "forward", priority: scene.priority, policy: "drop" }, [
        "ether type { arp, ip, ip6 } accept",
      ]),
    ),
  ),
  decoy("ingress", "a netdev chain that counts", ["icc", "egress"], (scene) =>
    table(
      "host",
      foreignTable(scene, { family: "netdev", hook: `ingress device ${scene.client.cable}`, priority: 0 }, ["counter"]),
    ),
  ),
  decoy("iptables-nft", "iptables has rules, none of them drops", SOME, () => ({
    inject: [["host", "iptables-nft -A FORWARD -p tcp -j ACCEPT; iptables-nft -A INPUT -p udp --dport 9 -j DROP"]],
    undo: [["host", "nft delete table ip filter"]],
  })),
  decoy("iptables-legacy", "iptables-legacy has tables and accepts", SOME, () => ({
    inject: [["host", "iptables-legacy -A FORWARD -p tcp -j ACCEPT; iptables-legacy -t nat -L -n >/dev/null"]],
    undo: [["host", "iptables-legacy -F FORWARD"]],
  })),
  decoy(
    "legacy-policy",
    "iptables-legacy's policy is drop, and its rules accept",
    ["egress", "published", "crossPublished"],
    () => ({
      inject: [["host", "iptables-legacy -A FORWARD -j ACCEPT; iptables-legacy -P FORWARD DROP"]],
      undo: [["host", "iptables-legacy -P FORWARD ACCEPT; iptables-legacy -F FORWARD"]],
    }),
  ),
  decoy("user-chain", "a rule of the user's that concerns others", SOME, () => ({
    inject: [["host", "nft add rule inet ctr user ip saddr 203.0.114.0/24 drop"]],
    undo: [["host", "nft flush chain inet ctr user"]],
  })),
  decoy("inside-filter", "the server's own filter lets its port in", ["icc", "published", "hostToContainer"], (scene) =>
    table(
      "server",
      foreignTable(scene, { hook: "input", priority: 0, policy: "drop" }, [
        "ct state established,related accept",
        "iifname lo accept",
        "meta l4proto { icmp, ipv6-icmp } accept",
        `tcp dport ${scene.world.plan.ports.tcp} accept`,
      ]),
    ),
  ),
  decoy("rp-loose", "the reverse path filter is loose", ["egress", "published"], ({ bridge, uplink }) =>
    sysctl("host", [`net.ipv4.conf.${bridge}.rp_filter`, "2", "0"], [`net.ipv4.conf.${uplink}.rp_filter`, "2", "0"]),
  ),
  decoy(
    "rp-strict",
    "the reverse path filter is strict where routes are straight",
    ["egress", "published", "icc"],
    ({ bridge, uplink }) =>
      sysctl("host", [`net.ipv4.conf.${bridge}.rp_filter`, "1", "0"], [`net.ipv4.conf.${uplink}.rp_filter`, "1", "0"]),
  ),
  decoy(
    "bridge-filter-off",
    "bridges pass the filter by, where nothing is forbidden",
    ["icc", "hostToContainer"],
    () => sysctl("host", ["net.bridge.bridge-nf-call-iptables", "0", "1"]),
    { elsewhere: true },
  ),
  decoy(
    "other-forwarding",
    "forwarding is off on a link that the path does not use",
    ["egress", "published"],
    ({ back }) => sysctl("host", [`net.ipv4.conf.${back}.forwarding`, "0", "1"]),
    { elsewhere: true },
  ),
  decoy("redirects", "settings that change nothing here", SOME, ({ bridge }) =>
    sysctl(
      "host",
      [`net.ipv4.conf.${bridge}.log_martians`, "1", "0"],
      [`net.ipv4.conf.${bridge}.send_redirects`, "0", "1"],
    ),
  ),
  decoy("neighbour", "a permanent neighbour, and the right one", ["icc"], ({ server }) => ({
    inject: [["client", `ip neigh replace ${server.address} lladdr ${server.mac} dev eth0 nud permanent`]],
    undo: [["client", `ip neigh del ${server.address} dev eth0`]],
  })),
  decoy("fdb", "a static entry of the bridge, and the right one", ["icc"], ({ server }) => ({
    inject: [["host", `bridge fdb replace ${server.mac} dev ${server.cable} master static`]],
    undo: [["host", `bridge fdb del ${server.mac} dev ${server.cable} master`]],
  })),
  decoy("isolated", "one port is isolated, the other is not", ["icc", "egress"], ({ client }) => ({
    inject: [["host", `bridge link set dev ${client.cable} isolated on`]],
    undo: [["host", `bridge link set dev ${client.cable} isolated off`]],
  })),
  decoy("stp", "the spanning tree is on, and done", ["icc", "egress"], ({ back }) => ({
    inject: [["host", `ip link set ${back} type bridge stp_state 1 forward_delay 200`]],
    undo: [["host", `ip link set ${back} type bridge stp_state 0 forward_delay 1500`]],
  })),
  decoy("mtu", "the uplink takes smaller packets, and says so", ["egress", "egressBig", "published"], ({ uplink }) => ({
    inject: [["host", `ip link set ${uplink} mtu 1400`]],
    undo: [
      ["host", `ip link set ${uplink} mtu 1500`],
      ["client", "ip route flush cache"],
    ],
  })),
  decoy("mtu-both", "both ends of the client's cable are smaller", ["egress", "icc"], ({ client }) => ({
    inject: [
      ["host", `ip link set ${client.cable} mtu 1400`],
      ["client", "ip link set eth0 mtu 1400"],
    ],
    undo: [
      ["host", `ip link set ${client.cable} mtu 1500`],
      ["client", "ip link set eth0 mtu 1500"],
    ],
  })),
  decoy("tbf", "a rate that leaves room", ["icc", "egress"], ({ client }) => ({
    inject: [["host", `tc qdisc replace dev ${client.cable} root tbf rate 100mbit burst 1mb latency 50ms`]],
    undo: [["host", `tc qdisc del dev ${client.cable} root`]],
  })),
  decoy("route", "a black hole for somebody else's network", ["egress", "published"], () => ({
    inject: [["host", "ip route add blackhole 192.0.2.0/24; ip route add unreachable 198.51.100.0/24"]],
    undo: [["host", "ip route del blackhole 192.0.2.0/24; ip route del unreachable 198.51.100.0/24"]],
  })),
  decoy(
    "policy-route",
    "a rule that sends packets into a table that leads the same way",
    ["egress"],
    ({ world, number, uplink }) => ({
      inject: [
        [
          "host",
          `ip route add default via ${world.plan.gateway4} dev ${uplink} table ${number}; ip rule add from ${world.plan.subnets.front4} priority ${number} lookup ${number}`,
        ],
      ],
      undo: [["host", `ip rule del priority ${number}; ip route flush table ${number}`]],
    }),
  ),
  decoy("rule-elsewhere", "a rule that prohibits somebody else", ["egress", "published", "icc"], ({ number }) => ({
    inject: [
      [
        "host",
        `ip rule add from 192.0.2.0/24 priority ${number} prohibit; ip rule add fwmark 0x77 priority ${number + 1} blackhole`,
      ],
    ],
    undo: [["host", `ip rule del priority ${number}; ip rule del priority ${number + 1}`]],
  })),
  decoy("second-default", "a second default route that is worse", ["egress"], ({ back, world }) => ({
    inject: [
      ["host", `ip route add default via ${world.plan.subnets.back4.replace("0/24", "254")} dev ${back} metric 5000`],
    ],
    undo: [["host", "ip route del default metric 5000"]],
  })),
  decoy("address", "a second address on the bridge", ["icc", "egress", "published"], ({ bridge }) => ({
    inject: [["host", `ip addr add 192.0.2.1/28 dev ${bridge}`]],
    undo: [["host", `ip addr del 192.0.2.1/28 dev ${bridge}`]],
  })),
  decoy("own-server", "the client has a name server of its own", ["icc", "egress"], ({ world }) => ({
    inject: [
      [
        "client",
        `: ${world.plan.client}; nft -f - <<'END'\ntable ip own { chain out { type filter hook output priority 0; udp dport 5353 counter; }\n}\nEND`,
      ],
    ],
    undo: [["client", "nft delete table ip own"]],
  })),
  decoy("xfrm", "a policy of IPsec for somebody else", ["egress"], () => ({
    inject: [["host", "ip xfrm policy add dir out src 192.0.2.0/24 dst 192.0.2.128/25 action block"]],
    undo: [["host", "ip xfrm policy del dir out src 192.0.2.0/24 dst 192.0.2.128/25"]],
  })),
  decoy(
    "uplink-neighbour",
    "the router's hardware address is fixed, and right",
    ["egress", "egressUdp"],
    ({ uplink, world }) => ({
      inject: [
        [
          "host",
          `mac=$(ip neigh show ${world.plan.gateway4} dev ${uplink} | sed -n 's/.*lladdr \\([0-9a-f:]*\\).*/\\1/p'); ip neigh replace ${world.plan.gateway4} lladdr $mac dev ${uplink} nud permanent`,
        ],
      ],
      undo: [["host", `ip neigh del ${world.plan.gateway4} dev ${uplink}`]],
    }),
  ),
  decoy("proxy-arp", "the bridge would answer for what is elsewhere", ["icc", "egress", "published"], ({ bridge }) => ({
    inject: [["host", `sysctl -qw net.ipv4.conf.${bridge}.proxy_arp=1`]],
    undo: [["host", `sysctl -qw net.ipv4.conf.${bridge}.proxy_arp=0`]],
  })),
  decoy("alias", "the client has an address of its own on its loopback", ["icc", "egress"], () => ({
    inject: [["client", "ip addr add 192.0.2.9/32 dev lo"]],
    undo: [["client", "ip addr del 192.0.2.9/32 dev lo"]],
  })),
  decoy("reserved-ports", "some ports are reserved", ["icc", "egress"], () => ({
    inject: [["client", "sysctl -qw net.ipv4.ip_local_reserved_ports=40000-40100,50000"]],
    undo: [["client", "sysctl -qw net.ipv4.ip_local_reserved_ports="]],
  })),
  decoy("segments", "others limit the size of segments", ["egress", "published"], (scene) =>
    table(
      "host",
      foreignTable(scene, { hook: "forward", priority: scene.priority }, [
        "tcp flags syn tcp option maxseg size set rt mtu",
      ]),
    ),
  ),
  decoy("sanity", "others drop packets that no connection has", ["egress", "published", "icc"], (scene) =>
    table(
      "host",
      foreignTable(scene, { hook: "forward", priority: scene.priority }, [
        "ip length > 4000 drop",
        "tcp flags & (fin | syn) == (fin | syn) drop",
        "tcp flags & (syn | rst) == (syn | rst) drop",
        "ct state new tcp flags & (fin | syn | rst | ack) != syn drop",
      ]),
    ),
  ),
  decoy("no-pings", "nobody answers pings", ["icc", "egress"], () =>
    sysctl("host", ["net.ipv4.icmp_echo_ignore_all", "1", "0"]),
  ),
  decoy("plain-tcp", "the server's TCP has no options", ["icc"], () =>
    sysctl("server", ["net.ipv4.tcp_timestamps", "0", "1"], ["net.ipv4.tcp_sack", "0", "1"]),
  ),
  decoy("hub", "the bridge learns nothing", ["icc", "egress"], ({ bridge }) => ({
    inject: [["host", `ip link set ${bridge} type bridge ageing_time 0`]],
    undo: [["host", `ip link set ${bridge} type bridge ageing_time 30000`]],
  })),
  fileDecoy("hosts", "a line of /etc/hosts, and the right one", ["egressName"], "/etc/hosts", (world) =>
    [`127.0.0.1 localhost`, `${world.plan.outside4} ${world.plan.outsideName}`].join("\n"),
  ),
  fileDecoy("search", "search domains that know nothing", ["egressName", "iccName"], "/etc/resolv.conf", () =>
    ["nameserver 127.0.0.11", "search nothing.example", "options ndots:5"].join("\n"),
  ),
  fileDecoy(
    "nsswitch",
    "names from files and name servers",
    ["egressName", "iccName"],
    "/etc/nsswitch.conf",
    () => "hosts: files dns",
  ),
];

/** A file of the client's in another form. */
function fileDecoy(
  name: string,
  title: string,
  paths: readonly PathKind[],
  file: string,
  text: (world: World) => string,
): Fault {
  let before = "";
  return {
    ...{ id: `d-${name}`, title, paths, effect: "latent" },
    plan: (world) => ({
      ...{ codes: [], names: [] },
      async inject() {
        before = await world.inside("client", `cat ${file} 2>/dev/null || true`);
        await world.inside("client", `cat > ${file} <<'END'\n${text(world)}\nEND`);
      },
      async undo() {
        await world.inside("client", before === "" ? `rm -f ${file}` : `cat > ${file} <<'END'\n${before}\nEND`);
      },
    }),
  };
}
