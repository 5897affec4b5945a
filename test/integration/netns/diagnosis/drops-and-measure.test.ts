import assert from "node:assert/strict";
import { type Drop, type DropNotice, dropCounters, followDrops, measure } from "../../../../netns/index.ts";
import { waitFor } from "../../../support/wait.ts";
import { API, ProbeNetwork } from "./probe-network.ts";
import { run } from "./topology.ts";

describe("drops and measurements", () => {
  let network: ProbeNetwork;

  before(() => {
    network = new ProbeNetwork();
  });
  after(() => network?.[Symbol.dispose]());

  it("follows drops with the container they concern, and leaves out those of others", async () => {
    const stop = new AbortController();
    const told: (Drop | DropNotice)[] = [];
    const following = (async () => {
      const options = { signal: stop.signal, container: "api" };
      for await (const drop of followDrops(network.view(), options)) told.push(drop);
    })();
    network.nft("table inet other { chain f { type filter hook forward priority 10; tcp dport 82 drop; }; }");
    // Dropped before it comes to api, then refused there.
    for (const port of [82, 81]) {
      network.start("web", [process.execPath, "-e", `require("net").connect(${port}, "${API}").on("error", () => {})`]);
    }
    // Other tests' hosts are on this kernel, too: what it cannot place by itself may be taken for a packet of api's.
    const refusal = (): Drop | undefined =>
      told.filter((one) => one.kind === "drop").find(({ reason }) => reason === "NO_SOCKET");
    const drop = await waitFor("the refusal to be told", refusal);
    stop.abort();
    await following;
    run("nft delete table inet other");
    assert.deepEqual([drop.location, drop.protocol, drop.device, drop.place], ["tcp_v4_rcv", "ip", "eth0", "api"]);
    assert.ok(Math.abs(Date.parse(drop.time) - Date.now()) < 60_000);
    assert.ok(told.every((one) => one.kind === "notice" || one.container === "api"));
    const counter = dropCounters(network.view()).find(({ place, name }) => place === "api" && name === "Tcp.OutRsts");
    assert.equal(counter?.value, 1);
  });

  it("measures how much, how fast and how large packets get from one container to another", async () => {
    run("ip link set v-api mtu 1400");
    const { there, back, latency, pathMtu, failures } = await measure({
      ...{ namespaces: network.namespaces, from: "web", to: "api", address: API, seconds: 0.2 },
    });
    run("ip link set v-api mtu 1500");
    assert.deepEqual(failures, []);
    assert.ok(there !== undefined && there.bytesPerSecond > 1e6);
    assert.ok(back !== undefined && back.bytesPerSecond > 1e6);
    assert.ok(latency !== undefined && latency.rounds > 0 && latency.p50 <= latency.p99);
    assert.equal(pathMtu, 1400);
  });

  it("says why there is nothing to measure", async () => {
    network.nft("table inet other { chain f { type filter hook forward priority 10; reject; }; }");
    try {
      const measured = await measure({ namespaces: network.namespaces, from: "web", to: "api", address: API });
      assert.deepEqual(measured.failures, [`connection: no connection to ${API}: ECONNREFUSED`]);
      assert.deepEqual([measured.there, measured.latency, measured.pathMtu], [undefined, undefined, undefined]);
    } finally {
      run("nft delete table inet other");
    }
  });
});
