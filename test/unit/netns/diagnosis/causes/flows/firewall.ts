/** Firewalls, forwarding, and what is so by design: 1xx. */
import { at, type Case, cable, egress, filter, inside, ours, published, translated } from "./case.ts";

export const FIREWALL: readonly Case[] = [
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
    code: "CTRN194",
    what: "a container without a network",
    flow: (host) => ({ ...egress(), from: inside(host, "lonely") }),
    damage: (host) => {
      host.container("lonely").endpoints = [];
      host.container("lonely").networkMode = "none";
    },
    ends: (host) => [at("no-source-address", inside(host, "lonely"))],
  },
  {
    code: "CTRN195",
    what: "a macvlan container and its host",
    flow: () => ({ destination: "192.0.2.1" }),
    ends: (host) => [
      at("neighbour-silent", inside(host, "web"), { device: "eth0", address: "192.0.2.1", parented: true }),
    ],
  },
  {
    code: "CTRN195",
    what: "two of a macvlan network in private mode",
    ends: (host) => [
      at("neighbour-silent", inside(host, "web"), {
        device: "eth0",
        address: host.address("api"),
        parented: "private",
      }),
    ],
  },
];
