/** Random rules, of nftables and of both iptables. */
import { ADDRESSES, CLOSED, DEVICES, type HostName, LISTENING, PUBLISHED } from "./hosts.ts";
import type { Random } from "./random.ts";

const PORTS = [...LISTENING, CLOSED, PUBLISHED];
const ALL_4 = Object.values(ADDRESSES)
  .flat()
  .filter((address) => !address.includes(":"));
const ALL_6 = Object.values(ADDRESSES)
  .flat()
  .filter((address) => address.includes(":"));
const SUBNETS_4 = ["10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24", "192.0.2.0/24", "10.0.0.0/8", "127.0.0.0/8"];
const SUBNETS_6 = ["fd00:1::/64", "fd00:2::/64", "fd00::/16", "2001:db8::/64"];

/** A table with a chain at a random hook. */
export function randomTable(random: Random, host: HostName, name: string): string {
  const family = random.pick(["inet", "inet", "ip", "ip6"]);
  const hook = random.pick(["prerouting", "input", "forward", "output", "postrouting"]);
  const priority = random.pick([-300, -210, -150, -10, 0, 10, 110]);
  const policy = random.chance(0.25) ? "drop" : "accept";
  const rules = Array.from({ length: random.integer(1, 4) }, () => randomRule(random, host, family, hook));
  return `nft -f - <<'END'
table ${family} ${name} {
  set ports { type inet_service; flags interval; elements = { ${random.pick(["80", "80-90", "81, 8080", "1000-65535"])} }; }
  set pairs { type ifname . inet_service; elements = { "${random.pick(DEVICES[host])}" . ${random.pick(PORTS)} }; }
  set ranges { type ipv4_addr . inet_service; flags interval; elements = { ${random.pick(SUBNETS_4)} . ${random.pick(["80", "80-8080"])} }; }
  map verdicts { type inet_service : verdict; elements = { ${random.pick(PORTS)} : ${random.pick(["drop", "accept"])} }; }
  chain other {
    ${randomRule(random, host, family, hook, false)}
    ${random.chance(0.3) ? "return" : ""}
    ${random.chance(0.4) ? `${random.pick(["accept", "drop"])}` : ""}
  }
  chain base {
    type filter hook ${hook} priority ${priority}; policy ${policy};
    ${random.chance(0.5) ? "ct state established,related accept" : ""}
    ${random.chance(0.4) ? "meta l4proto { icmp, ipv6-icmp } accept" : ""}
    ${rules.join("\n    ")}
  }
}
END`;
}

function randomRule(random: Random, host: HostName, family: string, hook: string, jumps = true): string {
  const matches = Array.from({ length: random.integer(0, 2) }, () => randomMatch(random, host, family, hook));
  const verdicts = [
    "drop",
    "accept",
    "reject",
    "counter drop",
    "return",
    ...(jumps ? ["jump other", "goto other"] : []),
  ];
  const mayReject = hook === "input" || hook === "forward" || hook === "output";
  const verdict = random.pick(verdicts.filter((each) => each !== "reject" || mayReject));
  const special = random.chance(0.15) ? random.pick(SPECIAL) : undefined;
  return [...matches, special ?? verdict].join(" ");
}

const SPECIAL = [
  "meta mark set 0x10",
  "ct mark set 0x7",
  "tcp dport vmap @verdicts",
  "ct state vmap { new : accept, established : drop }",
  "ct state vmap { invalid : drop, established : accept }",
];

