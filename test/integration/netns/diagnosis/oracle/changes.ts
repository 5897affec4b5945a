/** What may be out of the ordinary on a host: each is a line for `sh` in one of the namespaces. */
import { ADDRESSES, CONTAINERS, type ContainerName, DEVICES, HOSTS, type HostName } from "./hosts.ts";
import type { Random } from "./random.ts";
import { randomBridgeTable, randomIptables, randomLinkTable, randomSpecialTable, randomTable } from "./rules.ts";

export interface Change {
  readonly host: HostName;
  readonly script: string;
}

const PLACES = HOSTS.filter((host) => host !== "outside");
const CONTAINER_NAMES = Object.keys(CONTAINERS) as ContainerName[];
const PORTS = ["v-a", "v-b", "v-c"];

export function randomChange(random: Random, index: number): Change {
  const kind = random.pick([
    sysctl,
    route,
    rule,
    link,
    neighbour,
    address,
    filter,
    filter,
    filter,
    translation,
    bridge,
    iptables,
    iptables,
    links,
    size,
  ]);
  return kind(random, index);
}

const at = (host: HostName, script: string): Change => ({ host, script });

function sysctl(random: Random): Change {
  const device = random.pick(DEVICES.host);
  const all = random.pick(["all", device]);
  return at(
    ...(random
      .pick<[HostName, string]>([
        ["host", "net.ipv4.ip_forward=0"],
        ["host", `net.ipv4.conf.${device}.forwarding=0`],
        ["host", "net.ipv6.conf.all.forwarding=0"],
        ["host", `net.ipv4.conf.${all}.rp_filter=${random.integer(0, 2)}`],
        ["host", `net.ipv4.conf.${device}.rp_filter=1`],
        ["host", `net.ipv4.conf.${random.pick(["br0", "br1"])}.route_localnet=0`],
        ["host", "net.ipv4.conf.all.route_localnet=1"],
        ["host", `net.ipv4.conf.${all}.arp_ignore=${random.pick([1, 2, 8])}`],
        ["host", `net.ipv4.conf.${device}.proxy_arp=1`],
        ["host", `net.ipv4.conf.${device}.accept_local=1`],
        ["host", `net.ipv6.conf.${device}.disable_ipv6=1`],
        ["host", "net.bridge.bridge-nf-call-iptables=1"],
        ["host", "net.bridge.bridge-nf-call-iptables=1"],
        ["host", "net.bridge.bridge-nf-call-ip6tables=1"],
        ["host", `net.ipv4.conf.${all}.ignore_routes_with_linkdown=1`],
        [random.pick(CONTAINER_NAMES), "net.ipv4.conf.eth0.rp_filter=1"],
        [random.pick(CONTAINER_NAMES), "net.ipv4.icmp_echo_ignore_all=1"],
        [random.pick(CONTAINER_NAMES), "net.ipv6.conf.eth0.disable_ipv6=1"],
      ])
      .map((part, index) => (index === 1 ? `sysctl -qw ${part}` : part)) as [HostName, string]),
  );
}

function route(random: Random): Change {
  const host = random.pick(PLACES);
  const device = random.pick(DEVICES[host]);
  const prefix = random.pick([
    "10.1.0.0/25",
    "10.2.0.0/24",
    "10.2.0.2",
    "10.0.0.0/8",
    "192.0.2.0/25",
    "192.0.2.2",
    "10.1.0.3",
    "0.0.0.0/1",
  ]);
  const type = random.pick(["blackhole", "unreachable", "prohibit", "throw"]);
  const gateway = random.pick(
    Object.values(ADDRESSES)
      .flat()
      .filter((address) => !address.includes(":")),
  );
  return at(
    host,
    random.pick([
      `ip route add ${type} ${prefix}`,
      `ip route add ${type} ${prefix}`,
      `ip route add ${prefix} dev ${device}`,
      `ip route add ${prefix} dev ${device} metric 50`,
      `ip route add ${prefix} via ${gateway}`,
      `ip route add ${prefix} via ${gateway} dev ${device} onlink`,
      "ip route del default",
      `ip -6 route add ${type.replace("throw", "blackhole")} fd00:${random.integer(1, 3)}::/64 metric 1`,
      "ip -6 route del default",
    ]),
  );
}

