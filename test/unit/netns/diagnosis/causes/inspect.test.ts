import assert from "node:assert/strict";
import type { Finding } from "../../../../../netns/diagnosis/types/index.ts";
import { codesOf, codesThat, Damaged, listener } from "./damaged.ts";

type Damage = (host: Damaged) => void;

const chain = (table: string, name: string, hook: string, policy: string) => ({
  chain: { family: "inet", table, name, handle: 1, type: "filter", hook, prio: 10, policy },
});
const rule = (table: string, name: string, ...expr: readonly object[]) => ({
  rule: { family: "inet", table, chain: name, handle: 7, expr },
});
const route = (destination: string, more: object = {}) => ({
  ...{ family: 4 as const, table: 254, type: "unicast" as const, destination, gateway: undefined, device: undefined },
  ...{ preferredSource: undefined, metric: 0, mtu: undefined, flags: [], nexthops: [] },
  ...more,
});

/** The cause that each makes be found, and no other one. */
const FOUND: readonly (readonly [code: string, what: string, damage: Damage])[] = [
  ["CTRN101", "forwarding off", (host) => host.sysctl("net.ipv4.ip_forward", "0")],
  [
    "CTRN102",
    "forwarding off for one bridge",
    (host) => host.sysctl(`net.ipv4.conf.${host.network("front").bridge}.forwarding`, "0"),
  ],
  ["CTRN103", "our rule for answers gone", (host) => host.withoutRules(/"crossing".*"established"/)],
  ["CTRN103", "a bridge missing in our set", (host) => host.elements("bridges", () => [])],
  [
    "CTRN104",
    "another table that drops all",
    (host) => host.nft({ table: { family: "inet", name: "x" } }, chain("x", "y", "forward", "drop")),
  ],
  ["CTRN109", "the pair of a network gone", (host) => host.elements("pairs", () => [])],
  [
    "CTRN110",
    "the bridge's firewall off where it keeps apart",
    (host) => {
      host.network("front").options["com.docker.network.bridge.enable_icc"] = "false";
      host.elements("pairs", (all) =>
        all.filter((one) => !JSON.stringify(one).includes(String(host.network("front").bridge))),
      );
      host.sysctl("net.bridge.bridge-nf-call-iptables", "0");
    },
  ],
  [
    "CTRN115",
    "all our rules gone",
    (host) => {
      host.host.nftables = [];
    },
  ],
  [
    "CTRN118",
    "an input firewall that a published port passes by",
    (host) => host.nft({ table: { family: "inet", name: "x" } }, chain("x", "input", "input", "drop")),
  ],
  ["CTRN201", "masquerading gone", (host) => host.withoutRules(/@masq4/)],
  ["CTRN201", "a network missing among those that are masqueraded", (host) => host.elements("masq4", () => [])],
  [
    "CTRN409",
    "an uplink that takes less than the containers' networks",
    (host) => {
      const uplink = host.host.links.find(({ name }) => name === "cable");
      if (uplink !== undefined) uplink.mtu = 1400;
      for (const network of host.snapshot.intent.networks) {
        const bridge = host.host.links.find(({ name }) => name === network.bridge);
        if (bridge !== undefined && network.name !== "front") bridge.mtu = 1400;
      }
    },
  ],
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
    "CTRN401",
    "the default route gone",
    (host) => {
      host.inside("web").routes = host.inside("web").routes.filter(({ destination }) => destination !== "0.0.0.0/0");
    },
  ],
  [
    "CTRN403",
    "a part of a network swallowed",
    (host) => void host.host.routes.push(route("10.10.1.2/32", { type: "blackhole" })),
  ],
  [
    "CTRN405",
    "a part of a network elsewhere",
    (host) => void host.host.routes.push(route("10.10.1.0/25", { device: "cable" })),
  ],
  [
    "CTRN410",
    "a small uplink, and no word about it",
    (host) => {
      Object.assign(host.host.links.find(({ name }) => name === "cable") ?? {}, { mtu: 1400 });
      const icmp = { match: { op: "==", left: { meta: { key: "l4proto" } }, right: "icmp" } };
      host.nft(
        { table: { family: "inet", name: "x" } },
        chain("x", "out", "output", "accept"),
        rule("x", "out", icmp, { drop: null }),
      );
    },
  ],
  [
    "CTRN411",
    "ends of a cable that differ",
    (host) => {
      host.cable("web").mtu = 1400;
    },
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
    "CTRN415",
    "a container that does not look into its main table",
    (host) => {
      host.inside("web").rules = host.inside("web").rules.filter(({ table }) => table !== 254);
    },
  ],
  [
    "CTRN501",
    "a name server in the container itself",
    (host) => {
      host.inside("web").resolvConf = "nameserver 127.0.0.53\n";
    },
  ],
  [
    "CTRN503",
    "our name server gone",
    (host) => {
      host.inside("web").sockets = [];
    },
  ],
  [
    "CTRN506",
    "the host asks us",
    (host) => {
      host.host.resolvConf = "nameserver 172.17.0.1\n";
    },
  ],
  [
    "CTRN508",
    "many search domains",
    (host) => {
      host.inside("lonely").resolvConf = "nameserver 192.0.2.2\nsearch a.x b.x c.x d.x\noptions ndots:5\n";
    },
  ],
  [
    "CTRN512",
    "a container that asks no name server",
    (host) => {
      host.inside("web").nameSources = "hosts: files [NOTFOUND=return]";
    },
  ],
  [
    "CTRN602",
    "a published program on loopback",
    (host) => {
      host.inside("web").sockets = host.inside("web").sockets.filter(({ port }) => port !== 80);
      host.inside("web").sockets.push(listener(80, "127.0.0.1"));
    },
  ],
  [
    "CTRN604",
    "a full queue",
    (host) => void host.inside("web").sockets.push(listener(80, "0.0.0.0", { waiting: 2, backlog: 1 })),
  ],
  [
    "CTRN605",
    "no file left",
    (host) => void Object.assign(host.program("web").processes[0] ?? {}, { openFiles: 10, openFilesLimit: 10 }),
  ],
  [
    "CTRN606",
    "ctr's companion that was stopped",
    (host) => {
      const process = { pid: 7, name: "ctr-dataplane", stopped: true };
      host.host.sockets.push({ ...listener(9999, "0.0.0.0"), process });
    },
  ],
  [
    "CTRN606",
    "a container frozen by somebody else",
    (host) => {
      host.program("web").frozen = true;
    },
  ],
  [
    "CTRN606",
    "a stopped program",
    (host) => void Object.assign(host.program("web").processes[0] ?? {}, { state: "T" }),
  ],
  ["CTRN607", "few ports", (host) => host.sysctl("net.ipv4.ip_local_port_range", "40000 40001", host.inside("web"))],
];

