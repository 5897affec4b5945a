/** Links, bridges, neighbours: 3xx. */
import { type Damage, route } from "./state.ts";

export const LINKS: readonly Damage[] = [
  [
    "CTRN301",
    "a cable down",
    (host) => {
      host.cable("web").up = false;
    },
  ],
  [
    "CTRN301",
    "a cable gone",
    (host) => {
      host.host.links = host.host.links.filter(
        ({ name }) => name !== host.container("api").endpoints[0]?.hostInterface,
      );
    },
  ],
  [
    "CTRN302",
    "a bridge down",
    (host) => {
      host.bridge("front").up = false;
    },
  ],
  [
    "CTRN303",
    "the link down in the container",
    (host) => {
      host.eth0("web").up = false;
      host.inside("web").routes = [];
    },
  ],
  [
    "CTRN304",
    "a cable out of its bridge",
    (host) => {
      host.cable("web").master = undefined;
      host.cable("web").port = undefined;
    },
  ],
  ["CTRN305", "an isolated port", (host) => void Object.assign(host.cable("web").port ?? {}, { isolated: true })],
  [
    "CTRN306",
    "no flooding and no learning",
    (host) => void Object.assign(host.cable("web").port ?? {}, { flood: false, learning: false }),
  ],
  [
    "CTRN307",
    "a port that is closed",
    (host) => void Object.assign(host.cable("web").port ?? {}, { state: "listening" }),
  ],
  [
    "CTRN307",
    "the spanning tree protocol",
    (host) => void Object.assign(host.bridge("front").bridge ?? {}, { stp: true }),
  ],
  [
    "CTRN308",
    "a fixed entry for the wrong port",
    (host) =>
      void host.host.fdb.push({
        ...{ mac: host.eth0("web").mac, device: host.cable("api").name, bridge: host.bridge("front").name },
        ...{ state: "static", sticky: true },
      }),
  ],
  [
    "CTRN309",
    "one address twice",
    (host) => void host.eth0("api").addresses.push({ address: host.address("web"), prefixLength: 24, state: "ready" }),
  ],
  [
    "CTRN310",
    "one hardware address twice",
    (host) => {
      host.eth0("api").mac = host.eth0("web").mac;
    },
  ],
  [
    "CTRN311",
    "a bridge without its address",
    (host) => {
      host.bridge("front").addresses = [];
    },
  ],
  [
    "CTRN311",
    "a default route to nobody",
    (host) => {
      for (const one of host.inside("web").routes) if (one.destination === "0.0.0.0/0") one.gateway = "10.10.1.254";
    },
  ],
  [
    "CTRN312",
    "a route that is too wide",
    (host) => void host.inside("web").routes.push(route("192.0.0.0/8", { device: "eth0" })),
  ],
  [
    "CTRN313",
    "a fixed neighbour that is wrong",
    (host) =>
      void host.inside("web").neighbours.push({
        ...{ family: 4, address: host.address("api"), device: "eth0", mac: "02:00:00:00:00:01", state: "permanent" },
      }),
  ],
  [
    "CTRN314",
    "ARP off",
    (host) => {
      host.eth0("web").noArp = true;
    },
  ],
  [
    "CTRN315",
    "no room for neighbours",
    (host) => {
      host.sysctl("net.ipv4.neigh.default.gc_thresh3", "1");
      host.host.neighbours.push({
        family: 4,
        address: "192.0.2.2",
        device: "cable",
        mac: "02:00:00:00:00:01",
        state: "stale",
      });
    },
  ],
  [
    "CTRN316",
    "an address gone",
    (host) => {
      host.eth0("web").addresses = [];
    },
  ],
  [
    "CTRN317",
    "VLAN filtering",
    (host) => void Object.assign(host.bridge("front").bridge ?? {}, { vlanFiltering: true }),
  ],
  [
    "CTRN309",
    "a container with its gateway's address",
    (host) => void host.eth0("api").addresses.push({ address: "10.10.1.1", prefixLength: 32, state: "ready" }),
  ],
  [
    "CTRN318",
    "a container whose link has another name",
    (host) => {
      host.eth0("web").name = "lost0";
    },
  ],
  [
    "CTRN321",
    "a container with a prefix of one address",
    (host) => {
      for (const address of host.eth0("web").addresses) address.prefixLength = 32;
    },
  ],
  [
    "CTRN321",
    "a host without its route to a network",
    (host) => {
      host.host.routes = host.host.routes.filter(({ device }) => device !== host.bridge("front").name);
    },
  ],
  [
    "CTRN321",
    "a bridge with a prefix of one address",
    (host) => {
      for (const address of host.bridge("front").addresses) address.prefixLength = 32;
    },
  ],
  [
    "CTRN322",
    "the link under a macvlan down",
    (host) => {
      const parent = host.host.links.find(({ name }) => name === "cable");
      if (parent !== undefined) parent.up = false;
      Object.assign(host.eth0("lonely"), { kind: "macvlan", lower: { namespace: "host", index: parent?.index } });
    },
  ],
];
