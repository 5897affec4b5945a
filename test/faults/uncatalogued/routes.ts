/** Routes and addresses as VPNs, DHCP clients and people leave them. */
import { forgetNeighbours, routesOf } from "../catalogue/links.ts";
import { type Fault, scripted } from "../fault.ts";

const OUT = ["egress", "egressUdp"] as const;
const gatewayOf = (subnet: string): string => subnet.replace("0/24", "1").replace("::/64", "::1");

export const routeFaults: readonly Fault[] = [
  scripted("x-vpn", "a VPN's table and rule, and nobody at its tunnel", OUT, ({ number, other }) => ({
    names: [`tun${number}`],
    inject: [
      [
        "host",
        `ip tuntap add dev tun${number} mode tun; ip link set tun${number} up; ip addr add 10.255.${number}.2/32 dev tun${number}; ip route add default dev tun${number} table ${number}; ip rule add not fwmark 51820 priority 30000 lookup ${number}; ip rule add priority 29999 lookup main suppress_prefixlength 0; : ${other}`,
      ],
    ],
    undo: [
      [
        "host",
        `ip rule del priority 30000; ip rule del priority 29999; ip route flush table ${number}; ip link del tun${number}`,
      ],
    ],
  })),
  scripted("x-metric", "a second default route comes first", OUT, ({ world, back }) => {
    const dead = world.plan.subnets.back4.replace("0/24", "251");
    return {
      names: [dead],
      inject: [["host", `ip route prepend default via ${dead} dev ${back}`]],
      undo: [["host", `ip route del default via ${dead} dev ${back}`]],
    };
  }),
  scripted("x-no-gateway", "the default route has no gateway", OUT, ({ uplink, world, target }) => ({
    names: [uplink, `${target}|gateway`],
    inject: [
      // As routers are that answer for their own addresses alone.
      ["outside", `sysctl -qw net.ipv4.conf.${world.plan.cable}.arp_ignore=1`],
      ["host", `ip route replace default dev ${uplink}`],
    ],
    undo: [
      ["outside", `sysctl -qw net.ipv4.conf.${world.plan.cable}.arp_ignore=0`],
      ["host", `ip route replace default via ${world.plan.gateway4} dev ${uplink}; ip neigh flush dev ${uplink}`],
    ],
  })),
  scripted("x-throw", "a throwing route for one address", OUT, ({ target }) => ({
    names: [target],
    inject: [["host", `ip route add throw ${target}`]],
    undo: [["host", `ip route del throw ${target}`]],
  })),
  scripted("x-gateway-neighbour", "the client's gateway is another container", OUT, ({ client, third, world }) => ({
    names: [client.name, third.address],
    inject: [["client", `ip route replace default via ${third.address}`]],
    undo: [["client", `ip route replace default via ${gatewayOf(world.plan.subnets.front4)}`]],
  })),
  scripted("x-answers-leave", "the client's address is routed out of the host", OUT, ({ client, uplink, world }) => ({
    names: [client.address],
    inject: [["host", `ip route add ${client.address}/32 via ${world.plan.gateway4} dev ${uplink}`]],
    undo: [["host", `ip route del ${client.address}/32`]],
  })),
  scripted("x-answer-rule", "a rule for the client's address leads nowhere", OUT, ({ client, number }) => ({
    names: [client.address, String(number)],
    inject: [
      [
        "host",
        `ip rule add to ${client.address} priority ${number} lookup ${number}; ip route add blackhole default table ${number}`,
      ],
    ],
    undo: [["host", `ip rule del priority ${number}; ip route flush table ${number}`]],
  })),
  scripted(
    "x-server-black-hole",
    "the server has a black hole for the client",
    ["icc", "iccUdp"],
    ({ client, server }) => ({
      names: [client.address, server.name],
      inject: [["server", `ip route add blackhole ${client.address}/32`]],
      undo: [["server", `ip route del blackhole ${client.address}/32`]],
    }),
  ),
  scripted("x-server-no-default", "the server has no way out", ["published", "publishedUdp"], ({ server, world }) => ({
    names: [server.name, "default"],
    inject: [["server", "ip route del default"]],
    undo: [["server", `ip route replace default via ${gatewayOf(world.plan.subnets.front4)}`]],
  })),
  scripted("x-lease-lost", "the uplink has lost its address", ["egress", "egressUdp"], ({ uplink, world }) => ({
    names: [uplink],
    inject: [["host", `ip addr del ${world.plan.host4}/24 dev ${uplink}`]],
    undo: [
      [
        "host",
        `ip addr add ${world.plan.host4}/24 dev ${uplink}; ip route replace default via ${world.plan.gateway4} dev ${uplink}`,
      ],
    ],
  })),
  scripted(
    "x-address-renewed",
    "the uplink has another address than the router knows",
    ["egress"],
    ({ uplink, world }) => {
      const other = world.plan.host4.replace(/\.1$/, ".99");
      return {
        names: [`${other}|${uplink}|outside`],
        inject: [
          ["outside", `ip neigh replace ${other} lladdr 02:00:00:00:00:63 dev ${world.plan.cable} nud permanent`],
          [
            "host",
            `ip addr del ${world.plan.host4}/24 dev ${uplink}; ip addr add ${other}/24 dev ${uplink}; ip route replace default via ${world.plan.gateway4} dev ${uplink}`,
          ],
        ],
        undo: [
          ["outside", `ip neigh del ${other} dev ${world.plan.cable}`],
          [
            "host",
            `ip addr del ${other}/24 dev ${uplink}; ip addr add ${world.plan.host4}/24 dev ${uplink}; ip route replace default via ${world.plan.gateway4} dev ${uplink}`,
          ],
        ],
      };
    },
  ),
  scripted("x-default-ttl", "the client's packets start with one hop", ["egress", "egressUdp"], ({ client }) => ({
    names: ["ip_default_ttl", client.name],
    inject: [["client", "sysctl -qw net.ipv4.ip_default_ttl=1"]],
    undo: [["client", "sysctl -qw net.ipv4.ip_default_ttl=64"]],
  })),
  scripted("x-reserved-ports", "all of the client's ports are reserved", ["egress", "icc"], ({ client }) => ({
    names: ["ip_local_reserved_ports", client.name],
    inject: [["client", "sysctl -qw net.ipv4.ip_local_reserved_ports=1024-65535"]],
    undo: [["client", "sysctl -qw net.ipv4.ip_local_reserved_ports="]],
  })),
  scripted("x-bridge-no-ipv6", "IPv6 is switched off at the bridge", ["egress6"], ({ bridge, world }) => ({
    names: ["disable_ipv6", bridge],
    inject: [["host", `sysctl -qw net.ipv6.conf.${bridge}.disable_ipv6=1`]],
    undo: [
      [
        "host",
        `sysctl -qw net.ipv6.conf.${bridge}.disable_ipv6=0; ip -6 addr replace ${gatewayOf(world.plan.subnets.front6)}/64 dev ${bridge} nodad`,
      ],
      ...forgetNeighbours,
    ],
  })),
  scripted(
    "x-to-loopback",
    "the client's route for the server leads to its loopback",
    ["icc", "iccUdp"],
    ({ server, client }) => ({
      names: [server.address, client.name, "lo"],
      inject: [["client", `ip route add ${server.address}/32 dev lo`]],
      undo: [["client", `ip route del ${server.address}/32 dev lo`]],
    }),
  ),
  scripted("x-own-address", "the client has the server's address itself", ["icc", "iccUdp"], ({ server, client }) => ({
    names: [server.address, client.name],
    inject: [["client", `ip addr add ${server.address}/32 dev lo`]],
    undo: [["client", `ip addr del ${server.address}/32 dev lo`]],
  })),
  scripted("x-own-outside", "the client has the outside's address itself", OUT, ({ target, client }) => ({
    names: [target, client.name],
    inject: [["client", `ip addr add ${target}/32 dev lo`]],
    undo: [["client", `ip addr del ${target}/32 dev lo`]],
  })),
  scripted("x-host-takes-answers", "the host has the client's address itself", OUT, ({ client }) => ({
    names: [client.address, "host"],
    inject: [["host", `ip addr add ${client.address}/32 dev lo`]],
    undo: [["host", `ip addr del ${client.address}/32 dev lo`], ...forgetNeighbours],
  })),
  scripted("x-wrong-mask", "the client's mask is that of one address", ["egress", "icc"], ({ world, client }) => ({
    names: [client.name, "/32"],
    inject: [["client", `ip addr del ${client.address}/24 dev eth0; ip addr add ${client.address}/32 dev eth0`]],
    undo: [["client", `ip addr del ${client.address}/32 dev eth0; ${routesOf(world, "client")}`], ...forgetNeighbours],
  })),
  scripted("x-wide-mask", "the client's mask takes the outside in", ["egress"], ({ world, client }) => ({
    names: [client.name, "/0|/1"],
    inject: [
      [
        "client",
        `ip addr del ${client.address}/24 dev eth0; ip addr add ${client.address}/1 dev eth0; ip route add 128.0.0.0/1 dev eth0`,
      ],
    ],
    undo: [
      ["client", `ip route del 128.0.0.0/1; ip addr del ${client.address}/1 dev eth0; ${routesOf(world, "client")}`],
      ...forgetNeighbours,
    ],
  })),
  scripted("x-goto", "a routing rule jumps over the main table", ["egress"], ({ bridge, number }) => ({
    names: ["goto", String(number)],
    inject: [["host", `ip rule add iif ${bridge} priority ${number} goto 32767`]],
    undo: [["host", `ip rule del priority ${number}`]],
  })),
  scripted(
    "x-suppress",
    "the main table without its default, and then a black hole",
    ["egress"],
    ({ bridge, number }) => ({
      names: [String(number + 1)],
      inject: [
        [
          "host",
          `ip rule add priority ${number} lookup main suppress_prefixlength 0; ip rule add priority ${number + 1} iif ${bridge} blackhole`,
        ],
      ],
      undo: [["host", `ip rule del priority ${number}; ip rule del priority ${number + 1}`]],
    }),
  ),
  scripted("x-port-prohibited", "a routing rule prohibits one port", ["egress"], ({ bridge, number, port }) => ({
    names: ["prohibit", String(number)],
    inject: [["host", `ip rule add iif ${bridge} ipproto tcp dport ${port} priority ${number} prohibit`]],
    undo: [["host", `ip rule del priority ${number}`]],
  })),
  scripted("x-lease-lost6", "the uplink has lost its IPv6 address", ["egress6"], ({ uplink, world }) => ({
    names: [uplink],
    inject: [["host", `ip -6 addr del ${world.plan.host6}/64 dev ${uplink}`]],
    undo: [
      [
        "host",
        `ip -6 addr add ${world.plan.host6}/64 dev ${uplink} nodad; ip -6 route replace default via ${world.plan.gateway6}`,
      ],
    ],
  })),
  scripted("x-hop-limit", "the client's IPv6 packets start with one hop", ["egress6"], ({ client }) => ({
    names: [client.name, "hop_limit"],
    inject: [["client", "sysctl -qw net.ipv6.conf.eth0.hop_limit=1"]],
    undo: [["client", "sysctl -qw net.ipv6.conf.eth0.hop_limit=64"]],
  })),
];