const stopped = (host: Damaged): void => {
  Object.assign(host.container("web"), { running: false, namespace: undefined, pid: undefined, ports: [] });
  host.snapshot.namespaces = host.snapshot.namespaces.filter(({ key }) => key !== host.container("web").id);
  host.host.links = host.host.links.filter(({ name }) => name !== host.container("web").endpoints[0]?.hostInterface);
  host.elements("hp4", () => []);
  host.elements("hp6", () => []);
  for (const endpoint of host.container("web").endpoints) {
    delete (endpoint as { interfaceName?: string }).interfaceName;
    delete (endpoint as { hostInterface?: string }).hostInterface;
  }
};

/** What is as it may be. */
const HEALTHY: readonly (readonly [what: string, change: Damage])[] = [
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
      host.inside("web").nameSources = "hosts: files [NOTFOUND=return] dns";
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

describe("what is wrong with a host's state", () => {
  for (const [code, what, damage] of FOUND) {
    it(`${code}: ${what}`, () => {
      const host = new Damaged();
      damage(host);
      const findings = host.inspect();
      assert.deepEqual([...new Set(codesOf(findings))], [code], JSON.stringify(findings, null, 1));
      for (const finding of findings) assertTells(finding);
    });
  }

  for (const [what, change] of HEALTHY) {
    it(`nothing: ${what}`, () => {
      const host = new Damaged();
      change(host);
      assert.deepEqual(host.inspect(), []);
    });
  }

  it("is looked for by each cause that can be read from the state alone", () => {
    assert.deepEqual([...new Set(FOUND.map(([code]) => code))].sort(), codesThat("inspect").sort());
  });

  it("says what follows of a fault only as that fault", () => {
    const host = new Damaged();
    host.bridge("front").up = false;
    host.bridge("front").addresses = [];
    for (const name of ["web", "api"]) Object.assign(host.cable(name).port ?? {}, { state: "disabled" });
    assert.deepEqual(codesOf(host.inspect()), ["CTRN302"]);
  });

  it("is only a warning where nobody uses it", () => {
    const host = new Damaged();
    for (const container of host.snapshot.intent.containers) container.running = false;
    host.bridge("front").up = false;
    assert.deepEqual(
      host.inspect().map(({ code, severity }) => [code, severity]),
      [["CTRN302", "warning"]],
    );
  });
});

function assertTells({ title, explanation, object, evidence, fix }: Finding): void {
  assert.match(title, /^[A-Z`].*\.$/s);
  assert(explanation.length > 40 && object !== "" && evidence.length > 0);
  assert(fix !== undefined && fix.text !== "");
  assert.equal(fix.owned, fix.action !== undefined);
  for (const text of [title, explanation, object, ...evidence.map(({ value }) => value), ...fix.commands.flat()]) {
    assert.doesNotMatch(text, /undefined|NaN|\[object/);
  }
}
