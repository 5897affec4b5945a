/** Address translation and published ports: 2xx. */
import { listener, SILENCE, seen } from "../damaged.ts";
import { at, type Case, cable, egress, inside, ours, published, translated } from "./case.ts";

export const TRANSLATION: readonly Case[] = [
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
    ends: (host) => [
      at(
        "neighbour-silent",
        "host",
        { address: "10.10.1.99", device: host.bridge("front").name },
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
    code: "CTRN215",
    what: "a port on an address that the host has lost",
    flow: () => ({ ...published(), destination: "192.0.2.99" }),
    damage: (host) => {
      for (const port of host.container("web").ports) port.hostIp = "192.0.2.99";
    },
    ends: () => [at("translated-astray", "host", { address: "192.0.2.2", port: 0, side: "source", uncertain: true })],
  },
  {
    code: "CTRN216",
    what: "connections that are forgotten before the answer comes",
    flow: egress,
    damage: (host) => host.sysctl("net.netfilter.nf_conntrack_tcp_timeout_syn_sent", "0"),
    ends: () => [at("answer-misrouted", "host", {}, { direction: "back" })],
  },
];
