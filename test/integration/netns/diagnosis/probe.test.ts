import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Tracefs } from "../../../../netns/diagnosis/tracing/tracefs.ts";
import { openLibnftables } from "../../../../netns/firewall/nftables/libnftables.ts";
import {
  type Flow,
  isProbeTable,
  type Observations,
  type ProbeOptions,
  probe,
  type TracedVerdict,
  watch,
} from "../../../../netns/index.ts";
import { waitFor } from "../../../support/wait.ts";
import { API, flow, HOST_ADDRESS, OUTSIDE_ADDRESS, ProbeNetwork } from "./probe-network.ts";
import { run } from "./topology.ts";

const PROGRAM = join(import.meta.dirname, "probe-program.ts");
/** A program that sends to another port all the time. */
const FLOOD = `
  const socket = require("node:dgram").createSocket("udp4");
  setInterval(() => socket.send("x", 80, "${API}"), 1);
`;
/** Milliseconds after which silence is silence: nothing that is asked here takes long. */
const SILENCE = 300;

describe("a probe", () => {
  let network: ProbeNetwork;

  before(async () => {
    network = new ProbeNetwork();
    await Promise.all([network.serve("api", 80), network.serve("api", 53), network.serve("outside", 80)]);
  });
  after(() => network?.[Symbol.dispose]());
  afterEach("nothing is left", () => {
    for (const place of ["host", "web", "api"]) assert.deepEqual(network.tables(place).filter(isOurs), [], place);
    assert.deepEqual(instancesOf(process.pid), []);
  });

  const send = (question: Flow, options: Partial<ProbeOptions> = {}): Promise<Observations> =>
    probe(network.view(), question, { namespaces: network.namespaces, timeout: SILENCE, ...options });

  it("sees a connection pass the rules and devices of three namespaces, there and back", async () => {
    const seen = await send(flow("web", API, 80));
    assert.equal(seen.attempts.length, 1);
    assert.equal(seen.attempts[0]?.outcome, "connected");
    assert.deepEqual(rules(seen), [
      "there host inet ctr prerouting accept",
      "there host inet ctr forward accept",
      "there host inet ctr postrouting accept",
      "back host inet ctr forward accept",
    ]);
    assert.deepEqual(placesInOrder(seen.verdicts), [
      ...["there web", "there host", "there api"],
      ...["back api", "back host", "back web"],
    ]);
    assert.deepEqual(
      seen.devices.slice(0, 4).map(({ direction, place, event, device }) => `${direction} ${place} ${event} ${device}`),
      ["there web sent eth0", "there host received v-web", "there host sent v-api", "there api received eth0"],
    );
    assert.deepEqual(seen.drops, []);
    const [connection] = seen.connections;
    assert.deepEqual([connection?.place, connection?.replied, connection?.reply.source], ["host", true, API]);
    assert.ok(
      seen.counters.some(({ place, name, change }) => place === "web" && name === "Tcp.ActiveOpens" && change === 1),
    );
    assert.ok(
      seen.neighbours.some(({ place, address, state }) => place === "web" && address === API && state !== "failed"),
    );
    assert.deepEqual(seen.notSeen, []);
  });

  it("follows a packet whose addresses are translated", async () => {
    const published = await send(flow("web", HOST_ADDRESS, 8080));
    assert.equal(published.attempts[0]?.outcome, "connected");
    const arrived = published.verdicts.filter(({ place, direction }) => place === "api" && direction === "there");
    assert.deepEqual([arrived[0]?.packet?.destination, arrived[0]?.packet?.destinationPort], [API, 80]);
    const outside = await send(flow("web", OUTSIDE_ADDRESS, 80));
    assert.equal(outside.attempts[0]?.outcome, "connected");
    assert.equal(outside.connections[0]?.reply.destination, HOST_ADDRESS);
    assert.ok(outside.verdicts.some(({ place, direction }) => place === "web" && direction === "back"));
  });

  it("speaks UDP, a name server's language, and ICMP", async () => {
    assert.equal((await send(flow("web", API, 53, { protocol: "udp" }))).attempts[0]?.outcome, "answered");
    assert.equal((await send(flow("web", API, 80, { protocol: "udp" }))).attempts[0]?.outcome, "answered");
    const echo = await send(flow("web", OUTSIDE_ADDRESS, 0, { protocol: "icmp" }));
    assert.equal(echo.attempts[0]?.outcome, "answered");
    assert.ok(echo.verdicts.some(({ place, direction }) => place === "host" && direction === "back"));
  });

  it("names the rule that drops", async () => {
    network.nft("table inet other { chain f { type filter hook forward priority 10; tcp dport 80 counter drop; }; }");
    try {
      const seen = await send(flow("web", OUTSIDE_ADDRESS, 80));
      assert.deepEqual(
        seen.attempts.map(({ outcome }) => outcome),
        ["silence", "silence", "silence"],
      );
      const last = seen.verdicts.at(-1);
      assert.deepEqual(
        [last?.place, last?.family, last?.table, last?.chain, last?.verdict],
        ["host", "inet", "other", "f", "drop"],
      );
      assert.ok(last?.handle !== undefined);
      assert.deepEqual([last?.inputDevice, last?.outputDevice], ["ctr0", "v-outside"]);
      const [drop] = seen.drops;
      assert.deepEqual([drop?.reason, drop?.place, drop?.direction], ["NETFILTER_DROP", "host", "there"]);
    } finally {
      run("nft delete table inet other");
    }
  });

  it("names rules of bridges and of devices", async () => {
    for (const [family, hook, chain] of [
      ["bridge", "forward", ""],
      ["netdev", "ingress", "device v-web"],
    ]) {
      network.nft(
        `table ${family} other { chain f { type filter hook ${hook} ${chain} priority 10; ip protocol tcp drop; }; }`,
      );
      try {
        const seen = await send(flow("web", API, 80), { attempts: 1 });
        const last = seen.verdicts.at(-1);
        assert.deepEqual([last?.family, last?.table, last?.verdict], [family, "other", "drop"]);
      } finally {
        run(`nft delete table ${family} other`);
      }
    }
  });

  it("shows where iptables' old implementation drops by the chain of its own that is not reached", async () => {
    run("iptables-legacy -A FORWARD -p tcp --dport 80 -j DROP");
    try {
      const seen = await send(flow("web", OUTSIDE_ADDRESS, 80), { attempts: 1 });
      const last = seen.verdicts.at(-1);
      assert.ok(last !== undefined && isProbeTable(last.table));
      assert.deepEqual([last.place, last.chain], ["host", "forward_first"]);
      assert.deepEqual([seen.drops[0]?.reason, seen.drops[0]?.location], ["NETFILTER_DROP", "nf_hook_slow"]);
    } finally {
      run("iptables-legacy -F FORWARD");
    }
  });

  it("tells a refusal by the far end from one by a rule", async () => {
    const closed = await send(flow("web", API, 81));
    assert.deepEqual([closed.attempts[0]?.outcome, closed.attempts[0]?.reportedBy], ["refused", undefined]);
    assert.deepEqual([closed.drops[0]?.reason, closed.drops[0]?.place], ["NO_SOCKET", "api"]);
    const datagram = await send(flow("web", API, 81, { protocol: "udp" }));
    assert.deepEqual([datagram.attempts[0]?.outcome, datagram.attempts[0]?.reportedBy], ["refused", API]);
    network.nft("table inet other { chain f { type filter hook forward priority 10; tcp dport 81 reject; }; }");
    try {
      const rejected = await send(flow("web", OUTSIDE_ADDRESS, 81));
      assert.deepEqual([rejected.attempts[0]?.outcome, rejected.attempts[0]?.reportedBy], ["refused", "10.7.0.1"]);
    } finally {
      run("nft delete table inet other");
    }
  });

  it("tells who said that a packet is too big", async () => {
    run("ip link set v-outside mtu 1300");
    try {
      const seen = await send(flow("web", OUTSIDE_ADDRESS, 80, { protocol: "udp", size: 1400 }));
      const [attempt] = seen.attempts;
      assert.deepEqual([attempt?.outcome, attempt?.errno, attempt?.reportedBy], ["error", "EMSGSIZE", "10.7.0.1"]);
    } finally {
      run("ip link set v-outside mtu 1500");
    }
  });

  it("sees that there is no route, that nobody has the address, and that a sender's own rules drop", async () => {
    const silent = await send(flow("web", "10.7.0.99", 80), { attempts: 1 });
    assert.equal(silent.attempts[0]?.outcome, "silence");
    assert.ok(
      silent.neighbours.some(
        ({ place, address, state }) => place === "web" && address === "10.7.0.99" && state === "incomplete",
      ),
    );
    network.in("web", () =>
      network.nft("table ip own { chain o { type filter hook output priority 0; udp dport 80 drop; }; }"),
    );
    const forbidden = await send(flow("web", API, 80, { protocol: "udp" }));
    assert.deepEqual([forbidden.attempts[0]?.outcome, forbidden.attempts[0]?.errno], ["error", "EPERM"]);
    assert.equal(forbidden.verdicts.at(-1)?.table, "own");
    network.in("web", () => run("nft delete table ip own"));
    network.in("web", () => run("ip route del default"));
    const lost = await send(flow("web", OUTSIDE_ADDRESS, 80));
    assert.deepEqual([lost.attempts[0]?.outcome, lost.attempts[0]?.errno], ["unreachable", "ENETUNREACH"]);
    assert.deepEqual(lost.verdicts, []);
    network.in("web", () => run("ip route add default via 10.7.0.1"));
  });

  it("is not disturbed by others of the same process", async () => {
    const all = await Promise.all([80, 80, 81, 82].map((port) => send(flow("web", API, port))));
    assert.deepEqual(
      all.map(({ attempts }) => attempts[0]?.outcome),
      ["connected", "connected", "refused", "refused"],
    );
    for (const { verdicts, notSeen } of all) {
      assert.deepEqual(notSeen, []);
      assert.equal(new Set(verdicts.map(({ packet }) => `${packet?.sourcePort} ${packet?.destinationPort}`)).size, 2);
    }
  });

  it("asks again and again where only some packets are dropped", async () => {
    network.nft(
      "table inet other { chain f { type filter hook forward priority 10; tcp flags & (syn | ack) == syn numgen inc mod 2 == 0 drop; }; }",
    );
    try {
      const seen = await send(flow("web", OUTSIDE_ADDRESS, 80), { attempts: 6, all: true });
      const outcomes = seen.attempts.map(({ outcome }) => outcome);
      assert.equal(outcomes.length, 6);
      assert.ok(outcomes.includes("connected") && outcomes.includes("silence"), outcomes.join());
    } finally {
      run("nft delete table inet other");
    }
  });

  it("neither traces nor touches other traffic", async () => {
    const monitor = network.start("host", ["nft", "monitor", "trace"]);
    let text = "";
    monitor.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    await waitFor("nft to listen", () =>
      /^\S+ +12 +\S+ +00000100/m.test(readFileSync("/proc/thread-self/net/netlink", "utf8")),
    );
    const floodedBefore = datagramsSent(network);
    const flood = network.start("web", [process.execPath, "-e", FLOOD]);
    await waitFor("the flood to be on its way", () => datagramsSent(network) > floodedBefore + 20);
    const seen = await send(flow("web", API, 82), { attempts: 1 });
    const { sourcePort } = seen.attempts[0]?.local ?? {};
    await waitFor("nft to tell of the probe", () => text.includes(`tcp dport 82`) && text.includes(`${sourcePort}`));
    flood.kill();
    monitor.kill();
    // The last line may be cut where nft was ended.
    const lines = text.split("\n").slice(0, -1);
    const strangers = lines.filter((line) => line.includes("packet:") && !line.includes(String(sourcePort)));
    assert.deepEqual(strangers, []);
  });

  it("lets libnftables work beside it in the same process", async () => {
    using nft = openLibnftables();
    nft.run("table inet beside { }\n");
    const stop = new AbortController();
    const tables = new Set<string>();
    const watching = collect(flow("web", API, 80), stop.signal, ({ verdicts }) => {
      for (const { table } of verdicts) tables.add(table);
    });
    assert.ok(network.tables("host").some(isOurs));
    nft.run("add chain inet beside c { type filter hook forward priority 20; }\nadd rule inet beside c counter\n");
    assert.match(await network.ask("web", API, 80), /^api saw/);
    await waitFor("the packets to be told", () => tables.has("beside"));
    nft.run("delete table inet beside\n");
    stop.abort();
    await watching;
  });

  it("watches what others send, and nothing else", async () => {
    const stop = new AbortController();
    const verdicts: TracedVerdict[] = [];
    const watching = collect(flow("outside", HOST_ADDRESS, 8080), stop.signal, (burst) => {
      verdicts.push(...burst.verdicts);
    });
    await network.ask("web", API, 80);
    assert.match(await network.ask("outside", HOST_ADDRESS, 8080), /^api saw 192\.0\.2\.2$/);
    await waitFor("the packets to be told", () => verdicts.length > 0);
    stop.abort();
    await watching;
    assert.ok(rules({ verdicts }).includes("there host inet ctr prerouting accept"));
    assert.ok(verdicts.some(({ place, direction }) => place === "api" && direction === "there"));
    const ends = new Set(verdicts.flatMap(({ packet }) => [packet?.source, packet?.destination]));
    assert.ok(!ends.has("10.7.0.2"));
  });

  /** Watches until the signal ends it. */
  async function collect(question: Flow, signal: AbortSignal, tell: (burst: Observations) => void): Promise<void> {
    const { namespaces } = network;
    for await (const burst of watch(network.view(), question, { namespaces, signal })) tell(burst);
  }

  it("leaves no rules when it is killed, and its trace is removed by the next one", async () => {
    const { web = "", api = "" } = Object.fromEntries(network.namespaces);
    network.nft("table inet other { chain f { type filter hook forward priority 10; tcp dport 83 drop; }; }");
    const program = network.start("host", [process.execPath, PROGRAM, API, "83", web, api]);
    const name = `ctr_probe_${program.pid}_`;
    const places = ["host", "web", "api"];
    await waitFor("the program to be armed", () =>
      places.every((place) => network.tables(place).some((table) => table.includes(name))),
    );
    assert.notDeepEqual(instancesOf(program.pid), []);
    run("nft delete table inet other");
    program.kill("SIGKILL");
    await once(program, "exit");
    await waitFor("the tables to be gone", () => places.every((place) => !network.tables(place).some(isOurs)));
    await send(flow("web", API, 80));
    assert.deepEqual(instancesOf(program.pid), []);
  });
});

const isOurs = (table: string): boolean => isProbeTable(table.split(" ").at(-1) ?? "");

/** What rules and policies have decided, without the probe's own. */
const rules = ({ verdicts }: Pick<Observations, "verdicts">): string[] =>
  verdicts
    .filter(({ table }) => !isProbeTable(table))
    .map(({ direction, place, family, table, chain, verdict }) =>
      [direction, place, family, table, chain, verdict].join(" "),
    );

const placesInOrder = (verdicts: readonly TracedVerdict[]): string[] =>
  verdicts.map(({ direction, place }) => `${direction} ${place}`).filter((one, index, all) => one !== all[index - 1]);

/** Those of a process: others trace too. */
function instancesOf(pid: number | undefined): string[] {
  using tracefs = Tracefs.open();
  return readdirSync(join(tracefs.root, "instances")).filter((name) => name.startsWith(`ctr_probe_${pid}_`));
}

const datagramsSent = (network: ProbeNetwork): number =>
  network.view().namespace("web")?.counters["Udp.OutDatagrams"] ?? 0;
