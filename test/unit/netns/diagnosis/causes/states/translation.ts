/** Translated addresses and published ports: 2xx. */
import { listener } from "../damaged.ts";
import type { Damage } from "./state.ts";

export const TRANSLATION: readonly Damage[] = [
  ["CTRN201", "masquerading gone", (host) => host.withoutRules(/@masq4/)],
  ["CTRN201", "a network missing among those that are masqueraded", (host) => host.elements("masq4", () => [])],
  ["CTRN204", "a published port gone", (host) => host.elements("hp4", () => [])],
  [
    "CTRN205",
    "a published port that leads elsewhere",
    (host) => host.elements("hp4", () => [[{ concat: ["tcp", 8080] }, { concat: ["10.10.1.99", 80] }]]),
  ],
  [
    "CTRN206",
    "a datagram's client that is led to a former address",
    (host) => {
      const udp = { protocol: "udp" as const, containerPort: 53, hostIp: "0.0.0.0", hostPort: 53 };
      host.container("web").ports.push(udp);
      host.elements("hp4", (all) => [...all, [{ concat: ["udp", 53] }, { concat: [host.address("web"), 53] }]]);
      host.host.conntrack?.entries.push({
        ...{ protocol: "udp", family: 4, state: "", replied: false, assured: false, timeout: 20 },
        original: { source: "192.0.2.2", destination: "192.0.2.1", sourcePort: 5000, destinationPort: 53 },
        reply: { source: "10.10.1.99", destination: "192.0.2.2", sourcePort: 53, destinationPort: 5000 },
      });
    },
  ],
  ["CTRN207", "the rule for published ports gone", (host) => host.withoutRules(/"published port"/)],
  [
    "CTRN209",
    "loopback addresses refused on a bridge",
    (host) => host.sysctl(`net.ipv4.conf.${host.network("front").bridge}.route_localnet`, "0"),
  ],
  [
    "CTRN210",
    "hairpin mode off",
    (host) => {
      if (host.cable("web").port !== undefined) Object.assign(host.cable("web").port ?? {}, { hairpin: false });
    },
  ],
  ["CTRN211", "the rule for a container's own published port gone", (host) => host.withoutRules(/@subnets4/)],
  ["CTRN212", "a program of the host on a published port", (host) => void host.host.sockets.push(listener(8080))],
  [
    "CTRN214",
    "the table of connections full",
    (host) => {
      if (host.host.conntrack !== undefined) host.host.conntrack.count = host.host.conntrack.max;
    },
  ],
  [
    "CTRN215",
    "a port on an address that the host does not have",
    (host) => {
      host.snapshot.intent.settings.iptables = false;
      for (const port of host.container("web").ports) port.hostIp = "192.0.2.99";
    },
  ],
  ["CTRN216", "connections forgotten at once", (host) => host.sysctl("net.netfilter.nf_conntrack_udp_timeout", "0")],
];
