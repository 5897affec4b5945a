/** Links, addresses, routes, settings and programs in states that the catalogue does not have. */
import type { ChildProcess } from "node:child_process";
import { forgetNeighbours, routesOf } from "../catalogue/links.ts";
import { type Fault, scripted } from "../fault.ts";
import { endAgent } from "../world.ts";

const gatewayOf = (subnet: string): string => subnet.replace("0/24", "1").replace("::/64", "::1");

export const systemFaults: readonly Fault[] = [
  scripted(
    "x-mark-route",
    "marked packets have a routing table that leads nowhere",
    ["egress", "egressUdp"],
    ({ table, chain, number, bridge, protocol }) => ({
      names: [String(number)],
      inject: [
        [
          "host",
          `nft -f - <<'END'\ntable inet ${table} { chain ${chain} { type filter hook prerouting priority -150; iifname "${bridge}" meta l4proto ${protocol} meta mark set ${number}; }\n}\nEND\nip rule add fwmark ${number} priority ${number} lookup ${number}; ip route add unreachable default table ${number}`,
        ],
      ],
      undo: [
        ["host", `nft delete table inet ${table}; ip rule del priority ${number}; ip route flush table ${number}`],
      ],
    }),
  ),
  scripted("x-source-route6", "a route of IPv6 for one source", ["egress6"], ({ target, world }) => ({
    names: [`${world.plan.subnets.front6}|${target}`],
    inject: [["host", `ip -6 route add blackhole ${target}/128 from ${world.plan.subnets.front6}`]],
    undo: [["host", `ip -6 route del blackhole ${target}/128 from ${world.plan.subnets.front6}`]],
  })),
  scripted(
    "x-half-default",
    "a route to half of the world over a gateway that is not there",
    ["egress", "egressUdp"],
    ({ world }) => {
      const dead = world.plan.subnets.front4.replace("0/24", "253");
      return {
        names: ["128.0.0.0/1"],
        inject: [["client", `ip route add 128.0.0.0/1 via ${dead}`]],
        undo: [["client", "ip route del 128.0.0.0/1; ip neigh flush nud all"]],
      };
    },
  ),
  scripted(
    "x-half-default-host",
    "a VPN's routes on the host lead nowhere",
    ["egress", "egressUdp"],
    ({ back, world }) => {
      const dead = world.plan.subnets.back4.replace("0/24", "253");
      return {
        names: ["128.0.0.0/1"],
        inject: [
          ["host", `ip route add 0.0.0.0/1 via ${dead} dev ${back}; ip route add 128.0.0.0/1 via ${dead} dev ${back}`],
        ],
        undo: [["host", "ip route del 0.0.0.0/1; ip route del 128.0.0.0/1"]],
      };
    },
  ),
  scripted(
    "x-bridge-prefix",
    "the bridge's prefix does not reach to the server",
    ["hostToContainer", "published", "localhost"],
    ({ bridge, world }) => {
      const gateway = gatewayOf(world.plan.subnets.front4);
      return {
        names: [bridge, "/31|/32"],
        inject: [["host", `ip addr del ${gateway}/24 dev ${bridge}; ip addr add ${gateway}/32 dev ${bridge}`]],
        undo: [
          ["host", `ip addr del ${gateway}/32 dev ${bridge}; ip addr add ${gateway}/24 brd + dev ${bridge}`],
          ...forgetNeighbours,
        ],
      };
    },
  ),
  scripted(
    "x-subnet-route",
    "the host has lost its route to the network",
    ["hostToContainer", "published", "localhost"],
    ({ bridge, world }) => {
      const gateway = gatewayOf(world.plan.subnets.front4);
      const route = `${world.plan.subnets.front4} dev ${bridge} proto kernel scope link src ${gateway}`;
      return {
        names: [world.plan.subnets.front4, bridge],
        inject: [["host", `ip route del ${route}`]],
        undo: [["host", `ip route replace ${route}`], ...forgetNeighbours],
      };
    },
  ),
  scripted(
    "x-host-has-address",
    "the host has the server's address itself",
    ["hostToContainer", "published", "localhost"],
    ({ server }) => ({
      names: [server.address],
      inject: [["host", `ip addr add ${server.address}/32 dev lo`]],
      undo: [["host", `ip addr del ${server.address}/32 dev lo`], ...forgetNeighbours],
    }),
  ),
  scripted(
    "x-local-route",
    "a local route makes the outside the host's own",
    ["egress", "egressUdp"],
    ({ target }) => ({
      names: [target],
      inject: [["host", `ip route add local ${target} dev lo table local`]],
      undo: [["host", `ip route del local ${target} dev lo table local`]],
    }),
  ),
  scripted("x-uid-rule", "the client's programs of one user have no route", ["egress", "icc"], ({ number }) => ({
    names: [`${number}|uid`],
    inject: [["client", `ip rule add uidrange 0-0 priority ${number} prohibit`]],
    undo: [["client", `ip rule del priority ${number}`]],
  })),
  scripted("x-port-rule", "the client's rule for one port leads nowhere", ["egress", "icc"], ({ number, path }) => ({
    names: [`${number}|${path.question.port}`],
    inject: [["client", `ip rule add ipproto tcp dport ${path.question.port} priority ${number} blackhole`]],
    undo: [["client", `ip rule del priority ${number}`]],
  })),
  scripted(
    "x-client-policy",
    "the client has a routing table of its own for the server",
    ["icc", "iccUdp"],
    ({ server, number }) => ({
      names: [String(number)],
      inject: [
        [
          "client",
          `ip route add unreachable default table ${number}; ip rule add to ${server.address} priority ${number} lookup ${number}`,
        ],
      ],
      undo: [["client", `ip rule del priority ${number}; ip route flush table ${number}`]],
    }),
  ),
  scripted("x-no-main", "nobody looks into the main routing table", ["egress", "egressUdp"], () => ({
    names: ["main|rule"],
    inject: [["client", "ip rule del priority 32766"]],
    undo: [["client", "ip rule add priority 32766 lookup main"]],
  })),
  scripted("x-no-main-host", "the host does not look into its main table", ["egress", "published"], () => ({
    names: ["main|rule"],
    inject: [["host", "ip rule del priority 32766"]],
    undo: [["host", "ip rule add priority 32766 lookup main"]],
  })),
  scripted(
    "x-iif-rule",
    "a rule prohibits what comes from the bridge",
    ["egress", "egress6", "neighbourPublished"],
    ({ bridge, number, ip, path }) => ({
      names: [String(number)],
      inject: [
        [
          "host",
          `${ip} rule add iif ${bridge} ${path.kind === "neighbourPublished" ? "" : "from all"} priority ${number} prohibit; ${ip} rule del priority 0; ${ip} rule add priority 300 lookup local`,
        ],
      ],
      undo: [
        [
          "host",
          `${ip} rule add priority 0 lookup local; ${ip} rule del priority 300; ${ip} rule del priority ${number}`,
        ],
      ],
    }),
  ),
  scripted("x-nexthop", "a route by a next hop that swallows", ["egress", "egressUdp"], ({ target, number }) => ({
    names: [target],
    inject: [["host", `ip nexthop add id ${number} blackhole; ip route add ${target}/32 nhid ${number}`]],
    undo: [["host", `ip route del ${target}/32; ip nexthop del id ${number}`]],
  })),
  scripted(
    "x-wrong-source",
    "the client's route gives a wrong source address",
    ["egress", "egressUdp"],
    ({ world }) => {
      const gateway = gatewayOf(world.plan.subnets.front4);
      return {
        names: ["192.0.2.77"],
        inject: [
          ["client", `ip addr add 192.0.2.77/32 dev eth0; ip route replace default via ${gateway} src 192.0.2.77`],
        ],
        undo: [["client", `ip route replace default via ${gateway}; ip addr del 192.0.2.77/32 dev eth0`]],
      };
    },
  ),
  scripted(
    "x-multipath",
    "one of two ways leads nowhere",
    ["egress"],
    ({ world, back, uplink, target }) => {
      const dead = world.plan.subnets.back4.replace("0/24", "253");
      return {
        names: [dead],
        inject: [
          [
            "host",
            `sysctl -qw net.ipv4.fib_multipath_hash_policy=1; ip route add ${target} nexthop via ${world.plan.gateway4} dev ${uplink} nexthop via ${dead} dev ${back}`,
          ],
        ],
        undo: [["host", `ip route del ${target}; sysctl -qw net.ipv4.fib_multipath_hash_policy=0`]],
      };
    },
    { effect: "partial" },
  ),
  scripted("x-ipsec", "a policy of IPsec blocks", ["egress", "egressUdp"], ({ target, client }) => ({
    names: ["xfrm|IPsec|policy"],
    inject: [["host", `ip xfrm policy add dir fwd src ${client.address}/32 dst ${target}/32 action block`]],
    undo: [["host", `ip xfrm policy del dir fwd src ${client.address}/32 dst ${target}/32`]],
  })),
  scripted(
    "x-arp-ignore",
    "the host does not answer for its gateway address",
    ["egress", "egressUdp"],
    ({ bridge }) => ({
      names: ["arp_ignore"],
      inject: [
        ["host", `sysctl -qw net.ipv4.conf.${bridge}.arp_ignore=8`],
        ["client", "ip neigh flush nud all"],
      ],
      undo: [["host", `sysctl -qw net.ipv4.conf.${bridge}.arp_ignore=0`], ...forgetNeighbours],
    }),
  ),
  scripted("x-arp-ignore-server", "the server does not answer for its address", ["icc", "published"], () => ({
    names: ["arp_ignore"],
    inject: [["server", "sysctl -qw net.ipv4.conf.all.arp_ignore=8"], ...forgetNeighbours],
    undo: [["server", "sysctl -qw net.ipv4.conf.all.arp_ignore=0"], ...forgetNeighbours],
  })),
  scripted(
    "x-locked",
    "the client's port takes frames of known senders alone",
    ["egress", "icc", "egress6"],
    ({ client }) => ({
      names: [client.cable],
      inject: [
        [
          "host",
          `bridge link set dev ${client.cable} locked on learning off; bridge fdb del ${client.mac} dev ${client.cable} master 2>/dev/null || true`,
        ],
      ],
      undo: [["host", `bridge link set dev ${client.cable} locked off learning on`]],
    }),
  ),
  scripted("x-no-broadcast", "the server's port gets no broadcasts", ["icc"], ({ server }) => ({
    names: [server.cable],
    inject: [["host", `bridge link set dev ${server.cable} bcast_flood off`], ...forgetNeighbours],
    undo: [["host", `bridge link set dev ${server.cable} bcast_flood on`], ...forgetNeighbours],
  })),
  scripted("x-loopback-down", "the client's loopback is down", ["egressName", "iccName"], ({ client }) => ({
    names: ["lo", client.name],
    inject: [["client", "ip link set lo down"]],
    undo: [["client", "ip link set lo up"]],
  })),
  scripted("x-ipv6-off", "IPv6 is switched off in the client", ["egress6", "icc6"], ({ world, client }) => ({
    names: ["disable_ipv6", client.name],
    inject: [["client", "sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1"]],
    undo: [
      ["client", `sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0; ${routesOf(world, "client")}`],
      ...forgetNeighbours,
    ],
  })),
  scripted("x-small-mtu", "the client's interface is too small for IPv6", ["egress6", "icc6"], ({ world, client }) => ({
    names: ["1000|mtu|MTU|IPv6", client.name],
    inject: [["client", "ip link set eth0 mtu 1000"]],
    undo: [
      [
        "client",
        `ip link set eth0 mtu 1500; sysctl -qw net.ipv6.conf.eth0.accept_dad=0 net.ipv6.conf.eth0.disable_ipv6=0; ${routesOf(world, "client")}`,
      ],
      ...forgetNeighbours,
    ],
  })),
  scripted(
    "x-duplicate6",
    "detection of duplicates took the client's IPv6 address",
    ["egress6"],
    ({ world, client }) => ({
      names: [client.address],
      inject: [
        ["third", `ip -6 addr add ${client.address}/64 dev eth0 nodad`],
        [
          "client",
          `sysctl -qw net.ipv6.conf.eth0.accept_dad=1 net.ipv6.conf.eth0.dad_transmits=1; ip -6 addr del ${client.address}/64 dev eth0; ip -6 addr add ${client.address}/64 dev eth0; sleep 2; ip -6 route replace default via ${gatewayOf(world.plan.subnets.front6)} dev eth0 metric 1024`,
        ],
      ],
      undo: [
        ["third", `ip -6 addr del ${client.address}/64 dev eth0`],
        [
          "client",
          `ip -6 addr del ${client.address}/64 dev eth0; sysctl -qw net.ipv6.conf.eth0.accept_dad=0; ${routesOf(world, "client")}`,
        ],
        ...forgetNeighbours,
      ],
    }),
  ),
  scripted(
    "x-bridge-mac",
    "the bridge has another hardware address than the client was told",
    ["egress", "egressUdp"],
    ({ bridge, world }) => {
      const gateway = gatewayOf(world.plan.subnets.front4);
      return {
        names: [gateway],
        inject: [
          [
            "client",
            `ip neigh replace ${gateway} lladdr $(cat /proc/net/arp >/dev/null; ip neigh show ${gateway} | sed -n 's/.*lladdr \\([0-9a-f:]*\\).*/\\1/p' | grep . || echo 02:00:00:00:00:07) dev eth0 nud permanent`,
          ],
          ["host", `ip link set ${bridge} address 02:c7:00:00:00:01`],
        ],
        undo: [
          ["client", `ip neigh del ${gateway} dev eth0`],
          ["host", `ip link set ${bridge} address ${world.bridgeMac}`],
          ...forgetNeighbours,
        ],
      };
    },
  ),
  scripted(
    "x-proxy-arp",
    "the host answers for the server and sends elsewhere",
    ["icc"],
    ({ bridge, server, uplink, world, client }) => ({
      names: [`${server.address}|proxy_arp|${server.cable}`],
      inject: [
        [
          "host",
          `ip route add ${server.address}/32 via ${world.plan.gateway4} dev ${uplink}; sysctl -qw net.ipv4.conf.${bridge}.proxy_arp=1; bridge link set dev ${server.cable} bcast_flood off flood off`,
        ],
        ["client", `ip neigh flush nud all; : ${client.mac}`],
      ],
      undo: [
        [
          "host",
          `ip route del ${server.address}/32; sysctl -qw net.ipv4.conf.${bridge}.proxy_arp=0; bridge link set dev ${server.cable} bcast_flood on flood on`,
        ],
        ...forgetNeighbours,
      ],
    }),
  ),
  scripted("x-qdisc", "a queue that keeps nothing", ["egress", "icc", "egress6"], ({ client }) => ({
    names: [`${client.name}|eth0`, "blackhole|qdisc|queue"],
    inject: [["client", "tc qdisc replace dev eth0 root blackhole"]],
    undo: [["client", "tc qdisc del dev eth0 root"]],
  })),
  scripted("x-uplink-qdisc", "a queue of the uplink that keeps nothing", ["egress", "published"], ({ uplink }) => ({
    names: [uplink],
    inject: [["host", `tc qdisc replace dev ${uplink} root blackhole`]],
    undo: [["host", `tc qdisc del dev ${uplink} root`]],
  })),
  scripted("x-beyond", "a firewall outside drops", ["egress", "egressUdp"], ({ table, chain, world, port }) => ({
    names: ["outside|beyond|uplink|left the host|leaves"],
    inject: [
      [
        "outside",
        `nft -f - <<'END'\ntable inet ${table} { chain ${chain} { type filter hook input priority 0; iifname "${world.plan.cable}" meta l4proto { tcp, udp } th dport ${port} drop; }\n}\nEND`,
      ],
    ],
    undo: [["outside", `nft delete table inet ${table}`]],
  })),
  scripted("x-refused-beyond", "the outside refuses", ["egress"], ({ table, chain, world, port }) => ({
    names: ["outside|beyond|uplink|other side|refuse"],
    inject: [
      [
        "outside",
        `nft -f - <<'END'\ntable inet ${table} { chain ${chain} { type filter hook input priority 0; iifname "${world.plan.cable}" tcp dport ${port} reject with tcp reset; }\n}\nEND`,
      ],
    ],
    undo: [["outside", `nft delete table inet ${table}`]],
  })),
  bound(),
  hosts(),
  emptyResolvConf(),
];

