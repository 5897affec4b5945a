import assert from "node:assert/strict";
import type { Flow, Observations } from "../../../../../netns/diagnosis/types/index.ts";
import { codesOf, codesThat, Damaged, type Ending, listener, REFUSED, SILENCE, seen } from "./damaged.ts";

interface Case {
  readonly code: string;
  readonly what: string;
  /** Told behind the cause that is more to the point. */
  readonly behind?: string;
  readonly flow?: (host: Damaged) => Partial<Flow>;
  readonly damage?: (host: Damaged) => void;
  readonly ends?: (host: Damaged) => readonly Ending[];
  readonly seen?: (host: Damaged) => Observations;
}

const egress = (): Partial<Flow> => ({
  destination: "198.51.100.1",
  destinationPort: 443,
  to: "outside",
  toText: "outside",
});
const published = (): Partial<Flow> => ({
  ...{ from: "outside", source: "192.0.2.2", destination: "192.0.2.1", destinationPort: 8080 },
  ...{ fromText: "outside", toText: "web:8080" },
});
const translated = (host: Damaged) => ({ destination: host.address("web"), destinationPort: 80 });
const dns =
  (destination: string, more: Partial<Flow> = {}) =>
  (): Partial<Flow> => ({
    ...{ destination, destinationPort: 53, protocol: "udp", toText: "its name server" },
    ...more,
  });

const filter = (facts: Record<string, string | number | boolean>, more: Partial<Ending> = {}): Ending => ({
  kind: "filter-drop",
  place: "host",
  facts: {
    ...{ family: "inet", table: "x", chain: "y", hook: "forward", priority: 0, policy: false, handle: 3 },
    ...{ ruleText: "drop", backend: "nft", ours: false },
    ...facts,
  },
  ...more,
});
const ours = (more: Partial<Ending> = {}): Ending =>
  filter({ table: "ctr", chain: "crossing", ours: true, comment: "port is not published, or another network" }, more);
const at = (
  kind: Ending["kind"],
  place: string,
  facts: Record<string, string | number> = {},
  more: Partial<Ending> = {},
): Ending => ({
  ...{ kind, place, facts: { place, ...facts } },
  ...(typeof facts["device"] === "string" ? { device: facts["device"] } : {}),
  ...more,
});
const inside = (host: Damaged, name: string) => host.container(name).id;
const cable = (host: Damaged, name: string): string => host.cable(name).name;

/** Seen on the host's uplink. */
const LEFT = { place: "host", direction: "there", device: "cable", event: "sent", at: 1 } as const;

