import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { MessageChannel, Worker } from "node:worker_threads";
import { rawCall, systemCall } from "../../../../lib/system/libc.ts";
import { AF_INET, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM } from "../../../../lib/system/socket.ts";
import type { ThreadAnswer, ThreadInput } from "../../../../netns/diagnosis/snapshot/reading-thread.ts";
import { SharedWork } from "../../../../netns/diagnosis/snapshot/shared-work.ts";
import {
  enterNetworkNamespace,
  HOST,
  type IntendedContainer,
  NamespaceReading,
  type NamespaceState,
  type Snapshot,
  SnapshotView,
  takeSnapshot,
} from "../../../../netns/index.ts";
import { waitFor } from "../../../support/wait.ts";
import { PrivateNetwork } from "../private-network.ts";
import { attachClassifier, attachXdp } from "./bpf-programs.ts";
import { addPolicy, addQueues, addRules, MACS, makeHost, run, serveIn } from "./topology.ts";

/** struct sockaddr_in */
function ipv4(address: string, port: number): Buffer {
  const buffer = Buffer.alloc(16);
  buffer.writeUInt16LE(AF_INET, 0);
  buffer.writeUInt16BE(port, 2);
  buffer.set(address.split(".").map(Number), 4);
  return buffer;
}

/** A socket in the thread's present namespace. */
const open = (type: number): number => systemCall("socket", "test", AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

const call = (name: "bind" | "connect", fd: number, address: string, port: number): number =>
  rawCall(name, fd, ipv4(address, port), 16);

describe("a snapshot of real namespaces", () => {
  let network: PrivateNetwork;
  let server: Awaited<ReturnType<typeof serveIn>>;
  const sockets: number[] = [];
  let snapshot: Snapshot;
  let host: NamespaceState;
  let web: NamespaceState;
  let api: NamespaceState;

  const container = (name: string, pid: number): IntendedContainer => ({
    ...{ id: name, name, running: true, paused: false, networkMode: "bridge", namespace: name, pid },
    ...{ endpoints: [], ports: [], exposed: [], dns: {} },
  });

  const optionsOf = (...names: readonly string[]) => ({
    intent: {
      networks: [],
      grants: [],
      containers: [container("web", server.pid), container("api", process.pid)],
      settings: {
        ...{ ipForward: true, iptables: true, ip6tables: true, firewallBackend: "nftables" as const },
        ...{ userlandProxy: true, icc: true },
      },
    },
    programs: {},
    ctrVersion: "test",
    namespacePaths: new Map(names.map((name) => [name, network.namespace(name)])),
  });

  const take = (...names: readonly string[]): Snapshot => takeSnapshot(optionsOf(...names));

  before(async () => {
    network = PrivateNetwork.enter();
    makeHost(network);
    addPolicy();
    addRules();
    addQueues();
    server = await serveIn(network, "web");
    openSockets();
    // Packets are on their way for a moment.
    snapshot = await waitFor("the packets to be through", () => {
      const taken = take("web", "api", "gone");
      const { conntrack, counters } = new SnapshotView(taken).host;
      return (conntrack?.entries ?? []).length > 0 && counters["Udp.NoPorts"] === 1 && taken;
    });
    const view = new SnapshotView(snapshot);
    host = view.host;
    [web, api] = ["web", "api"].map((name) => view.namespace(name) ?? assert.fail(name)) as [
      NamespaceState,
      NamespaceState,
    ];
  });

  after(() => {
    for (const socket of sockets) rawCall("close", socket);
    server?.end();
    network?.[Symbol.dispose]();
  });

  /** In `api` one that nobody accepts from; from `web` two connections to it, and a flow that the host translates. */
  function openSockets(): void {
    enterNetworkNamespace(network.namespace("api"), () => {
      const listener = open(SOCK_STREAM);
      sockets.push(listener);
      call("bind", listener, "0.0.0.0", 81);
      systemCall("listen", "test", listener, 5);
      for (const _ of [1, 2]) {
        const client = open(SOCK_STREAM);
        sockets.push(client);
        call("connect", client, "127.0.0.1", 81);
      }
    });
    enterNetworkNamespace(network.namespace("web"), () => {
      for (const port of [8080, 9]) {
        const client = open(SOCK_DGRAM);
        sockets.push(client);
        call("connect", client, "10.7.0.1", port);
        systemCall("send", "test", client, Buffer.from("x"), 1, 0);
      }
    });
  }

  const link = (namespace: NamespaceState, name: string) =>
    namespace.links.find((one) => one.name === name) ?? assert.fail(`no link ${name}`);

  it("has the host first, then those that are there, and says which is not", () => {
    assert.deepEqual(
      snapshot.namespaces.map(({ key }) => key),
      [HOST, "web", "api"],
    );
    assert.notEqual(host.inode, web.inode);
    assert.deepEqual(
      snapshot.notRead.map(({ what }) => what),
      ["network namespace of gone"],
    );
  });

  it("tells links: kind, addresses, what is down, the other end", () => {
    const { addresses, kind, mtu, up, carrier, peer, mac } = link(web, "eth0");
    assert.deepEqual(
      addresses.filter(({ address }) => address.includes(".")),
      [{ address: "10.7.0.2", prefixLength: 24, state: "ready" }],
    );
    assert.deepEqual(
      { kind, mtu, up, carrier, mac },
      { kind: "veth", mtu: 1500, up: true, carrier: true, mac: MACS.web },
    );
    assert.deepEqual(peer, { namespace: HOST, index: link(host, "v-web").index });
    assert.deepEqual(link(host, "v-web").peer, { namespace: "web", index: link(web, "eth0").index });
    const idle = link(host, "idle0");
    assert.deepEqual([idle.up, idle.carrier, idle.mtu], [true, false, 1400]);
    assert.deepEqual(idle.peer, { namespace: HOST, index: link(host, "idle1").index });
    assert.equal(link(host, "idle1").up, false);
    assert.equal(link(web, "lo").addresses[0]?.address, "127.0.0.1");
  });

  it("tells how a bridge treats its ports, and behind which one an address is", () => {
    assert.deepEqual(link(host, "ctr0").bridge, { stp: false, vlanFiltering: false, ports: 2 });
    assert.equal(link(host, "v-api").master, "ctr0");
    assert.deepEqual(link(host, "v-api").port, {
      ...{ state: "forwarding", isolated: true, hairpin: true, learning: true, flood: false, proxyArp: false },
      ...{ broadcastFlood: true, multicastFlood: true },
    });
    assert.equal(link(host, "v-web").port?.isolated, false);
    assert.equal(link(host, "ctr0").port, undefined);
    const entry = host.fdb.find(({ mac }) => mac === "02:00:00:00:00:0a");
    assert.deepEqual(entry, {
      mac: "02:00:00:00:00:0a",
      device: "v-web",
      bridge: "ctr0",
      state: "static",
      sticky: true,
    });
    assert.ok(host.fdb.some(({ mac, device, state }) => mac === MACS.web && device === "v-web" && state === ""));
    assert.deepEqual(web.fdb, []);
  });

  it("tells routes of all tables and kinds", () => {
    const route = (namespace: NamespaceState, destination: string, table = 254) => {
      const found = namespace.routes.find((one) => one.destination === destination && one.table === table);
      return found ?? assert.fail(destination);
    };
    const { type, gateway, device } = route(web, "0.0.0.0/0");
    assert.deepEqual({ type, gateway, device }, { type: "unicast", gateway: "10.7.0.1", device: "eth0" });
    assert.equal(route(web, "198.51.100.0/24").type, "blackhole");
    assert.equal(route(host, "0.0.0.0/0", 200).gateway, "10.7.0.2");
    assert.deepEqual([route(host, "192.0.2.0/24").mtu, route(host, "192.0.2.0/24").metric], [1400, 50]);
    assert.deepEqual(route(host, "203.0.113.0/24").nexthops, [
      { gateway: "10.7.0.2", device: "ctr0" },
      { gateway: "10.7.0.3", device: "ctr0" },
    ]);
    assert.equal(route(host, "10.7.0.0/24").preferredSource, "10.7.0.1");
    assert.equal(route(host, "10.7.0.1/32", 255).type, "local");
    assert.ok(web.routes.some(({ family, destination }) => family === 6 && destination === "fe80::/64"));
  });

  it("tells the rules that choose a table, with conditions that are rare", () => {
    const rule = (priority: number) =>
      host.rules.find((one) => one.priority === priority) ?? assert.fail(`${priority}`);
    const { from, action, table } = rule(1000);
    assert.deepEqual({ from, action, table }, { from: "10.9.0.0/24", action: "table", table: 200 });
    assert.deepEqual(
      [rule(1001).mark, rule(1001).to, rule(1001).action],
      [{ value: 0x10, mask: 0xff }, "203.0.113.0/24", "prohibit"],
    );
    assert.deepEqual([rule(1002).iif, rule(1002).others], ["ctr0", ["ipproto 6", "dport 25-25"]]);
    assert.deepEqual([rule(1003).family, rule(1003).invert, rule(1003).action], [6, true, "blackhole"]);
    assert.equal(web.rules.filter(({ family }) => family === 4).length, 3);
  });

  it("tells neighbours", () => {
    const { mac, state, device } = host.neighbours.find(({ address }) => address === "10.7.0.9") ?? assert.fail();
    assert.deepEqual({ mac, state, device }, { mac: MACS.neighbour, state: "permanent", device: "ctr0" });
    assert.equal(host.neighbours.find(({ address }) => address === "10.7.0.2")?.mac, MACS.web);
  });

  it("tells kernel parameters, those of links as their files have them", () => {
    assert.equal(host.sysctls["net.ipv4.ip_forward"], "1");
    assert.equal(host.sysctls["net.ipv4.conf.ctr0.rp_filter"], "1");
    assert.equal(host.sysctls["net.ipv4.conf.ctr0.route_localnet"], "1");
    assert.equal(web.sysctls["net.ipv4.conf.eth0.arp_ignore"], "3");
    assert.match(web.sysctls["net.ipv4.ip_local_port_range"] ?? "", /^\d+ \d+$/);
    enterNetworkNamespace(network.namespace("web"), () => {
      const keys = Object.keys(web.sysctls).filter((key) => /\.conf\.(eth0|lo)\./.test(key));
      assert.ok(keys.length > 50);
      for (const key of keys) {
        const value = readFileSync(`/proc/sys/${key.replaceAll(".", "/")}`, "utf8").trim();
        assert.equal(web.sysctls[key], value, key);
      }
    });
  });

  it("tells rules of nftables, and of both kinds of iptables where there are any", () => {
    const chains = (host.nftables ?? []).flatMap((object) => ("chain" in object ? [object.chain] : []));
    assert.ok(chains.some((chain) => JSON.stringify(chain).includes('"table":"other"')));
    assert.ok(JSON.stringify(host.nftables).includes('"comment":"telnet"'));
    assert.ok((host.nftGeneration ?? 0) > 0);
    assert.deepEqual(web.nftables, []);
    assert.deepEqual(
      host.iptables.map(({ family, mode }) => [family, mode]),
      [
        [4, "legacy"],
        [6, "nft"],
      ],
    );
    assert.match(host.iptables[0]?.text ?? "", /-A FORWARD -p tcp -m tcp --dport 25 -j DROP/);
    assert.match(host.iptables[1]?.text ?? "", /-A FORWARD -p udp -j DROP/);
    assert.deepEqual(web.iptables, []);
  });

  it("loads no table of iptables where there is none", () => {
    enterNetworkNamespace(network.namespace("web"), () => {
      assert.equal(readFileSync("/proc/thread-self/net/ip_tables_names", "utf8"), "");
    });
  });

  it("tells who listens where, and how many wait to be accepted", () => {
    const listener = web.sockets.find(({ port }) => port === 80) ?? assert.fail("nobody listens");
    assert.deepEqual(
      { ...listener, inode: 0 },
      {
        ...{ protocol: "tcp", family: 4, state: "listen", address: "10.7.0.2", port: 80, v6Only: undefined },
        ...{ waiting: 0, backlog: 7, inode: 0, process: { pid: server.pid, name: listener.process?.name } },
      },
    );
    const waiting = api.sockets.find(({ port }) => port === 81) ?? assert.fail("nobody listens");
    assert.deepEqual([waiting.address, waiting.waiting, waiting.backlog], ["0.0.0.0", 2, 5]);
    // This process has it open, and is in another namespace.
    assert.equal(waiting.process?.pid, process.pid);
    const udp = web.sockets.filter(({ protocol }) => protocol === "udp");
    assert.deepEqual(
      udp.map(({ state, address }) => `${state} ${address}`),
      ["established 10.7.0.2", "established 10.7.0.2"],
    );
  });

  it("tells tracked flows with their translation, and counts", () => {
    const { entries = [], count = 0, max = 0, truncated } = host.conntrack ?? {};
    const entry = entries.find(({ original }) => original.destinationPort === 8080) ?? assert.fail("no entry");
    const { sourcePort } = entry.original;
    assert.deepEqual(
      { ...entry, timeout: 0 },
      {
        ...{ protocol: "udp", family: 4, state: "", replied: false, assured: false, timeout: 0 },
        original: { source: "10.7.0.2", destination: "10.7.0.1", sourcePort, destinationPort: 8080 },
        reply: { source: "10.7.0.3", destination: "10.7.0.2", sourcePort: 80, destinationPort: sourcePort },
      },
    );
    assert.ok(count >= entries.length && max > 0 && truncated === false);
    assert.equal(web.conntrack?.count, 0);
    assert.equal(host.counters["Udp.NoPorts"], 1);
  });

  it("tells of very many tracked flows those that were translated, and says so", async () => {
    enterNetworkNamespace(network.namespace("web"), () => {
      const client = open(SOCK_DGRAM);
      sockets.push(client);
      for (let port = 10_000; port < 22_000; port++) {
        call("connect", client, "10.7.0.1", port);
        rawCall("send", client, Buffer.from("x"), 1, 0);
      }
    });
    const flows = await waitFor("flows to be tracked", () => {
      const { conntrack } = new SnapshotView(take("web")).host;
      return conntrack !== undefined && conntrack.count > 10_000 && conntrack;
    });
    assert.equal(flows.truncated, true);
    assert.deepEqual(
      flows.entries.map(({ original }) => original.destinationPort),
      [8080],
    );
  });

  it("tells queues and the filters that hang on them", () => {
    const { qdiscs, tcFilters } = link(host, "v-web");
    const queue = qdiscs.find(({ kind }) => kind === "tbf");
    assert.deepEqual([queue?.parent, queue?.rate], ["root", 1_000_000]);
    assert.ok(qdiscs.some(({ kind }) => kind === "ingress"));
    assert.deepEqual(tcFilters, ["ingress: u32 pref 7"]);
    assert.deepEqual(link(host, "v-api").tcFilters, []);
  });

  it("tells programs of BPF that see packets first", () => {
    attachClassifier(link(host, "idle0").index);
    attachXdp(link(host, "idle1").index);
    const seen = new SnapshotView(take()).host;
    assert.match(link(seen, "idle0").tcFilters.join(), /^ingress: bpf program \d+$/);
    assert.equal(link(seen, "idle0").xdp, undefined);
    assert.ok((link(seen, "idle1").xdp ?? 0) > 0);
  });

  it("is the same when other threads help", async () => {
    const options = optionsOf("web", "api", "gone");
    using reading = new NamespaceReading({ ...options, threads: 2 });
    assert.deepEqual(lasting(takeSnapshot({ ...options, reading })), lasting(take("web", "api", "gone")));
  });

  it("is read by a thread in the namespaces that it is given, and in no other one", async () => {
    using reading = new NamespaceReading(optionsOf("web", "api"));
    const tasks = [...reading.descriptors].map(([key, descriptor]) => ({ key, descriptor }));
    const answers = await readOnThread({ tasks, host: reading.descriptors.get(HOST), subnets: [] });
    assert.deepEqual(
      answers.map(({ place, reading: { state } }) => [tasks[place]?.key, state?.key, state?.inode]),
      [HOST, "web", "api"].map((key) => [key, key, new SnapshotView(snapshot).namespace(key)?.inode]),
    );
    assert.deepEqual(
      answers.flatMap(({ reading: { missing } }) => missing),
      [],
    );
  });

  it("reads the files of names as a container's programs see them", () => {
    assert.equal(web.resolvConf, readFileSync("/etc/resolv.conf", "utf8"));
    assert.equal(web.hosts, readFileSync("/etc/hosts", "utf8"));
  });

  it("tells what a macvlan hangs on, which is in another namespace", () => {
    run(`ip link add name shared link idle0 netns ${network.namespace("web")} type macvlan mode bridge`);
    const view = new SnapshotView(take("web"));
    const { kind, peer, lower } = link(view.namespace("web") ?? assert.fail(), "shared");
    assert.deepEqual(
      { kind, peer, lower },
      {
        kind: "macvlan",
        peer: undefined,
        lower: { namespace: HOST, index: link(view.host, "idle0").index },
      },
    );
  });

  it("changes nothing itself, is plain data, and changes with the kernel", () => {
    const [one, other] = [take("web", "api"), take("web", "api")];
    assert.deepEqual(JSON.parse(JSON.stringify(one)).schema, "ctr.net.snapshot/1");
    const rules = ({ namespaces }: Snapshot) =>
      namespaces.map(({ nftGeneration, iptables }) => [nftGeneration, iptables.length]);
    assert.deepEqual(rules(one), rules(other));
    run("ip link set ctr0 down");
    assert.equal(link(new SnapshotView(take("web")).host, "ctr0").up, false);
    run("ip link set ctr0 up");
  });
});

/** What stays while nobody does anything: IPv6 addresses of a new link come by and by, with their routes. */
const lasting = ({ namespaces, notRead }: Snapshot) => ({
  notRead,
  namespaces: namespaces.map(({ key, inode, rules, sysctls, nftables, sockets, resolvConf, links }) => ({
    ...{ key, inode, rules, sysctls, nftables, sockets, resolvConf },
    links: links.map(({ index, name, kind, mac, peer, port }) => ({ index, name, kind, mac, peer, port })),
  })),
});

/** Lets a thread read all tasks. */
async function readOnThread(input: Omit<ThreadInput, "memory" | "port">): Promise<ThreadAnswer[]> {
  const { port1: ours, port2: port } = new MessageChannel();
  const answers: ThreadAnswer[] = [];
  ours.on("message", (answer: ThreadAnswer) => answers.push(answer));
  const closed = once(ours, "close");
  const thread = new Worker(new URL("../../../../netns/diagnosis/snapshot/reading-thread.ts", import.meta.url), {
    workerData: { ...input, memory: new SharedWork().memory, port } satisfies ThreadInput,
    transferList: [port],
  });
  await Promise.all([closed, once(thread, "exit")]);
  return answers;
}
