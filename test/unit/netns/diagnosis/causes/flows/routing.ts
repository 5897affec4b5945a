/** Routes and sizes: 4xx. */
import { REFUSED, SILENCE, seen } from "../damaged.ts";
import { at, type Case, cable, egress, inside, LEFT, ours, published, translated } from "./case.ts";

export const ROUTING: readonly Case[] = [
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
        { device: "cable", expectedDevice: host.bridge("front").name, table: 254 },
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
    code: "CTRN406",
    what: "a default route over the bridge of a network",
    flow: egress,
    damage: (host) => {
      const [route] = host.host.routes;
      const device = host.bridge("back").name;
      if (route !== undefined)
        host.host.routes.unshift({ ...route, destination: "0.0.0.0/0", gateway: "10.10.2.253", device });
    },
    route: (host) => host.bridge("back").name,
    ends: () => [ours()],
  },
  {
    code: "CTRN406",
    what: "a container's route to its own loopback",
    damage: (host) => {
      const [route] = host.inside("web").routes;
      if (route !== undefined)
        host.inside("web").routes.push({
          ...route,
          ...{ destination: `${host.address("api")}/32`, gateway: undefined, device: "lo" },
        });
    },
    ends: (host) => [at("misrouted", inside(host, "web"), { device: "lo" })],
  },
  {
    code: "CTRN415",
    what: "a routing rule that jumps over the main table",
    flow: egress,
    damage: (host) =>
      host.host.rules.push({
        ...{
          family: 4,
          priority: 100,
          from: undefined,
          to: undefined,
          iif: undefined,
          oif: undefined,
          mark: undefined,
        },
        ...{ invert: false, action: "goto", table: undefined, others: ["goto 32767"] },
      }),
    ends: () => [at("no-route", "host", { viaRule: 100 })],
  },
  {
    code: "CTRN414",
    what: "an uplink that has lost its address",
    flow: egress,
    ends: () => [at("translated-astray", "host", { address: "10.10.1.1", port: 0, side: "source", bare: "cable" })],
  },
];