const CASES: readonly Case[] = [
  {
    code: "CTRN101",
    what: "forwarding off",
    flow: egress,
    damage: (host) => host.sysctl("net.ipv4.ip_forward", "0"),
    ends: () => [at("forwarding-off", "host", { key: "net.ipv4.conf.ctr0.forwarding", device: "ctr0" })],
  },
  {
    code: "CTRN102",
    what: "forwarding off for one link",
    flow: egress,
    ends: () => [at("forwarding-off", "host", { key: "net.ipv4.conf.cable.forwarding", device: "cable" })],
  },
  { code: "CTRN103", what: "our table drops what may leave", flow: egress, ends: () => [ours()] },
  { code: "CTRN104", what: "the policy of another table", flow: egress, ends: () => [filter({ policy: true })] },
  {
    code: "CTRN104",
    what: "a rule that strikes when a neighbour is asked for again",
    ends: () => [filter({ limit: true, remembered: true })],
  },
  {
    code: "CTRN116",
    what: "a rule that counts, with no connection allowed",
    ends: () => [filter({ ruleText: "ct state new ct count over 0 drop" })],
  },
  {
    code: "CTRN103",
    what: "the policy of our own chain, on the way to a published port",
    flow: published,
    ends: (host) => [
      filter({ table: "ctr", chain: "forward", ours: true, policy: true }, { packet: translated(host) }),
    ],
  },
  {
    code: "CTRN104",
    what: "iptables' policy in its new form",
    flow: egress,
    ends: () => [filter({ policy: true, backend: "iptables-nft" })],
  },
  {
    code: "CTRN105",
    what: "a legacy rule",
    flow: egress,
    ends: () => [filter({ backend: "iptables-legacy", table: "filter", chain: "FORWARD" })],
  },
  {
    code: "CTRN106",
    what: "a legacy rule in raw",
    flow: egress,
    ends: () => [filter({ backend: "iptables-legacy", table: "raw", chain: "PREROUTING", hook: "prerouting" })],
  },
  {
    code: "CTRN107",
    what: "a rule of iptables",
    flow: egress,
    ends: () => [filter({ backend: "iptables-nft", family: "ip", table: "filter", chain: "FORWARD" })],
  },
  {
    code: "CTRN107",
    what: "a rule in our chain for own rules",
    flow: egress,
    ends: () => [filter({ table: "ctr", chain: "user", ours: true })],
  },
  {
    code: "CTRN108",
    what: "a rule that rejects",
    flow: egress,
    ends: () => [{ ...filter({}), kind: "filter-reject", seen: "refused" }],
  },
  { code: "CTRN109", what: "our table keeps one network's containers apart", ends: () => [ours()] },
  {
    code: "CTRN110",
    what: "a network that is to be apart, and is not",
    damage: (host) => {
      host.network("front").options["com.docker.network.bridge.enable_icc"] = "false";
      host.sysctl("net.bridge.bridge-nf-call-iptables", "0");
    },
  },
  { code: "CTRN111", what: "a table in the bridge", ends: () => [filter({ family: "bridge" })] },
  { code: "CTRN112", what: "a table at a link", ends: () => [filter({ family: "netdev", hook: "ingress" })] },
  {
    code: "CTRN112",
    what: "a program at a link",
    ends: (host) => [at("ingress-program", "host", { device: cable(host, "web") })],
  },
  {
    code: "CTRN113",
    what: "rules in the receiver",
    ends: (host) => [filter({ hook: "input" }, { place: inside(host, "api") })],
  },
  {
    code: "CTRN114",
    what: "rules in the sender",
    ends: (host) => [filter({ hook: "output" }, { place: inside(host, "web") })],
  },
  {
    code: "CTRN115",
    what: "all our rules gone",
    flow: egress,
    damage: (host) => {
      host.host.nftables = [];
    },
    ends: () => [at("not-translated", "host", { kind: "masquerade" })],
  },
  {
    code: "CTRN116",
    what: "a rule with a limit",
    flow: egress,
    ends: () => [filter({ limit: true, ruleText: "limit rate 5/second drop" })],
  },
  {
    code: "CTRN117",
    what: "a rule about what is invalid",
    flow: egress,
    ends: () => [filter({ ruleText: "ct state invalid drop" }, { direction: "back" })],
  },
  {
    code: "CTRN117",
    what: "answers that are not followed",
    flow: published,
    damage: (host) =>
      host.nft(
        { table: { family: "inet", name: "x" } },
        { chain: { family: "inet", table: "x", name: "y", handle: 1 } },
        { rule: { family: "inet", table: "x", chain: "y", handle: 2, expr: [{ notrack: null }] } },
      ),
    ends: () => [at("not-translated", "host", { kind: "publish" }, { direction: "back" })],
  },
  {
    code: "CTRN190",
    what: "networks apart",
    flow: (host) => ({ destination: host.address("db"), toText: "db" }),
    ends: () => [ours()],
  },
  {
    code: "CTRN191",
    what: "an internal network",
    flow: egress,
    damage: (host) => {
      host.network("front").internal = true;
      for (const endpoint of host.container("web").endpoints) endpoint.gateway = "";
    },
    ends: (host) => [at("no-route", inside(host, "web"))],
  },
  {
    code: "CTRN192",
    what: "a network that keeps its containers apart",
    damage: (host) => {
      host.network("front").options["com.docker.network.bridge.enable_icc"] = "false";
    },
    ends: () => [ours()],
  },
  {
    code: "CTRN193",
    what: "a port that is not published",
    flow: (host) => ({ ...published(), destination: host.address("api"), destinationPort: 5000 }),
    ends: () => [ours()],
  },
  {
    code: "CTRN193",
    what: "an address of the host, where a container was meant",
    flow: (host) => ({ ...published(), destinationPort: 5000, to: inside(host, "api") }),
    ends: () => [at("no-listener", "host", { port: 5000, protocol: "tcp" })],
  },
  {
    code: "CTRN193",
    what: "a port of the host that nobody has",
    flow: () => ({ ...published(), destinationPort: 5000 }),
    ends: () => [at("no-listener", "host", { port: 5000, protocol: "tcp" })],
  },
  {
    code: "CTRN601",
    what: "a port of the host, asked for by a program of the host",
    flow: () => ({ from: "host", source: "", destination: "192.0.2.1", destinationPort: 5000 }),
    ends: () => [at("no-listener", "host", { port: 5000, protocol: "tcp" })],
  },
  {
    code: "CTRN201",
    what: "no masquerading",
    flow: egress,
    ends: () => [at("not-translated", "host", { kind: "masquerade" })],
  },
  {
    code: "CTRN202",
    what: "a rule that keeps from translating",
    flow: egress,
    damage: (host) =>
      host.nft(
        { table: { family: "inet", name: "x" } },
        { chain: { family: "inet", table: "x", name: "y", handle: 1 } },
        { rule: { family: "inet", table: "x", chain: "y", handle: 2, expr: [{ notrack: null }] } },
      ),
    ends: () => [at("not-translated", "host", { kind: "masquerade" })],
  },
  { code: "CTRN203", what: "no port of the host free", flow: egress, ends: () => [at("no-port-free", "host")] },
  {
    code: "CTRN203",
    what: "clashes that were seen",
    flow: egress,
    seen: () => seen([SILENCE], { counters: [{ place: "host", name: "conntrack.insert_failed", change: 2 }] }),
  },
  {
    code: "CTRN204",
    what: "an entry gone",
    flow: published,
    damage: (host) => host.elements("hp4", () => []),
    ends: () => [at("not-translated", "host", { kind: "publish" })],
  },
  {
    code: "CTRN205",
    what: "an entry with another address",
    flow: published,
    damage: (host) => host.elements("hp4", () => [[{ concat: ["tcp", 8080] }, { concat: ["10.10.1.99", 80] }]]),
    ends: () => [
      at(
        "neighbour-silent",
        "host",
        { address: "10.10.1.99", device: "br-908149feb3a1" },
        { packet: { destination: "10.10.1.99" } },
      ),
    ],
  },
  {
    code: "CTRN206",
    what: "a connection that the kernel remembers",
    flow: () => ({ ...published(), protocol: "udp", destinationPort: 53 }),
    damage: (host) => {
      host.container("web").ports.push({ protocol: "udp", containerPort: 53, hostIp: "0.0.0.0", hostPort: 53 });
      host.elements("hp4", (all) => [...all, [{ concat: ["udp", 53] }, { concat: [host.address("web"), 53] }]]);
      host.host.conntrack?.entries.push({
        ...{ protocol: "udp", family: 4, state: "", replied: false, assured: false, timeout: 20 },
        original: { source: "192.0.2.2", destination: "192.0.2.1", sourcePort: 5000, destinationPort: 53 },
        reply: { source: "10.10.1.99", destination: "192.0.2.2", sourcePort: 53, destinationPort: 5000 },
      });
    },
    ends: () => [at("translated-astray", "host", { address: "10.10.1.99", port: 53 })],
  },
  {
    code: "CTRN207",
    what: "a port that is translated and then dropped",
    flow: published,
    ends: (host) => [ours({ packet: translated(host) })],
  },
  {
    code: "CTRN208",
    what: "a port that is published on loopback",
    flow: published,
    damage: (host) => {
      host.container("web").ports = [{ protocol: "tcp", containerPort: 80, hostIp: "127.0.0.1", hostPort: 8080 }];
      host.elements("hp4", () => []);
      host.elements("hp4addr", () => [[{ concat: ["127.0.0.1", "tcp", 8080] }, { concat: [host.address("web"), 80] }]]);
    },
    ends: () => [at("no-listener", "host", { port: 8080, protocol: "tcp" })],
  },
  {
    code: "CTRN208",
    what: "an entry for one address in place of all",
    flow: published,
    damage: (host) => {
      host.elements("hp4", () => []);
      host.elements("hp4addr", () => [[{ concat: ["127.0.0.1", "tcp", 8080] }, { concat: [host.address("web"), 80] }]]);
    },
    ends: () => [at("not-translated", "host", { kind: "publish" })],
  },
  {
    code: "CTRN209",
    what: "loopback on a bridge that does not take it",
    flow: () => ({ from: "host", source: "127.0.0.1", destination: "127.0.0.1", destinationPort: 8080 }),
    damage: (host) => host.sysctl(`net.ipv4.conf.${host.network("front").bridge}.route_localnet`, "0"),
    ends: (host) => [
      at("martian", "host", { device: String(host.network("front").bridge) }, { packet: translated(host) }),
    ],
  },
  {
    code: "CTRN210",
    what: "no hairpin",
    flow: (host) => ({ ...published(), from: inside(host, "web") }),
    ends: (host) => [at("hairpin-off", "host", { device: cable(host, "web") })],
  },
  {
    code: "CTRN211",
    what: "its own packet back",
    flow: (host) => ({ ...published(), from: inside(host, "web") }),
    ends: () => [at("not-translated", "host", { kind: "hairpin" })],
  },
  {
    code: "CTRN212",
    what: "a program of the host on the port",
    behind: "CTRN208",
    flow: () => ({ ...published(), destinationPort: 9090 }),
    damage: (host) => {
      host.container("web").ports = [{ protocol: "tcp", containerPort: 80, hostIp: "127.0.0.1", hostPort: 9090 }];
      host.elements("hp4addr", () => [[{ concat: ["127.0.0.1", "tcp", 9090] }, { concat: [host.address("web"), 80] }]]);
      host.host.sockets.push(listener(9090, "127.0.0.1"));
    },
    ends: () => [at("listener-elsewhere", "host", { port: 9090, protocol: "tcp", boundTo: "127.0.0.1" })],
  },
  {
    code: "CTRN213",
    what: "a port without IPv6",
    flow: () => ({ ...published(), family: 6, source: "2001:db8::2", destination: "2001:db8::1" }),
    damage: (host) => {
      host.container("web").ports = host.container("web").ports.filter(({ hostIp }) => hostIp !== "::");
      host.host.links[2]?.addresses.push({ address: "2001:db8::1", prefixLength: 64, state: "ready" });
    },
    ends: () => [at("no-listener", "host", { port: 8080, protocol: "tcp" })],
  },
  { code: "CTRN214", what: "a full table", flow: egress, ends: () => [at("table-full", "host")] },
  {
    code: "CTRN301",
    what: "a cable down",
    damage: (host) => {
      host.cable("web").up = false;
    },
    ends: (host) => [at("no-carrier", inside(host, "web"), { device: "eth0" })],
  },
  { code: "CTRN301", what: "an uplink down", flow: egress, ends: () => [at("link-down", "host", { device: "cable" })] },
  {
    code: "CTRN302",
    what: "a bridge down, and what follows",
    damage: (host) => {
      host.bridge("front").up = false;
    },
    ends: (host) => [
      at("link-down", "host", { device: host.bridge("front").name }),
      at("port-blocked", "host", { device: cable(host, "web"), state: "disabled" }),
      at("neighbour-silent", inside(host, "web"), { device: "eth0", address: host.address("api") }),
    ],
  },
  {
    code: "CTRN303",
    what: "a port of the bridge that is closed because the other end is down",
    damage: (host) => {
      host.eth0("api").up = false;
    },
    ends: (host) => [at("port-blocked", "host", { device: cable(host, "api"), state: "disabled" })],
  },
  {
    code: "CTRN303",
    what: "the link down in the container",
    flow: egress,
    damage: (host) => {
      host.eth0("web").up = false;
    },
    ends: (host) => [at("no-route", inside(host, "web"))],
  },
  {
    code: "CTRN304",
    what: "a cable out of its bridge",
    ends: (host) => [at("not-a-bridge-port", "host", { device: cable(host, "web"), bridge: "br-908149feb3a1" })],
  },
  {
    code: "CTRN305",
    what: "isolated ports",
    ends: (host) => [at("port-isolated", "host", { device: cable(host, "web"), otherDevice: cable(host, "api") })],
  },
  {
    code: "CTRN306",
    what: "no flooding",
    ends: (host) => [at("not-flooded", "host", { device: cable(host, "api"), mac: host.eth0("api").mac })],
  },
  {
    code: "CTRN307",
    what: "a closed port",
    ends: (host) => [at("port-blocked", "host", { device: cable(host, "web"), state: "listening" })],
  },
  {
    code: "CTRN308",
    what: "the wrong port",
    damage: (host) =>
      void host.host.fdb.push({
        ...{ mac: host.eth0("api").mac, device: cable(host, "web"), bridge: "br-908149feb3a1" },
        ...{ state: "static", sticky: true },
      }),
    ends: (host) => [at("wrong-bridge-port", "host", { device: cable(host, "web"), mac: host.eth0("api").mac })],
  },
  {
    code: "CTRN309",
    what: "one address twice",
    damage: (host) =>
      void host.eth0("web").addresses.push({ address: host.address("api"), prefixLength: 24, state: "ready" }),
    ends: (host) => [at("neighbour-wrong", "host", { address: host.address("api") })],
  },
  {
    code: "CTRN310",
    what: "one hardware address twice",
    damage: (host) => {
      host.eth0("web").mac = host.eth0("api").mac;
    },
    ends: (host) => [at("wrong-bridge-port", "host", { mac: host.eth0("api").mac })],
  },
  {
    code: "CTRN310",
    what: "one hardware address twice, and a packet that is lost",
    damage: (host) => {
      host.eth0("web").mac = host.eth0("api").mac;
    },
    seen: () => seen([SILENCE]),
  },
  {
    code: "CTRN310",
    what: "one hardware address twice, and a packet that comes to the other one",
    damage: (host) => {
      host.eth0("web").mac = host.eth0("api").mac;
    },
    seen: (host) =>
      seen([SILENCE], {
        drops: [
          {
            ...{ reason: "IP_INADDRERRORS", location: "ip_error", device: "eth0", protocol: 0x0800, at: 1 },
            ...{ place: inside(host, "web"), direction: "there" },
          },
        ],
      }),
  },
  {
    code: "CTRN311",
    what: "a bridge without its address",
    flow: egress,
    damage: (host) => {
      host.bridge("front").addresses = [];
    },
    ends: (host) => [
      at("neighbour-silent", inside(host, "web"), { device: "eth0", address: "10.10.1.1", reason: "gateway-missing" }),
    ],
  },
  {
    code: "CTRN311",
    what: "a route to a part of the outside over an address that nobody has",
    flow: egress,
    damage: (host) => {
      const { routes } = host.inside("web");
      const gateway = host.address("web").replace(/\d+$/, "253");
      const [route] = routes;
      if (route !== undefined) routes.push({ ...route, destination: "128.0.0.0/1", gateway });
    },
    ends: (host) => [
      at("neighbour-silent", inside(host, "web"), {
        ...{ device: "eth0", address: host.address("web").replace(/\d+$/, "253"), reason: "gateway-missing" },
      }),
    ],
  },
  {
    code: "CTRN312",
    what: "a prefix that is too wide",
    flow: egress,
    damage: (host) =>
      void host.inside("web").routes.push({
        ...{ family: 4, table: 254, type: "unicast", destination: "198.0.0.0/8", gateway: undefined, device: "eth0" },
        ...{ preferredSource: undefined, metric: 0, mtu: undefined, flags: [], nexthops: [] },
      }),
    ends: (host) => [at("neighbour-silent", inside(host, "web"), { device: "eth0", address: "198.51.100.1" })],
  },
  {
    code: "CTRN313",
    what: "a fixed neighbour",
    damage: (host) =>
      void host.inside("web").neighbours.push({
        family: 4,
        address: host.address("api"),
        device: "eth0",
        mac: "02:00:00:00:00:01",
        state: "permanent",
      }),
    ends: (host) => [
      at("neighbour-wrong", inside(host, "web"), {
        device: "eth0",
        address: host.address("api"),
        mac: "02:00:00:00:00:01",
      }),
    ],
  },
  {
    code: "CTRN314",
    what: "ARP off",
    damage: (host) => {
      host.eth0("api").noArp = true;
    },
    ends: (host) => [at("neighbour-silent", inside(host, "web"), { device: "eth0", address: host.address("api") })],
  },
  {
    code: "CTRN315",
    what: "no room for neighbours",
    damage: (host) => {
      host.sysctl("net.ipv4.neigh.default.gc_thresh3", "1");
      host.host.neighbours.push({ family: 4, address: "192.0.2.2", device: "cable", mac: undefined, state: "stale" });
    },
    ends: (host) => [at("neighbour-silent", inside(host, "web"), { device: "eth0", address: host.address("api") })],
  },
  {
    code: "CTRN314",
    what: "a setting that keeps answers back",
    ends: (host) => [
      at("neighbour-silent", inside(host, "web"), {
        ...{ address: "10.10.1.1", holder: "host", key: "net.ipv4.conf.all.arp_ignore" },
      }),
    ],
  },
  {
    code: "CTRN316",
    what: "a link that is too small for IPv6",
    flow: () => ({ family: 6 }),
    damage: (host) => {
      const [endpoint] = host.container("web").endpoints;
      if (endpoint !== undefined) endpoint.address6 = "fd00::2";
      host.eth0("web").mtu = 1000;
    },
    ends: (host) => [at("no-route", inside(host, "web"))],
  },
  {
    code: "CTRN316",
    what: "an address that somebody else had before",
    flow: () => ({ family: 6 }),
    damage: (host) => {
      const [endpoint] = host.container("web").endpoints;
      if (endpoint !== undefined) endpoint.address6 = "fd00::2";
      host.eth0("web").addresses.push({ address: "fd00::2", prefixLength: 64, state: "failed" });
    },
    ends: () => [
      at("not-translated", "host", { kind: "masquerade", address: "fe80::1" }, { packet: { source: "fe80::1" } }),
    ],
  },
  {
    code: "CTRN316",
    what: "IPv6 that is switched off",
    flow: () => ({ family: 6 }),
    damage: (host) => {
      const [endpoint] = host.container("web").endpoints;
      if (endpoint !== undefined) endpoint.address6 = "fd00::2";
      host.sysctl("net.ipv6.conf.eth0.disable_ipv6", "1", host.inside("web"));
    },
    ends: (host) => [at("no-route", inside(host, "web"))],
  },
  {
    code: "CTRN316",
    what: "no address",
    flow: egress,
    damage: (host) => {
      host.eth0("web").addresses = [];
    },
    ends: (host) => [at("no-route", inside(host, "web"))],
  },
  {
    code: "CTRN401",
    what: "no default route",
    flow: egress,
    damage: (host) => {
      host.inside("web").routes = host.inside("web").routes.filter(({ destination }) => destination !== "0.0.0.0/0");
    },
    ends: (host) => [at("no-route", inside(host, "web"))],
  },
  { code: "CTRN402", what: "the host knows no way", flow: egress, ends: () => [at("no-route", "host")] },
  {
    code: "CTRN403",
    what: "a route that swallows",
    flow: egress,
    ends: () => [at("route-blackhole", "host", { destination: "198.51.100.0/24" })],
  },
  {
    code: "CTRN404",
    what: "a route that refuses",
    flow: egress,
    ends: () => [at("route-unreachable", "host", { destination: "198.51.100.0/24" })],
  },
  {
    code: "CTRN405",
    what: "another network with the same addresses",
    flow: published,
    ends: (host) => [
      at(
        "misrouted",
        "host",
        { device: "cable", expectedDevice: "br-908149feb3a1", table: 254 },
        { packet: translated(host) },
      ),
    ],
  },
  {
    code: "CTRN406",
    what: "a rule into another table",
    flow: egress,
    ends: () => [at("misrouted", "host", { device: "wg0", expectedDevice: "cable", table: 200 })],
  },
  {
    code: "CTRN406",
    what: "a route that makes another's address the host's own",
    flow: egress,
    damage: (host) => {
      const [route] = host.host.routes;
      if (route !== undefined)
        host.host.routes.push({ ...route, table: 255, type: "local", destination: "198.51.100.1/32", device: "lo" });
    },
    ends: () => [at("no-listener", "host", { port: 443, protocol: "tcp" }, { seen: "refused" })],
  },
  {
    code: "CTRN407",
    what: "the reverse path filter",
    flow: published,
    ends: () => [at("reverse-path", "host", { device: "cable", expectedDevice: "other" })],
  },
  { code: "CTRN408", what: "too many routers", flow: egress, ends: () => [at("ttl-expired", "host")] },
  {
    code: "CTRN409",
    what: "a small link",
    flow: () => ({ ...egress(), size: 1500 }),
    ends: () => [at("too-big", "host", { device: "cable", mtu: 1400, size: 1500 })],
  },
  {
    code: "CTRN410",
    what: "a small link, and no word about it",
    flow: () => ({ ...egress(), size: 1500 }),
    damage: (host) =>
      host.nft(
        { table: { family: "inet", name: "x" } },
        {
          chain: {
            family: "inet",
            table: "x",
            name: "y",
            handle: 1,
            type: "filter",
            hook: "output",
            prio: 0,
            policy: "accept",
          },
        },
        {
          rule: {
            family: "inet",
            table: "x",
            chain: "y",
            handle: 2,
            expr: [{ match: { op: "==", left: { meta: { key: "l4proto" } }, right: "icmp" } }, { drop: null }],
          },
        },
      ),
    ends: () => [at("too-big", "host", { device: "cable", mtu: 1400, size: 1500 })],
  },
  {
    code: "CTRN411",
    what: "ends that differ",
    flow: () => ({ size: 1500 }),
    damage: (host) => {
      host.cable("api").mtu = 1400;
    },
    ends: (host) => [at("mtu-of-peer", "host", { device: cable(host, "api"), mtu: 1400, size: 1500 })],
  },
  {
    code: "CTRN412",
    what: "big packets that leave and are not answered",
    flow: () => ({ ...egress(), size: 1500 }),
    seen: () =>
      seen([SILENCE], { devices: [{ place: "host", direction: "there", device: "cable", event: "sent", at: 1 }] }),
  },
  {
    code: "CTRN413",
    what: "an IPv6 address without IPv6",
    flow: () => ({ ...egress(), family: 6, destination: "2001:db8::9" }),
    ends: (host) => [at("no-route", inside(host, "web"))],
  },
  {
    code: "CTRN414",
    what: "a source that a route of the container's asks for",
    flow: egress,
    damage: (host) => {
      for (const route of host.inside("web").routes) route.preferredSource = "198.51.100.77";
    },
    ends: () => [at("translated-astray", "host", { address: "198.51.100.77", side: "source" })],
  },
  {
    code: "CTRN415",
    what: "a host that does not look into its main table",
    flow: egress,
    damage: (host) => {
      host.host.rules = host.host.rules.filter(({ table }) => table !== 254);
    },
    ends: () => [at("no-route", "host")],
  },
  {
    code: "CTRN420",
    what: "a refusal from elsewhere",
    flow: egress,
    seen: () =>
      seen([REFUSED], {
        devices: [LEFT, { ...LEFT, direction: "back", event: "received", at: 2 }],
        drops: [
          { reason: "NO_SOCKET", location: "tcp_v4_rcv", device: "eth0", place: "outside", protocol: 2048, at: 1 },
        ],
      }),
  },
  {
    code: "CTRN421",
    what: "silence from elsewhere",
    flow: egress,
    seen: () => seen([SILENCE], { devices: [LEFT] }),
  },
  {
    code: "CTRN422",
    what: "a router that is off",
    flow: egress,
    seen: () =>
      seen([SILENCE], {
        neighbours: [
          { place: "host", family: 4, address: "192.0.2.2", device: "cable", mac: undefined, state: "incomplete" },
        ],
      }),
  },
  {
    code: "CTRN501",
    what: "a name server in the container itself",
    flow: dns("127.0.0.53"),
    ends: (host) => [at("no-listener", inside(host, "web"), { port: 53 })],
  },
  {
    code: "CTRN502",
    what: "the host's firewall before its name server",
    flow: dns("10.10.1.1"),
    ends: () => [filter({ hook: "input", policy: true })],
  },
  {
    code: "CTRN502",
    what: "a filter that lets the host ask nobody",
    flow: dns("192.0.2.2", { from: "host", source: "" }),
    ends: () => [filter({ hook: "output" })],
  },
  {
    code: "CTRN503",
    what: "no name server on the host",
    flow: dns("10.10.1.1"),
    ends: () => [at("no-listener", "host", { port: 53 })],
  },
  {
    code: "CTRN503",
    what: "our name server gone",
    flow: dns("127.0.0.11"),
    ends: (host) => [at("no-listener", inside(host, "web"), { port: 53 })],
  },
  {
    code: "CTRN504",
    what: "no TCP to name servers",
    flow: dns("192.0.2.2", { protocol: "tcp" }),
    ends: () => [filter({ ruleText: "tcp dport 53 drop" })],
  },
  {
    code: "CTRN601",
    what: "nobody listens",
    ends: (host) => [at("no-listener", inside(host, "api"), { port: 8000, protocol: "tcp" })],
  },
  {
    code: "CTRN602",
    what: "loopback alone",
    ends: (host) => [at("listener-elsewhere", inside(host, "api"), { port: 8000, boundTo: "127.0.0.1" })],
  },
  {
    code: "CTRN603",
    what: "the wrong port of the container",
    flow: published,
    ends: (host) => [
      at(
        "no-listener",
        inside(host, "web"),
        { port: 81, protocol: "tcp" },
        { packet: { ...translated(host), destinationPort: 81 } },
      ),
    ],
  },
  {
    code: "CTRN604",
    what: "a full queue",
    damage: (host) => void host.inside("api").sockets.push(listener(8000, "0.0.0.0", { waiting: 2, backlog: 1 })),
    ends: (host) => [at("queue-full", inside(host, "api"), { port: 8000, waiting: 2, backlog: 1 })],
  },
  {
    code: "CTRN605",
    what: "no file left",
    ends: (host) => [at("program-stuck", inside(host, "api"), { reason: "files" }, { seen: "accepted-silence" })],
  },
  {
    code: "CTRN606",
    what: "a frozen container",
    ends: (host) => [at("program-stuck", inside(host, "api"), { reason: "frozen" }, { seen: "accepted-silence" })],
  },
  {
    code: "CTRN606",
    what: "a stopped program",
    ends: (host) => [at("program-stuck", inside(host, "api"), { reason: "stopped" }, { seen: "accepted-silence" })],
  },
  {
    code: "CTRN606",
    what: "a throttled container",
    ends: (host) => [at("program-stuck", inside(host, "api"), { reason: "throttled" }, { seen: "accepted-silence" })],
  },
  {
    code: "CTRN606",
    what: "ctr's own companion that was stopped",
    flow: () => ({ from: "host", source: "", destination: "::1", family: 6, destinationPort: 8080 }),
    ends: () => [
      at("program-stuck", "host", { ...{ port: 8080, reason: "stopped", process: "ctr-dataplane", pid: 7 } }),
    ],
  },
  {
    code: "CTRN606",
    what: "the companion that answers a container's names",
    flow: dns("127.0.0.11"),
    ends: (host) => [
      at("program-stuck", inside(host, "web"), {
        ...{ port: 53, reason: "stopped", process: "ctr-dataplane", pid: 7 },
      }),
    ],
  },
  {
    code: "CTRN607",
    what: "no port to send datagrams from",
    flow: () => ({ protocol: "udp" }),
    seen: () => seen([{ ...SILENCE, outcome: "error", errno: "EAGAIN" }]),
  },
  {
    code: "CTRN607",
    what: "no port to send from",
    seen: () => seen([{ ...SILENCE, outcome: "error", errno: "EADDRNOTAVAIL" }]),
  },
  {
    code: "CTRN608",
    what: "datagrams that are not taken",
    flow: (host) => ({ protocol: "udp", to: inside(host, "api") }),
    seen: (host) =>
      seen([SILENCE], { counters: [{ place: inside(host, "api"), name: "Udp.RcvbufErrors", change: 3 }] }),
  },
  { code: "CTRN609", what: "a rate limit", ends: (host) => [at("queue", "host", { device: cable(host, "api") })] },
  {
    code: "CTRN610",
    what: "no memory",
    seen: () =>
      seen([SILENCE], {
        drops: [{ reason: "PROTO_MEM", location: "tcp_rcv", device: undefined, protocol: 0x0800, at: 1 }],
      }),
  },
  {
    code: "CTRN900",
    what: "an end that nobody explains",
    ends: () => [at("martian", "host", { device: "cable", source: "240.0.0.1" })],
  },
  { code: "CTRN900", what: "a packet that vanishes", seen: () => seen([SILENCE]) },
];

