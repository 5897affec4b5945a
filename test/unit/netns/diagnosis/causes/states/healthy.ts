/** States that look broken, and are as they may be. */
import type { Damaged } from "../damaged.ts";
import { type Change, chain, route, rule } from "./state.ts";

export const HEALTHY: readonly (readonly [what: string, change: Change])[] = [
  ["nothing changed", () => {}],
  [
    "a table of others that only counts",
    (host) =>
      host.nft(
        { table: { family: "inet", name: "x" } },
        chain("x", "fwd", "forward", "accept"),
        rule("x", "fwd", { counter: null }),
      ),
  ],
  [
    "another firewall that drops, and lets containers pass",
    (host) =>
      host.nft(
        { table: { family: "inet", name: "x" } },
        chain("x", "fwd", "forward", "drop"),
        rule("x", "fwd", { match: { op: "==", left: { meta: { key: "iifname" } }, right: "ctr0" } }, { accept: null }),
      ),
  ],
  [
    "an input firewall that knows the published port",
    (host) =>
      host.nft(
        { table: { family: "inet", name: "x" } },
        chain("x", "input", "input", "drop"),
        rule(
          "x",
          "input",
          { match: { op: "==", left: { payload: { protocol: "tcp", field: "dport" } }, right: 8080 } },
          { accept: null },
        ),
      ),
  ],
  ["the loose reverse path filter", (host) => host.sysctl("net.ipv4.conf.all.rp_filter", "2")],
  ["the strict one, on a host with one uplink", (host) => host.sysctl("net.ipv4.conf.all.rp_filter", "1")],
  ["a bridge's firewall that nobody needs", (host) => host.sysctl("net.bridge.bridge-nf-call-iptables", "0")],
  [
    "a fixed neighbour that is right",
    (host) =>
      void host.inside("web").neighbours.push({
        ...{ family: 4, address: host.address("api"), device: "eth0", mac: host.eth0("api").mac, state: "permanent" },
      }),
  ],
  ["a container that was stopped", stopped],
  [
    "a container that the user has paused",
    (host) => {
      host.program("web").frozen = true;
      host.container("web").paused = true;
    },
  ],
  [
    "Docker beside us",
    (host) => {
      host.host.links.push({
        ...host.bridge("front"),
        index: 99,
        name: "docker0",
        addresses: [{ address: "172.18.0.1", prefixLength: 16, state: "ready" }],
      });
      host.host.routes.push(route("172.18.0.0/16", { device: "docker0" }));
    },
  ],
  [
    "private ranges closed as a whole",
    (host) =>
      void host.host.routes.push(
        route("10.0.0.0/8", { type: "unreachable" }),
        route("10.0.0.0/8", { type: "blackhole" }),
      ),
  ],
  [
    "rules that could not be read",
    (host) => {
      host.host.nftables = undefined;
    },
  ],
  [
    "rules that the user makes himself",
    (host) => {
      host.snapshot.intent.settings.iptables = false;
      host.host.nftables = [];
    },
  ],
  [
    "names from files and servers",
    (host) => {
      host.inside("web").nameSources = "hosts: files mdns4_minimal [NOTFOUND=return] dns";
    },
  ],
  [
    "an entry of the bridge that was learned",
    (host) =>
      void host.host.fdb.push({
        mac: host.eth0("web").mac,
        device: host.cable("web").name,
        bridge: host.bridge("front").name,
        state: "",
        sticky: false,
      }),
  ],
];

function stopped(host: Damaged): void {
  Object.assign(host.container("web"), { running: false, namespace: undefined, pid: undefined, ports: [] });
  host.snapshot.namespaces = host.snapshot.namespaces.filter(({ key }) => key !== host.container("web").id);
  host.host.links = host.host.links.filter(({ name }) => name !== host.container("web").endpoints[0]?.hostInterface);
  host.elements("hp4", () => []);
  host.elements("hp6", () => []);
  for (const endpoint of host.container("web").endpoints) {
    delete (endpoint as { interfaceName?: string }).interfaceName;
    delete (endpoint as { hostInterface?: string }).hostInterface;
  }
}