function randomMatch(random: Random, host: HostName, family: string, hook: string): string {
  const six = family === "ip6" || (family === "inet" && random.chance(0.3));
  const network = six ? "ip6" : "ip";
  const address = random.pick(six ? ALL_6 : ALL_4);
  const subnet = random.pick(six ? SUBNETS_6 : SUBNETS_4);
  const device = random.pick([...DEVICES[host], "lo", "v-*", "br*"]);
  const port = random.pick(PORTS);
  const not = random.chance(0.25) ? "!= " : "";
  return random.pick([
    `${network} saddr ${not}${subnet}`,
    `${network} daddr ${not}${address}`,
    `${network} daddr ${not}{ ${address}, ${subnet} }`,
    `tcp dport ${not}${port}`,
    `tcp dport ${not}{ ${port}, 1-79 }`,
    `tcp dport ${not}@ports`,
    "tcp sport 1024-65535",
    "tcp dport > 80",
    `th dport ${not}${port}`,
    `meta l4proto ${not}${random.pick(["tcp", "udp", "{ tcp, udp }"])}`,
    `iifname ${not}"${device}"`,
    `oifname ${not}"${device}"`,
    `iifname . tcp dport ${not}@pairs`,
    ...(six ? [] : [`ip saddr . tcp dport ${not}@ranges`]),
    `ct state ${not}${random.pick(["new", "established", "invalid", "untracked"])}`,
    "ct state new,invalid",
    `ct status ${random.pick(["dnat", "snat"])}`,
    `ct direction ${random.pick(["original", "reply"])}`,
    `ct original proto-dst ${port}`,
    "ct mark 0x7",
    `meta mark ${not}0x10`,
    "meta mark & 0xf0 == 0x10",
    "tcp flags & (syn|ack) == syn",
    "tcp flags syn",
    "meta nfproto ipv4",
    `${network} saddr & ${six ? "ffff::" : "255.255.0.0"} == ${six ? "fd00::" : "10.1.0.0"}`,
    ...(hook === "prerouting" || hook === "input" || hook === "forward"
      ? [`fib saddr . iif oif ${random.pick(["missing", "exists"])}`]
      : []),
    `fib daddr type ${not}${random.pick(["local", "unicast"])}`,
  ]);
}

/** Rules that translate, mark connections as not followed, or are at the hooks of frames. */
export function randomSpecialTable(random: Random, host: HostName, name: string): string {
  const port = random.pick([...LISTENING, PUBLISHED]);
  const target = random.pick(ALL_4.filter((address) => !address.endsWith(".1")));
  const device = random.pick(DEVICES[host]);
  const chain = (text: string, ...rules: readonly string[]): string =>
    `table inet ${name} {\n chain base {\n  ${text}\n  ${rules.join("\n  ")}\n }\n}`;
  const text = random.pick([
    chain("type nat hook prerouting priority -110;", `tcp dport ${port} dnat ip to ${target}:80`),
    chain("type nat hook prerouting priority -90;", `iifname "${device}" tcp dport ${port} dnat ip to ${target}`),
    chain("type nat hook prerouting priority -110;", `tcp dport ${port} redirect to :90`),
    chain("type nat hook output priority -110;", `tcp dport ${port} dnat ip to ${target}:90`),
    chain("type nat hook postrouting priority 90;", "masquerade"),
    chain("type nat hook postrouting priority 90;", `oifname "${device}" masquerade`),
    chain("type nat hook postrouting priority 90;", 'oifname != "lo" accept'),
    chain("type nat hook postrouting priority 90;", `ip daddr ${target} snat ip to ${random.pick(ALL_4)}`),
    chain("type filter hook prerouting priority -300;", "notrack"),
    chain("type filter hook prerouting priority -300;", `iifname "${device}" notrack`),
    chain("type filter hook output priority -300;", `tcp dport ${port} notrack`),
    chain("type route hook output priority -150;", "meta mark set 0x20"),
    chain("type filter hook prerouting priority -300;", `iifname "${device}" ct zone set 5`),
    chain("type filter hook prerouting priority -300;", "ct zone set 5"),
    chain("type filter hook output priority -300;", "ct zone set 5"),
  ]);
  return `nft -f - <<'END'\n${text}\nEND`;
}

