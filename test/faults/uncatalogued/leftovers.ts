/** Rules as other programs leave them on hosts: engines, firewalls for people, VPNs, guards against intruders. */
import { type Fault, foreignTable, scripted } from "../fault.ts";

const ACROSS = ["egress", "published"] as const;
const FORGET_FILTER = ["host", "nft delete table ip filter"] as const;

export const leftovers: readonly Fault[] = [
  scripted("x-docker-left", "Docker is gone, and its chains are not", ACROSS, () => ({
    names: ["filter", "FORWARD"],
    inject: [
      [
        "host",
        "iptables-nft -N DOCKER; iptables-nft -N DOCKER-USER; iptables-nft -N DOCKER-ISOLATION-STAGE-1; iptables-nft -P FORWARD DROP; iptables-nft -A DOCKER-USER -j RETURN; iptables-nft -A FORWARD -j DOCKER-USER; iptables-nft -A FORWARD -j DOCKER-ISOLATION-STAGE-1; iptables-nft -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; iptables-nft -A FORWARD -o docker0 -j DOCKER; iptables-nft -A FORWARD -i docker0 ! -o docker0 -j ACCEPT",
      ],
    ],
    undo: [FORGET_FILTER],
  })),
  scripted("x-docker-isolation", "another engine's isolation knows our bridge", ["egress"], ({ bridge, uplink }) => ({
    names: ["ISOLATION-STAGE-2"],
    inject: [
      [
        "host",
        `iptables-nft -N ISOLATION-STAGE-1; iptables-nft -N ISOLATION-STAGE-2; iptables-nft -A FORWARD -j ISOLATION-STAGE-1; iptables-nft -A ISOLATION-STAGE-1 -i ${bridge} ! -o ${bridge} -j ISOLATION-STAGE-2; iptables-nft -A ISOLATION-STAGE-2 -o ${uplink} -j DROP`,
      ],
    ],
    undo: [FORGET_FILTER],
  })),
  scripted("x-ufw", "ufw with its usual chains", ACROSS, () => ({
    names: ["filter", "FORWARD", "ufw"],
    inject: [
      [
        "host",
        "iptables-nft -N ufw-before-forward; iptables-nft -N ufw-after-forward; iptables-nft -N ufw-user-forward; iptables-nft -P FORWARD DROP; iptables-nft -A FORWARD -j ufw-before-forward; iptables-nft -A FORWARD -j ufw-after-forward; iptables-nft -A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; iptables-nft -A ufw-before-forward -p icmp --icmp-type 8 -j ACCEPT; iptables-nft -A ufw-before-forward -j ufw-user-forward",
      ],
    ],
    undo: [FORGET_FILTER],
  })),
  scripted("x-ufw-legacy", "ufw by the old implementation of iptables", ACROSS, () => ({
    names: ["FORWARD", "legacy"],
    inject: [
      [
        "host",
        "iptables-legacy -N ufw-before-forward; iptables-legacy -A FORWARD -j ufw-before-forward; iptables-legacy -A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; iptables-legacy -P FORWARD DROP",
      ],
    ],
    undo: [
      [
        "host",
        "iptables-legacy -P FORWARD ACCEPT; iptables-legacy -F FORWARD; iptables-legacy -F ufw-before-forward; iptables-legacy -X ufw-before-forward",
      ],
    ],
  })),
  scripted(
    "x-firewalld",
    "firewalld without a zone for our bridge",
    ["egress", "published", "crossPublished"],
    ({ uplink }) => ({
      names: ["firewalld", "filter_FORWARD"],
      inject: [
        [
          "host",
          `nft -f - <<'END'
table inet firewalld {
  chain filter_FWD_public_allow { }
  chain filter_FWD_public { jump filter_FWD_public_allow; meta l4proto { icmp, ipv6-icmp } accept; }
  chain filter_FORWARD_ZONES { iifname "${uplink}" goto filter_FWD_public; goto filter_FWD_public; }
  chain filter_FORWARD {
    type filter hook forward priority 10; policy accept;
    ct state { established, related } accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_FORWARD_ZONES
    reject with icmpx admin-prohibited
  }
}
END`,
        ],
      ],
      undo: [["host", "nft delete table inet firewalld"]],
    }),
  ),
  scripted("x-fail2ban", "a guard has banned the client", ["egress", "icc"], ({ client }) => ({
    names: ["f2b-web", client.address],
    inject: [
      [
        "host",
        `iptables-nft -N f2b-web; iptables-nft -I FORWARD -p tcp -j f2b-web; iptables-nft -A f2b-web -s ${client.address}/32 -j REJECT --reject-with icmp-port-unreachable; iptables-nft -A f2b-web -j RETURN`,
      ],
    ],
    undo: [FORGET_FILTER],
  })),
  scripted("x-mark-firewall", "marked packets are dropped in another chain", ["egress"], ({ bridge }) => ({
    names: ["KUBE-FIREWALL", "0x8000"],
    inject: [
      [
        "host",
        `iptables-nft -N KUBE-FIREWALL; iptables-nft -A FORWARD -j KUBE-FIREWALL; iptables-nft -A KUBE-FIREWALL -m comment --comment "drop marked packets" -m mark --mark 0x8000/0x8000 -j DROP; iptables-nft -t mangle -A PREROUTING -i ${bridge} -p tcp -j MARK --or-mark 0x8000`,
      ],
    ],
    undo: [FORGET_FILTER, ["host", "nft delete table ip mangle"]],
  })),
  scripted("x-kill-switch", "a VPN's kill switch", ["hostToContainer"], () => ({
    names: ["OUTPUT"],
    inject: [
      ["host", "iptables-nft -I OUTPUT ! -o wg0 -m mark ! --mark 0xca6c -m addrtype ! --dst-type LOCAL -j REJECT"],
    ],
    undo: [FORGET_FILTER],
  })),
  scripted("x-owner", "the old iptables keeps a user from connecting", ["hostToContainer", "localhost"], () => ({
    names: ["OUTPUT", "uid|owner"],
    inject: [["host", "iptables-legacy -A OUTPUT -p tcp -m owner --uid-owner 0 -m tcp --syn -j DROP"]],
    undo: [["host", "iptables-legacy -F OUTPUT"]],
  })),
  scripted("x-connlimit", "no connection more than none", ["egress", "published"], () => ({
    names: ["FORWARD", "connlimit"],
    inject: [
      [
        "host",
        "iptables-legacy -A FORWARD -p tcp --syn -m connlimit --connlimit-above 0 -j REJECT --reject-with tcp-reset",
      ],
    ],
    undo: [["host", "iptables-legacy -F FORWARD"]],
  })),
  scripted("x-ebtables", "ebtables drops one hardware address", ["icc", "egress"], ({ client }) => ({
    names: ["bridge filter", client.mac],
    inject: [
      [
        "host",
        `ebtables-nft -A FORWARD -s ${client.mac} -j DROP; ebtables-nft -A INPUT -s ${client.mac} -p IPv4 -j DROP`,
      ],
    ],
    undo: [["host", "nft delete table bridge filter"]],
  })),
  scripted("x-meter", "one source may open one connection an hour", ["egress", "published"], (scene) => {
    const rules = [
      `tcp flags & (syn | ack) == syn add @${scene.other} { ip saddr limit rate over 1/hour burst 1 packets } drop`,
    ];
    const more = `  set ${scene.other} { type ipv4_addr; size 128; flags dynamic; }\n`;
    const { add, remove } = foreignTable(scene, { hook: "forward", priority: scene.priority }, rules, more);
    return {
      names: [scene.table],
      inject: [
        ["host", add],
        // The one that may be.
        [
          scene.path.where,
          `perl -MIO::Socket::INET -e 'IO::Socket::INET->new(PeerAddr => "${scene.target}", PeerPort => ${scene.port}, Timeout => 2)'`,
        ],
      ],
      undo: [["host", remove]],
    };
  }),
  scripted("x-count", "no tracked connection more than none", ["egress", "published", "icc"], (scene) => {
    const { add, remove } = foreignTable(scene, { hook: "forward", priority: scene.priority }, [
      "tcp flags & (syn | ack) == syn ct count over 0 reject with tcp reset",
    ]);
    return { names: [scene.table], inject: [["host", add]], undo: [["host", remove]] };
  }),
  scripted("x-checksum", "a rule spoils checksums", ["icc", "egress"], (scene) => {
    const { bridge, table, chain } = scene;
    const { add, remove } = foreignTable(scene, { hook: "prerouting", priority: -290 }, [
      `iifname "${bridge}" ip checksum set 0x1234`,
    ]);
    return { names: [table, `checksum|${chain}`], inject: [["host", add]], undo: [["host", remove]] };
  }),
  scripted("x-spoof", "a rule gives packets an address that nobody has", ["icc"], (scene) => {
    const { server, world } = scene;
    const { add, remove } = foreignTable(scene, { hook: "prerouting", priority: -290 }, [
      `ip daddr ${server.address} tcp dport ${world.plan.ports.tcp} ip saddr set 192.0.2.66`,
    ]);
    return { names: [scene.table], inject: [["host", add]], undo: [["host", remove]] };
  }),
  scripted(
    "x-netdev-fwd",
    "a rule of the cable sends frames elsewhere",
    ["egress", "icc"],
    ({ client, third, table }) => ({
      names: [table, third.cable],
      inject: [
        [
          "host",
          `nft -f - <<'END'\ntable netdev ${table} {\n chain in { type filter hook ingress device ${client.cable} priority 0; ip protocol tcp fwd to "${third.cable}"; }\n}\nEND`,
        ],
      ],
      undo: [["host", `nft delete table netdev ${table}`]],
    }),
  ),
  scripted("x-tc", "a program of tc drops what the cable brings", ["egress", "icc"], ({ client }) => ({
    names: [client.cable, "tc"],
    inject: [
      [
        "host",
        `tc qdisc add dev ${client.cable} clsact; tc filter add dev ${client.cable} ingress protocol all bpf da bytecode '1,6 0 0 2'`,
      ],
    ],
    undo: [["host", `tc qdisc del dev ${client.cable} clsact`]],
  })),
  scripted("x-tc-egress", "a program of tc drops what goes to the cable", ["icc", "hostToContainer"], ({ server }) => ({
    names: [server.cable, "tc"],
    inject: [
      [
        "host",
        `tc qdisc add dev ${server.cable} clsact; tc filter add dev ${server.cable} egress protocol all bpf da bytecode '1,6 0 0 2'`,
      ],
    ],
    undo: [["host", `tc qdisc del dev ${server.cable} clsact`]],
  })),
];