/** The server's program listens on another interface than packets come by. */
function bound(): Fault {
  let program: ChildProcess | undefined;
  return {
    ...{
      id: "x-bound",
      title: "the server's program is bound to its loopback interface",
      paths: ["icc", "published", "hostToContainer"],
    },
    plan: (world) => {
      const { tcp } = world.plan.ports;
      return {
        codes: [],
        names: [String(tcp)],
        async inject() {
          await world.endListeners("server");
          const script = `use Socket; socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1); setsockopt(S, SOL_SOCKET, 25, "lo\\0") or die $!; bind(S, sockaddr_in(${tcp}, INADDR_ANY)) or die $!; listen(S, 9); $| = 1; print "ready\\n"; sleep 3600;`;
          program = await world.spawn("server", ["perl", "-e", script]);
        },
        async undo() {
          if (program !== undefined) await endAgent(program);
          program = undefined;
          await world.listenAsUsual();
        },
      };
    },
  };
}

/** A line of /etc/hosts sends the client to an address that nobody has. */
function hosts(): Fault {
  return {
    ...{ id: "x-hosts", title: "a line of /etc/hosts is wrong", paths: ["egressName", "iccName"] },
    plan: (world, { question }) => {
      let before = "";
      const wrong = world.plan.subnets.front4.replace("0/24", "252");
      return {
        codes: [],
        names: [`${wrong}|/etc/hosts`],
        async inject() {
          before = await world.inside("client", "cat /etc/hosts");
          await world.inside("client", `echo '${wrong} ${question.address}' >> /etc/hosts`);
        },
        async undo() {
          await world.inside("client", `cat > /etc/hosts <<'END'\n${before}\nEND`);
        },
      };
    },
  };
}

/** Programs that find no server ask 127.0.0.1. */
function emptyResolvConf(): Fault {
  return {
    ...{ id: "x-resolv-empty", title: "the client's resolv.conf is empty", paths: ["egressName", "iccName"] },
    plan: (world) => {
      let before = "";
      return {
        codes: [],
        names: ["resolv.conf"],
        async inject() {
          before = await world.inside("client", "cat /etc/resolv.conf");
          await world.inside("client", ": > /etc/resolv.conf");
        },
        async undo() {
          await world.inside("client", `cat > /etc/resolv.conf <<'END'\n${before}\nEND`);
        },
      };
    },
  };
}