function rule(random: Random): Change {
  const host = random.pick(PLACES);
  const device = random.pick([...DEVICES[host], "lo"]);
  const prefix = random.pick(["10.1.0.0/24", "10.2.0.0/24", "192.0.2.0/24", "10.1.0.2"]);
  const priority = random.integer(1, 32_000);
  const selector = random.pick([
    `from ${prefix}`,
    `to ${prefix}`,
    `iif ${device}`,
    `not from ${prefix}`,
    "fwmark 0x10/0xf0",
    "fwmark 0x20",
    "from all",
    `oif ${device}`,
    "ipproto tcp",
    "dport 80",
  ]);
  const action = random.pick([
    "lookup 100",
    "lookup 100",
    "blackhole",
    "unreachable",
    "prohibit",
    "goto 32766",
    "lookup main suppress_prefixlength 0",
  ]);
  const routes = random.pick([
    `ip route add default dev ${random.pick(DEVICES[host])} table 100`,
    "ip route add blackhole default table 100",
    `ip route add ${prefix} dev ${random.pick(DEVICES[host])} table 100`,
    "ip route add throw default table 100",
  ]);
  return at(host, `ip rule add ${selector} ${action} priority ${priority}\n${routes}`);
}

function link(random: Random): Change {
  const port = random.pick(PORTS);
  return random.pick([
    at("host", `ip link set ${random.pick(DEVICES.host)} down`),
    at(random.pick(CONTAINER_NAMES), "ip link set eth0 down"),
    at(random.pick(CONTAINER_NAMES), "ip link set lo down"),
    at("host", `ip link set ${port} nomaster`),
    at("host", `ip link set ${port} master ${random.pick(["br0", "br1"])}`),
    at("host", "ip link set v-a type bridge_slave isolated on\nip link set v-b type bridge_slave isolated on"),
    at("host", `ip link set ${port} type bridge_slave hairpin off`),
    at("host", `ip link set ${port} type bridge_slave learning off flood off`),
    at("host", `ip link set ${port} type bridge_slave flood off`),
    at("host", `ip link set ${random.pick(DEVICES.host)} arp off`),
    at(random.pick(CONTAINER_NAMES), "ip link set eth0 arp off"),
    at("host", `bridge fdb replace 02:00:00:00:02:${random.integer(10, 12)} dev ${port} master static sticky`),
    at("host", `ip link set ${port} type bridge_slave state ${random.integer(0, 4)}`),
  ]);
}

function neighbour(random: Random): Change {
  const mac = `02:00:00:00:0${random.integer(0, 2)}:${random.pick(["01", "02", "10", "11", "12"])}`;
  const address = random.pick(
    Object.values(ADDRESSES)
      .flat()
      .filter((each) => !each.includes(":")),
  );
  const host = random.pick(PLACES);
  return at(host, `ip neigh replace ${address} lladdr ${mac} dev ${random.pick(DEVICES[host])} nud permanent`);
}

function address(random: Random): Change {
  const host = random.pick(PLACES);
  const device = random.pick(DEVICES[host]);
  const own = random.pick(ADDRESSES[host]);
  return random.pick([
    at(host, `ip address del ${own} dev ${device}`),
    at(host, `ip address flush dev ${device}`),
    at(host, `ip address add 10.1.0.${random.integer(2, 9)}/24 dev ${device}`),
    at(host, `ip address add 10.2.0.2/16 dev ${device}`),
    at(host, `ip address add 10.9.0.1/24 dev ${device}\nip route replace default via 10.1.0.1 src 10.9.0.1`),
  ]);
}

function filter(random: Random, index: number): Change {
  const host = random.chance(0.6) ? "host" : random.pick(PLACES);
  return at(host, randomTable(random, host, `random${index}`));
}

function translation(random: Random, index: number): Change {
  const host = random.chance(0.8) ? "host" : random.pick(PLACES);
  return at(host, randomSpecialTable(random, host, `special${index}`));
}

function links(random: Random, index: number): Change {
  const host = random.chance(0.6) ? "host" : random.pick(PLACES);
  return at(host, randomLinkTable(random, host, `links${index}`));
}

function size(random: Random): Change {
  const host = random.chance(0.6) ? "host" : random.pick(PLACES);
  return at(host, `ip link set ${random.pick(DEVICES[host])} mtu ${random.pick([1280, 1400])}`);
}

const bridge = (random: Random, index: number): Change => at("host", randomBridgeTable(random, `frames${index}`));

function iptables(random: Random): Change {
  const host = random.chance(0.7) ? "host" : random.pick(PLACES);
  return at(host, randomIptables(random, host));
}
