/** Links, bridges, neighbours: 3xx. */
import { SILENCE, seen } from "../damaged.ts";
import { at, type Case, cable, egress, inside, LEFT, ours } from "./case.ts";

export const LINKS: readonly Case[] = [
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
    ends: (host) => [
      at("not-a-bridge-port", "host", { device: cable(host, "web"), bridge: host.bridge("front").name }),
    ],
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
        ...{ mac: host.eth0("api").mac, device: cable(host, "web"), bridge: host.bridge("front").name },
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
    code: "CTRN323",
    what: "an address that no container has, asked for from elsewhere",
    flow: (host) => ({
      ...{ from: "outside", source: "192.0.2.2", fromText: "outside" },
      destination: nobodyBeside(host.address("api")),
    }),
    ends: (host) => [ours({ packet: { destination: nobodyBeside(host.address("api")) } })],
  },
  {
    code: "CTRN323",
    what: "an address that no container has",
    flow: (host) => ({ destination: nobodyBeside(host.address("api")) }),
    ends: (host) => [
      at("neighbour-silent", inside(host, "web"), {
        ...{ device: "eth0", address: nobodyBeside(host.address("api")), reason: "no-holder" },
      }),
    ],
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
    code: "CTRN309",
    what: "a container with its gateway's address",
    flow: egress,
    damage: (host) => void host.eth0("api").addresses.push({ address: "10.10.1.1", prefixLength: 32, state: "ready" }),
    ends: (host) => [
      at("neighbour-wrong", inside(host, "web"), { device: "eth0", address: "10.10.1.1", mac: host.eth0("api").mac }),
    ],
  },
  {
    code: "CTRN311",
    what: "a default route over another container, which passes nothing on",
    flow: egress,
    damage: (host) => {
      for (const route of host.inside("web").routes)
        if (route.gateway !== undefined) route.gateway = host.address("api");
    },
    ends: (host) => [at("forwarding-off", inside(host, "api"), { device: "eth0" })],
  },
  {
    code: "CTRN313",
    what: "a fixed neighbour out of sight, and silence",
    flow: egress,
    ends: () => [
      at("neighbour-wrong", "host", {
        device: "cable",
        address: "192.0.2.2",
        mac: "02:00:00:00:00:63",
        uncertain: true,
      }),
    ],
    seen: () => seen([SILENCE], { devices: [LEFT] }),
  },
  {
    code: "CTRN318",
    what: "a link with another name",
    flow: egress,
    damage: (host) => {
      host.eth0("web").name = "lost0";
    },
    ends: (host) => [at("no-route", inside(host, "web"))],
  },
  {
    code: "CTRN318",
    what: "a receiver whose link is gone",
    damage: (host) => {
      host.inside("api").links = [];
    },
    ends: (host) => [at("neighbour-silent", inside(host, "web"), { device: "eth0", address: host.address("api") })],
  },
  {
    code: "CTRN319",
    what: "a sender with the receiver's address",
    damage: (host) =>
      void host
        .inside("web")
        .links[0]?.addresses.push({ address: host.address("api"), prefixLength: 32, state: "ready" }),
    ends: (host) => [at("no-listener", inside(host, "web"), { port: 8000, protocol: "tcp" })],
  },
  {
    code: "CTRN320",
    what: "a bridge that answers for a container",
    damage: (host) => host.sysctl(`net.ipv4.conf.${host.bridge("front").name}.proxy_arp`, "1"),
    ends: (host) => [
      at("neighbour-wrong", inside(host, "web"), {
        ...{ device: "eth0", address: host.address("api"), mac: host.bridge("front").mac },
      }),
    ],
  },
  {
    code: "CTRN321",
    what: "a prefix of one address",
    flow: egress,
    damage: (host) => {
      for (const address of host.eth0("web").addresses) address.prefixLength = 32;
    },
    ends: (host) => [at("no-route", inside(host, "web"))],
  },
  {
    code: "CTRN322",
    what: "the link under a macvlan without a carrier",
    flow: egress,
    damage: (host) => {
      const parent = host.host.links.find(({ name }) => name === "cable");
      if (parent !== undefined) parent.carrier = false;
      Object.assign(host.eth0("web"), { kind: "macvlan", lower: { namespace: "host", index: parent?.index } });
    },
    ends: (host) => [at("no-carrier", inside(host, "web"), { device: "eth0" })],
  },
  {
    code: "CTRN302",
    what: "a bridge that is gone: nobody answers at the other end of the cable",
    flow: egress,
    damage: (host) => {
      const { name } = host.bridge("front");
      host.host.links = host.host.links.filter((link) => link.name !== name);
    },
    ends: (host) => [at("neighbour-silent", inside(host, "web"), { device: "eth0", address: "10.10.1.1" })],
  },
  {
    code: "CTRN313",
    what: "a hardware address that somebody else has told",
    seen: (host) =>
      seen([SILENCE], {
        neighbours: [
          {
            ...{ place: inside(host, "web"), family: 4, address: host.address("api"), device: "eth0" },
            ...{ mac: host.eth0("lonely").mac, state: "reachable" },
          },
        ],
      }),
  },
];

function nobodyBeside(address: string): string {
  return address.replace(/\d+$/, "99");
}
