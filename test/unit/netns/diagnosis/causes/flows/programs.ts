/** Programs at the ends: 6xx. */
import { listener, SILENCE, seen } from "../damaged.ts";
import { at, type Case, cable, dns, inside, published, translated } from "./case.ts";

export const PROGRAMS: readonly Case[] = [
  {
    code: "CTRN601",
    what: "a port of the host, asked for by a program of the host",
    flow: () => ({ from: "host", source: "", destination: "192.0.2.1", destinationPort: 5000 }),
    ends: () => [at("no-listener", "host", { port: 5000, protocol: "tcp" })],
  },
  {
    code: "CTRN611",
    what: "a port of a container that has ended",
    flow: () => ({ ...published(), destinationPort: 8085 }),
    damage: (host) => {
      const bindings = [{ protocol: "tcp" as const, containerPort: 80, hostIp: "", hostPort: 8080, hostPortEnd: 8090 }];
      Object.assign(host.container("api"), { running: false, namespace: undefined, pid: undefined, bindings });
    },
    ends: () => [at("no-listener", "host", { port: 8085, protocol: "tcp" })],
  },
  {
    code: "CTRN611",
    what: "an address that a container keeps while it is stopped",
    flow: (host) => ({ destination: host.address("api") }),
    damage: (host) =>
      void Object.assign(host.container("api"), { running: false, namespace: undefined, pid: undefined }),
    ends: (host) => [
      at("neighbour-silent", inside(host, "web"), {
        ...{ device: "eth0", address: host.address("api"), reason: "no-holder" },
      }),
    ],
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
    code: "CTRN604",
    what: "a queue full of connections that are not complete",
    flow: (host) => ({ destinationPort: 8000, to: inside(host, "api") }),
    damage: (host) => void host.inside("api").sockets.push(listener(8000, "0.0.0.0", { waiting: 0, backlog: 4 })),
    seen: (host) =>
      seen([SILENCE], { counters: [{ place: inside(host, "api"), name: "TcpExt.ListenDrops", change: 2 }] }),
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
    code: "CTRN602",
    what: "IPv6 alone",
    ends: (host) => [at("listener-elsewhere", inside(host, "api"), { port: 8000, boundTo: "::" })],
  },
  {
    code: "CTRN607",
    what: "ports that are all reserved",
    damage: (host) => host.sysctl("net.ipv4.ip_local_reserved_ports", "1024-65535", host.inside("web")),
    seen: () => seen([{ ...SILENCE, outcome: "error", errno: "EADDRNOTAVAIL" }]),
  },
  {
    code: "CTRN612",
    what: "a connection that the program does not take",
    seen: (host) =>
      seen([{ ...SILENCE, outcome: "connected" }], {
        untaken: [{ place: inside(host, "api"), port: 8000, waiting: 3, backlog: 128 }],
      }),
  },
  {
    code: "CTRN606",
    what: "a stopped program, which takes no connection either",
    ends: (host) => [at("program-stuck", inside(host, "api"), { reason: "stopped" }, { seen: "accepted-silence" })],
    seen: (host) =>
      seen([{ ...SILENCE, outcome: "connected" }], {
        untaken: [{ place: inside(host, "api"), port: 8000, waiting: 1, backlog: 128 }],
      }),
  },
  {
    code: "CTRN613",
    what: "a program that answers from its other address",
    flow: (host) => ({ destination: host.address("api"), destinationPort: 53, protocol: "udp" }),
    ends: (host) => [
      at("answer-source", inside(host, "api"), {
        ...{ port: 53, protocol: "udp", address: "10.10.1.250", expected: host.address("api") },
      }),
    ],
  },
];
