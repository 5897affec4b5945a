/**
 * The healthy part of each topology: a host with two bridges, a cable to a machine of its own, and an uplink; containers
 * behind the bridges; and a machine outside that knows the uplink's subnet alone.
 */
export const HOSTS = ["host", "a", "b", "c", "d", "outside"] as const;
export type HostName = (typeof HOSTS)[number];

/** Containers with the host's end of their cable. */
export const CONTAINERS = {
  a: { bridge: "br0", subnet: 1, last: 2 },
  b: { bridge: "br0", subnet: 1, last: 3 },
  c: { bridge: "br1", subnet: 2, last: 2 },
  d: { bridge: undefined, subnet: 3, last: 2 },
} as const;

export type ContainerName = keyof typeof CONTAINERS;

export const ADDRESSES: Readonly<Record<HostName, readonly string[]>> = {
  host: ["10.1.0.1", "10.2.0.1", "10.3.0.1", "192.0.2.1", "fd00:1::1", "fd00:2::1", "2001:db8::1"],
  a: ["10.1.0.2", "fd00:1::2"],
  b: ["10.1.0.3", "fd00:1::3"],
  c: ["10.2.0.2", "fd00:2::2"],
  d: ["10.3.0.2", "fd00:3::2"],
  outside: ["192.0.2.2", "2001:db8::2"],
};

export const DEVICES: Readonly<Record<HostName, readonly string[]>> = {
  host: ["br0", "br1", "v-a", "v-b", "v-c", "v-d", "wan"],
  a: ["eth0"],
  b: ["eth0"],
  c: ["eth0"],
  d: ["eth0"],
  outside: ["wan"],
};

/** Listening ports, and one at which nobody listens. */
export const LISTENING = [80, 90] as const;
export const CLOSED = 81;
/** Published: to a's port 80. */
export const PUBLISHED = 8080;

/** Lines for `sh` in each namespace, in the order in which they have to run. @param path of a namespace's file */
export function healthyScript(path: (host: HostName) => string): readonly (readonly [HostName, string])[] {
  return [["host", hostLinks(path)], ...containerScripts(), ["outside", OUTSIDE], ["host", NAT]];
}

function hostLinks(path: (host: HostName) => string): string {
  const cables = Object.keys(CONTAINERS).map(
    (name) =>
      `link add v-${name} address 02:00:00:00:01:${macOf(name)} type veth peer name eth0 address 02:00:00:00:02:${macOf(name)} netns ${path(name as ContainerName)}`,
  );
  return `${ip([
    "link set lo up",
    "link add br0 address 02:00:00:00:00:01 type bridge",
    "link add br1 address 02:00:00:00:00:02 type bridge",
    `link add wan type veth peer name wan netns ${path("outside")}`,
    ...cables,
    "link set v-a master br0 up",
    "link set v-b master br0 up",
    "link set v-c master br1 up",
    ...["v-a", "v-b", "v-c"].map((port) => `link set ${port} type bridge_slave hairpin on`),
    ...["br0 10.1.0.1/24", "br1 10.2.0.1/24", "v-d 10.3.0.1/24", "wan 192.0.2.1/24"].map(addressLine),
    ...["br0 fd00:1::1/64", "br1 fd00:2::1/64", "v-d fd00:3::1/64", "wan 2001:db8::1/64"].map(addressLine),
    ...["br0", "br1", "v-d", "wan"].map((link) => `link set ${link} up`),
    "route add default via 192.0.2.2",
    "-6 route add default via 2001:db8::2",
  ])}
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.send_redirects=0
sysctl -qw net.ipv4.conf.br0.send_redirects=0 net.ipv4.conf.br1.send_redirects=0 net.ipv4.conf.v-d.send_redirects=0
sysctl -qw net.ipv4.conf.br0.route_localnet=1 net.ipv4.conf.br1.route_localnet=1
sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0`;
}

const macOf = (name: string): string => String(Object.keys(CONTAINERS).indexOf(name) + 10);

const addressLine = (text: string): string => {
  const [link = "", address = ""] = text.split(" ");
  return `address add ${address} dev ${link}${address.includes(":") ? " nodad" : ""}`;
};

const containerScripts = (): (readonly [HostName, string])[] =>
  Object.entries(CONTAINERS).map(([name, { subnet, last }]) => [
    name as ContainerName,
    ip([
      "link set lo up",
      addressLine(`eth0 10.${subnet}.0.${last}/24`),
      addressLine(`eth0 fd00:${subnet}::${last}/64`),
      "link set eth0 up",
      `route add default via 10.${subnet}.0.1`,
      `-6 route add default via fd00:${subnet}::1`,
    ]),
  ]);

const OUTSIDE = ip([
  "link set lo up",
  addressLine("wan 192.0.2.2/24"),
  addressLine("wan 2001:db8::2/64"),
  "link set wan up",
]);

const NAT = `nft -f - <<'END'
table inet base {
  map published { type inet_proto . inet_service : ipv4_addr . inet_service; elements = { tcp . ${PUBLISHED} : 10.1.0.2 . 80, udp . ${PUBLISHED} : 10.1.0.2 . 80 }; }
  chain prerouting { type nat hook prerouting priority dstnat; fib daddr type local dnat ip to meta l4proto . th dport map @published
  }
  chain output { type nat hook output priority -100; fib daddr type local dnat ip to meta l4proto . th dport map @published
  }
  chain postrouting { type nat hook postrouting priority srcnat;
    ip saddr 127.0.0.0/8 oifname { "br0", "br1" } masquerade
    ct status dnat ip saddr 10.1.0.0/24 oifname "br0" masquerade
    oifname { "br0", "br1" } return
    ip saddr { 10.1.0.0/24, 10.2.0.0/24, 10.3.0.0/24 } masquerade
    ip6 saddr fd00::/16 masquerade
  }
}
END`;

export function ip(lines: readonly string[]): string {
  return `ip -force -batch - <<'END'\n${lines.join("\n")}\nEND`;
}
