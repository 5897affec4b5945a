/** Connections that begin and go on no further; and such as the host's own table forgets, or leads by the mark. */
import { type Fault, foreignTable, type Row, type Scene, scripted } from "../fault.ts";
import type { PathKind } from "../paths.ts";

/** One rule of somebody else's at the host's forward hook. */
function forwardRule(id: string, title: string, paths: readonly PathKind[], rule: (scene: Scene) => string): Fault {
  return scripted(`x-${id}`, title, paths, (scene): Row => {
    const { add, remove } = foreignTable(scene, { hook: "forward", priority: scene.priority }, [rule(scene)]);
    return { names: [scene.table], inject: [["host", add]], undo: [["host", remove]] };
  });
}

/** @param rules of a table of nft's that mark packets with the scene's number, by which a routing rule swallows them */
function markedToNowhere({ number }: Scene, table: string, rules: string): Row {
  const rule = `fwmark ${number} priority ${number} lookup ${number}`;
  return {
    names: [String(number)],
    inject: [
      ["host", `nft -f - <<'END'\n${rules}\nEND`],
      ["host", `ip rule add ${rule}; ip route add blackhole default table ${number}`],
    ],
    undo: [["host", `nft delete table ${table}; ip rule del priority ${number}; ip route flush table ${number}`]],
  };
}

const OUT = ["egress", "published"] as const;

/** @param value in seconds */
const timeout = (name: string, value: number): string => `sysctl -qw net.netfilter.nf_conntrack_${name}=${value}`;

export const connectionFaults: readonly Fault[] = [
  forwardRule("data", "a rule drops packets with data", OUT, () => "tcp flags & psh == psh drop"),
  forwardRule(
    "later",
    "a rule drops what follows on a connection",
    ["egress", "icc"],
    () => "ct state established ip length > 60 drop",
  ),
  // What clients outside offer cannot be read.
  forwardRule(
    "options",
    "a rule drops connections that offer timestamps",
    ["egress"],
    () => "tcp option timestamp exists drop",
  ),
  forwardRule("translated", "a rule drops what was translated", ["published"], () => "ct status dnat drop"),
  forwardRule(
    "original-port",
    "a rule drops by the port before translation",
    ["published", "crossPublished"],
    ({ port }) => `meta l4proto tcp ct original proto-dst ${port} drop`,
  ),
  scripted("x-mark-back", "marks that a connection keeps lead its answers astray", ["egress"], (scene) => {
    const { table, number } = scene;
    const rules = `table inet ${table} {
  chain first { type filter hook forward priority -149;
    ct state new ct mark set ${number}
  }
  chain back { type filter hook prerouting priority -140;
    ct direction reply meta mark set ct mark
  }
}`;
    return markedToNowhere(scene, `inet ${table}`, rules);
  }),
  scripted(
    "x-mark-out",
    "a rule marks what the host sends, and marked packets have no route",
    ["hostPublished", "hostToContainer"],
    (scene) => {
      const { table, number, port } = scene;
      const rules = `table ip ${table} {
  chain out { type route hook output priority -150;
    tcp dport ${port} meta mark set ${number}
  }
}`;
      return markedToNowhere(scene, `ip ${table}`, rules);
    },
  ),
  scripted("x-forgotten", "the host forgets connections before the answer comes", ["egress"], () => ({
    names: ["nf_conntrack_tcp_timeout_syn_sent"],
    inject: [["host", `${timeout("tcp_timeout_syn_sent", 0)}; ${timeout("tcp_timeout_syn_recv", 0)}`]],
    undo: [["host", `${timeout("tcp_timeout_syn_sent", 120)}; ${timeout("tcp_timeout_syn_recv", 60)}`]],
  })),
  scripted("x-forgotten-udp", "the host forgets datagrams at once", ["egressUdp"], () => ({
    names: ["nf_conntrack_udp_timeout"],
    inject: [["host", timeout("udp_timeout", 0)]],
    undo: [["host", timeout("udp_timeout", 30)]],
  })),
  scripted("x-other-source", "the server answers datagrams from its other address", ["iccUdp"], ({ server, world }) => {
    const { front4 } = world.plan.subnets;
    const second = front4.replace("0/24", "250");
    return {
      names: [second, server.name],
      inject: [["server", `ip addr add ${second}/24 dev eth0; ip route replace ${front4} dev eth0 src ${second}`]],
      undo: [
        [
          "server",
          `ip addr del ${second}/24 dev eth0; ip route replace ${front4} dev eth0 proto kernel scope link src ${server.address}`,
        ],
      ],
    };
  }),
];