/** At a link's own hooks. */
export function randomLinkTable(random: Random, host: HostName, name: string): string {
  const rule = random.pick([
    "ether type arp drop",
    `ip saddr ${random.pick(ALL_4)} drop`,
    `ip daddr ${random.pick(ALL_4)} tcp dport 80 drop`,
    "tcp flags & (syn|ack) == syn|ack drop",
    "tcp flags syn drop",
    "udp dport 80 drop",
    "icmpv6 type nd-neighbor-solicit drop",
    "meta protocol ip6 drop",
  ]);
  const hook = random.pick(["ingress", "egress"]);
  return `nft -f - <<'END'
table netdev ${name} {
  chain base {
    type filter hook ${hook} device "${random.pick(DEVICES[host])}" priority 0; policy ${random.chance(0.1) ? "drop" : "accept"};
    ${rule}
  }
}
END`;
}

export function randomBridgeTable(random: Random, name: string): string {
  const port = random.pick(["v-a", "v-b", "v-c"]);
  const rule = random.pick([
    "ether type arp drop",
    "arp operation reply drop",
    `iifname "${port}" drop`,
    `oifname "${port}" drop`,
    `ip saddr ${random.pick(ALL_4)} drop`,
    "tcp dport 80 drop",
    "ip protocol tcp accept",
    `iifname "${port}" oifname "v-b" drop`,
    "ether type ip6 drop",
  ]);
  const hook = random.pick(["prerouting", "input", "forward", "output", "postrouting"]);
  const policy = random.chance(0.15) ? "drop" : "accept";
  return `nft -f - <<'END'
table bridge ${name} {
  chain base {
    type filter hook ${hook} priority ${random.pick([-300, -200, 0, 200])}; policy ${policy};
    ${rule}
  }
}
END`;
}

export function randomIptables(random: Random, host: HostName): string {
  const mode = random.pick(["legacy", "nft"]);
  const six = random.chance(0.2);
  const program = `${six ? "ip6tables" : "iptables"}-${mode}`;
  const [table, chain] = random.pick([
    ["filter", "INPUT"],
    ["filter", "FORWARD"],
    ["filter", "OUTPUT"],
    ["raw", "PREROUTING"],
    ["mangle", "PREROUTING"],
    ["mangle", "FORWARD"],
    ["mangle", "POSTROUTING"],
  ] as const);
  if (table === "filter" && random.chance(0.15)) return `${program} -P ${chain} DROP`;
  const address = random.pick(six ? ALL_6 : ALL_4);
  const subnet = random.pick(six ? SUBNETS_6 : SUBNETS_4);
  const not = random.chance(0.25) ? "! " : "";
  const device = random.pick([...DEVICES[host], "v-+", "br+"]);
  const incoming = chain !== "OUTPUT" && chain !== "POSTROUTING";
  const tracked = table !== "raw";
  const match = random.pick([
    `${not}-s ${subnet}`,
    `${not}-d ${address}`,
    `${not}-${incoming ? "i" : "o"} ${device}`,
    `-p tcp ${not}--dport ${random.pick(PORTS)}`,
    `-p tcp -m multiport ${not}--dports ${random.pick(PORTS)},100:200`,
    `-p tcp --syn`,
    `-p tcp -m tcp --sport 1024:65535`,
    `-m addrtype ${not}--dst-type LOCAL`,
    "-m mark --mark 0x10/0xf0",
    ...(tracked
      ? [
          `-m conntrack ${not}--ctstate NEW`,
          "-m conntrack --ctstate RELATED,ESTABLISHED",
          `-m conntrack ${not}--ctstate DNAT`,
          `-m conntrack --ctdir REPLY`,
          "-m state --state INVALID",
        ]
      : []),
  ]);
  const target = random.pick([
    "DROP",
    "ACCEPT",
    "DROP",
    ...(table === "filter" ? ["REJECT", "CHAIN"] : ["MARK --set-mark 0x10"]),
  ]);
  if (target !== "CHAIN") return `${program} -t ${table} -A ${chain} ${match} -j ${target}`;
  return `${program} -N OWN; ${program} -A OWN ${random.pick(["-p tcp --dport 80 -j RETURN", "-j RETURN", "-p udp -j ACCEPT"])}; ${program} -A OWN -j ${random.pick(["DROP", "ACCEPT"])}; ${program} -A ${chain} ${match} -${random.pick(["j", "g"])} OWN`;
}