/** Asked of no flow, or only of what this fixture cannot show. */
const ELSEWHERE = ["CTRN119", "CTRN317"];

describe("why a flow fails", () => {
  for (const { code, what, behind, flow, damage, ends, seen: observe } of CASES) {
    it(`${code}: ${what}`, () => {
      const host = new Damaged();
      damage?.(host);
      const report = host.explain(host.flow(flow?.(host)), ends?.(host) ?? [], observe?.(host));
      const expected = behind === undefined ? [code] : [behind, code];
      assert.deepEqual(codesOf(report.findings).slice(0, expected.length), expected, JSON.stringify(report.findings));
      const texts = report.findings.flatMap(({ title, explanation, object, evidence, fix }) => [
        ...[title, explanation, object],
        ...evidence.flatMap(({ source, value, expected = "" }) => [source, value, expected]),
        ...(fix === undefined ? [] : [fix.text, ...fix.commands.flat()]),
      ]);
      for (const text of texts) assert.doesNotMatch(text, /undefined|NaN|\[object/);
      for (const { title } of report.findings) assert.match(title, /^[A-Z0-9].*\.$/s);
      if (code !== "CTRN110") assert.notEqual(report.result, "REACHABLE");
    });
  }

  it("is looked for by each cause that can explain a flow", () => {
    const covered = new Set([...CASES.map(({ code }) => code), ...ELSEWHERE]);
    assert.deepEqual(
      codesThat("explain").filter((code) => !covered.has(code)),
      [],
    );
  });

  it("says nothing of a flow that arrives", () => {
    const host = new Damaged();
    for (const flow of [{}, egress(), published()])
      assert.deepEqual(codesOf(host.explain(host.flow(flow), []).findings), []);
  });
});
