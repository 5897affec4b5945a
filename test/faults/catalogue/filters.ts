/** Host forwarding and packet filters: 101–118. */
import type { ChildProcess } from "node:child_process";
import { type Fault, foreignTable, sceneOf, scripted, THROUGH_UPLINK, WITHIN_BRIDGE } from "../fault.ts";
import { endAgent } from "../world.ts";

const FORWARDED_4 = ["egress", "egressUdp", "published", "publishedUdp", "crossPublished"] as const;

export const filterFaults: readonly Fault[] = [
  scripted("101", "forwarding is off", FORWARDED_4, () => ({
    codes: ["CTRN101"],
    names: ["ip_forward"],
    inject: [["host", "sysctl -qw net.ipv4.ip_forward=0"]],
    undo: [["host", "sysctl -qw net.ipv4.ip_forward=1"]],
  })),
  scripted("101", "forwarding of IPv6 is off", ["egress6", "published6"], () => ({
    codes: ["CTRN101"],
    names: ["net.ipv6.conf.all.forwarding"],
    inject: [["host", "sysctl -qw net.ipv6.conf.all.forwarding=0"]],
    undo: [["host", "sysctl -qw net.ipv6.conf.all.forwarding=1"]],
  })),
  scripted("102", "forwarding of the bridge is off", ["egress", "egressUdp", "neighbourPublished"], ({ bridge }) => ({
    codes: ["CTRN102"],
    names: [`net.ipv4.conf.${bridge}.forwarding`],
    inject: [["host", `sysctl -qw net.ipv4.conf.${bridge}.forwarding=0`]],
    undo: [["host", `sysctl -qw net.ipv4.conf.${bridge}.forwarding=1`]],
  })),
  scripted("102", "forwarding of the uplink is off", ["published", "publishedUdp"], ({ uplink }) => ({
    codes: ["CTRN102"],
    names: [`net.ipv4.conf.${uplink}.forwarding`],
    inject: [["host", `sysctl -qw net.ipv4.conf.${uplink}.forwarding=0`]],
    undo: [["host", `sysctl -qw net.ipv4.conf.${uplink}.forwarding=1`]],
  })),
  scripted(
    "103",
    "our rule for the way out is gone",
    ["egress", "egress6", "egressUdp"],
    () => ({
      codes: ["CTRN103", "CTRN115"],
      names: ["inet ctr"],
      inject: [
        [
          "host",
          'nft chain inet ctr forward "{ policy drop; }"; nft delete rule inet ctr crossing handle $(nft -a list chain inet ctr crossing | sed -n "s/.*on the way out.*handle //p")',
        ],
      ],
      undo: [["host", 'nft chain inet ctr forward "{ policy accept; }"']],
    }),
    { engine: "down" },
  ),
  scripted(
    "103",
    "the policy of our chain is drop, and nothing accepts",
    ["crossPublished", "hairpin"],
    () => ({
      codes: ["CTRN103", "CTRN115", "CTRN207"],
      names: ["inet ctr"],
      inject: [
        [
          "host",
          "nft add rule inet ctr open drop; nft flush chain inet ctr crossing; nft chain inet ctr forward '{ policy drop; }'",
        ],
      ],
      undo: [["host", "nft chain inet ctr forward '{ policy accept; }'"]],
    }),
    { engine: "down" },
  ),
  scripted(
    "104",
    "another table's forward chain has the policy drop",
    [...THROUGH_UPLINK, "crossPublished"],
    (scene) => {
      const { add, remove } = foreignTable(scene, { hook: "forward", priority: scene.priority, policy: "drop" }, [
        "ct state established,related accept",
        'iifname "wg0" accept',
      ]);
      return { codes: ["CTRN104"], names: [scene.table], inject: [["host", add]], undo: [["host", remove]] };
    },
  ),
  scripted("104", "another table drops within the bridge", WITHIN_BRIDGE, (scene) => {
    const rule = `iifname "${scene.bridge}" oifname "${scene.bridge}" counter drop`;
    const { add, remove } = foreignTable(scene, { hook: "forward", priority: scene.priority }, [rule]);
    return { codes: ["CTRN104"], names: [scene.table], inject: [["host", add]], undo: [["host", remove]] };
  }),
  scripted(
    "104",
    "another table's rule drops packets to the container",
    ["published", "egressBig", "crossPublished"],
    (scene) => {
      const rule = `ip saddr ${scene.server.address} ip protocol tcp tcp sport ${scene.world.plan.ports.tcp} drop`;
      const there = `ip daddr { ${scene.server.address}, ${scene.world.plan.outside4} } drop`;
      const { add, remove } = foreignTable(scene, { family: "ip", hook: "forward", priority: scene.priority }, [
        rule,
        there,
      ]);
      return { codes: ["CTRN104"], names: [scene.table], inject: [["host", add]], undo: [["host", remove]] };
    },
  ),
  scripted("105", "the policy of iptables-legacy is drop", ["egress", "published", "icc", "crossPublished"], () => ({
    codes: ["CTRN105"],
    names: ["legacy", "FORWARD"],
    inject: [["host", "iptables-legacy -P FORWARD DROP"]],
    undo: [["host", "iptables-legacy -P FORWARD ACCEPT"]],
  })),
  scripted("105", "a rule of ip6tables-legacy drops", ["egress6", "published6", "icc6"], ({ port, world }) => ({
    codes: ["CTRN105"],
    names: ["legacy", "FORWARD"],
    inject: [
      [
        "host",
        `ip6tables-legacy -A FORWARD -p tcp -m multiport --dports ${port},${world.plan.ports.tcp} -j DROP || ip6tables-legacy -A FORWARD -p tcp -j DROP`,
      ],
    ],
    undo: [["host", "ip6tables-legacy -F FORWARD"]],
  })),
  scripted(
    "106",
    "iptables-legacy drops before routing",
    ["egress", "published", "hostPublished", "icc"],
    ({ path, port, server, world }) => {
      const table = path.kind === "hostPublished" ? "OUTPUT" : "PREROUTING";
      const dport = path.kind === "icc" ? world.plan.ports.tcp : port;
      const kind = path.kind === "egress" || path.kind === "published" ? "raw" : "mangle";
      const to = path.kind === "icc" ? `-d ${server.address} ` : "";
      return {
        codes: path.kind === "hostPublished" ? ["CTRN106", "CTRN105"] : ["CTRN106"],
        names: ["legacy", table],
        inject: [["host", `iptables-legacy -t ${kind} -A ${table} ${to}-p tcp --dport ${dport} -j DROP`]],
        undo: [["host", `iptables-legacy -t ${kind} -F ${table}`]],
      };
    },
  ),
  scripted("107", "a rule of iptables-nft drops", ["egress", "published", "icc", "crossPublished"], () => ({
    codes: ["CTRN107"],
    names: ["FORWARD"],
    inject: [["host", "iptables-nft -A FORWARD -p tcp -j DROP"]],
    undo: [["host", "nft delete table ip filter"]],
  })),
  scripted(
    "107",
    "a rule of the user's in our chain drops",
    ["egress", "published", "icc", "egress6"],
    ({ protocol }) => ({
      codes: ["CTRN107", "CTRN104"],
      names: ["inet ctr", "user"],
      inject: [["host", `nft add rule inet ctr user meta l4proto ${protocol} counter drop`]],
      undo: [["host", "nft flush chain inet ctr user"]],
    }),
  ),
  scripted("108", "a rule rejects", [...THROUGH_UPLINK, "icc", "crossPublished"], (scene) => {
    const { family, protocol, world } = scene;
    const how = protocol === "tcp" ? scene.world.plan.random.pick(["with tcp reset", ""]) : "";
    const rule = `meta nfproto ipv${family} ${protocol} dport { ${scene.port}, ${world.plan.ports.tcp}, ${world.plan.ports.udp} } reject ${how}`;
    const { add, remove } = foreignTable(scene, { hook: "forward", priority: scene.priority }, [rule]);
    return { codes: ["CTRN108"], names: [scene.table], inject: [["host", add]], undo: [["host", remove]] };
  }),
  scripted(
    "109",
    "our set does not have the bridge's own pair",
    WITHIN_BRIDGE,
    ({ bridge, family }) => ({
      codes: ["CTRN109", "CTRN115"],
      names: ["pairs|inet ctr"],
      inject: [["host", `nft delete element inet ctr pairs "{ ipv${family} . ${bridge} . ${bridge} }"`]],
      undo: [],
    }),
    { engine: "down" },
  ),
  scripted("109", "our set has another pair in its place, the engine is up", WITHIN_BRIDGE, ({ bridge, family }) => {
    const swap = (from: string, to: string): string =>
      `printf 'delete element inet ctr pairs { ipv${family} . ${from} . ${from} }\\nadd element inet ctr pairs { ipv${family} . ${to} . ${to} }\\n' | nft -f -`;
    return {
      codes: ["CTRN109", "CTRN115"],
      names: ["pairs|inet ctr"],
      inject: [["host", swap(bridge, "br-other")]],
      undo: [["host", swap("br-other", bridge)]],
    };
  }),
  scripted(
    "110",
    "what is forbidden within a bridge passes it by",
    ["noIcc"],
    () => ({
      codes: ["CTRN110"],
      names: ["bridge-nf-call-iptables"],
      inject: [["host", "sysctl -qw net.bridge.bridge-nf-call-iptables=0"]],
      undo: [["host", "sysctl -qw net.bridge.bridge-nf-call-iptables=1"]],
    }),
    { effect: "opened" },
  ),
  scripted("111", "a bridge table drops", [...WITHIN_BRIDGE], (scene) => {
    const { add, remove } = foreignTable(
      scene,
      { family: "bridge", hook: "forward", priority: scene.priority, policy: "drop" },
      ["ether type arp accept", "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"],
    );
    return { codes: ["CTRN111"], names: [scene.table], inject: [["host", add]], undo: [["host", remove]] };
  }),
  scripted("111", "a bridge table drops everything from the client's port", ["egress", "icc", "egress6"], (scene) => {
    const rule = `iifname "${scene.client.cable}" drop`;
    const { add, remove } = foreignTable(scene, { family: "bridge", hook: "prerouting", priority: -300 }, [rule]);
    return { codes: ["CTRN111"], names: [scene.table], inject: [["host", add]], undo: [["host", remove]] };
  }),
  scripted("111", "ebtables drops", WITHIN_BRIDGE, ({ family }) => ({
    codes: ["CTRN111"],
    names: ["FORWARD"],
    inject: [["host", `ebtables-nft -A FORWARD -p ${family === 6 ? "IPv6" : "IPv4"} -j DROP`]],
    undo: [["host", "nft delete table bridge filter"]],
  })),
  scripted(
    "112",
    "a netdev table drops what the client's cable brings",
    ["egress", "icc", "egress6", "hairpin"],
    (scene) => {
      const { path, client, server, table, chain } = scene;
      const cable = path.kind === "hairpin" ? server.cable : client.cable;
      return {
        codes: ["CTRN112"],
        names: [table],
        inject: [
          [
            "host",
            `nft -f - <<'END'\ntable netdev ${table} {\n chain ${chain} { type filter hook ingress device ${cable} priority 0; policy drop; }\n}\nEND`,
          ],
        ],
        undo: [["host", `nft delete table netdev ${table}`]],
      };
    },
  ),
  scripted(
    "112",
    "a netdev table drops what the uplink brings",
    ["published", "publishedUdp", "egress"],
    ({ uplink, table, chain, protocol }) => ({
      codes: ["CTRN112"],
      names: [table],
      inject: [
        [
          "host",
          `nft -f - <<'END'\ntable netdev ${table} {\n chain ${chain} { type filter hook ingress device ${uplink} priority 10; meta l4proto ${protocol} drop; }\n}\nEND`,
        ],
      ],
      undo: [["host", `nft delete table netdev ${table}`]],
    }),
  ),
  scripted(
    "113",
    "the server's own input chain drops",
    ["icc", "iccUdp", "icc6", "published", "hostToContainer", "localhost"],
    (scene) => {
      const { add, remove } = foreignTable(scene, { hook: "input", priority: scene.priority, policy: "drop" }, [
        "ct state established,related accept",
        "iifname lo accept",
        "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept",
      ]);
      return {
        codes: ["CTRN113"],
        names: [`${scene.table}|${scene.server.name}`],
        inject: [["server", add]],
        undo: [["server", remove]],
      };
    },
  ),
  scripted("113", "iptables in the server drops", ["icc", "published", "hostToContainer"], ({ world, server }) => ({
    codes: ["CTRN113"],
    names: [server.name, "INPUT"],
    inject: [["server", `iptables-nft -A INPUT -p tcp --dport ${world.plan.ports.tcp} -j DROP`]],
    undo: [["server", "nft delete table ip filter"]],
  })),
  scripted(
    "114",
    "the client's own output chain drops",
    ["egress", "egressUdp", "egress6", "icc", "iccUdp"],
    (scene) => {
      const rule = `oifname "eth0" meta l4proto ${scene.protocol} drop`;
      const { add, remove } = foreignTable(scene, { hook: "output", priority: scene.priority }, [rule]);
      return {
        codes: ["CTRN114"],
        names: [`${scene.table}|${scene.client.name}`],
        inject: [["client", add]],
        undo: [["client", remove]],
      };
    },
  ),
  scripted(
    "115",
    "all rules were flushed",
    ["egress", "published", "hostPublished", "localhost"],
    () => ({
      codes: ["CTRN115", "CTRN201", "CTRN204"],
      names: ["inet ctr"],
      inject: [["host", "nft flush ruleset"]],
      undo: [],
    }),
    { engine: "down" },
  ),
  scripted(
    "115",
    "our table's chains were flushed",
    ["egress", "published", "crossPublished"],
    () => ({
      codes: ["CTRN115", "CTRN201", "CTRN204"],
      names: ["inet ctr"],
      inject: [["host", "nft flush table inet ctr"]],
      undo: [],
    }),
    { engine: "down" },
  ),
  scripted(
    "116",
    "a rule drops some packets by chance",
    ["egress", "published", "icc"],
    (scene) => {
      const rule = `tcp flags & (syn | ack) == syn numgen random mod 100 < 60 drop`;
      const { add, remove } = foreignTable(scene, { hook: "forward", priority: scene.priority }, [rule]);
      return { codes: ["CTRN116"], names: [scene.table], inject: [["host", add]], undo: [["host", remove]] };
    },
    { effect: "partial" },
  ),
  counted(),
  scripted(
    "116",
    "a rule drops beyond a rate",
    ["egress", "published"],
    (scene) => {
      const rule = `tcp flags & (syn | ack) == syn limit rate over 1/minute burst 1 packets drop`;
      const { add, remove } = foreignTable(scene, { hook: "forward", priority: scene.priority }, [rule]);
      return { codes: ["CTRN116"], names: [scene.table], inject: [["host", add]], undo: [["host", remove]] };
    },
    { effect: "partial" },
  ),
  scripted("117", "answers are not tracked", ["published", "crossPublished"], (scene) => {
    const rule = `iifname "${scene.bridge}" notrack`;
    const { add, remove } = foreignTable(scene, { hook: "prerouting", priority: -300 }, [rule]);
    return { codes: ["CTRN117", "CTRN202"], names: [scene.table], inject: [["host", add]], undo: [["host", remove]] };
  }),
];

/** As many connections as a rule lets through are open. */
function counted(): Fault {
  const holders: ChildProcess[] = [];
  return {
    ...{ id: "116", title: "a rule drops connections beyond a count", paths: ["egress", "published"] },
    plan(world, path) {
      const scene = sceneOf(world, path);
      const rule = "ct state new ct count over 2 counter drop";
      const { add, remove } = foreignTable(scene, { hook: "forward", priority: 20 }, [rule]);
      return {
        codes: ["CTRN116"],
        names: [scene.table],
        async inject() {
          await world.shell("host", add);
          holders.push(await world.spawnAgent(path.where, "hold", scene.target, String(scene.port), "4"));
        },
        async undo() {
          for (const holder of holders.splice(0)) await endAgent(holder);
          await world.run("host", ["sh", "-c", remove]);
        },
      };
    },
  };
}
