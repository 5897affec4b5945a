import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { getPriority } from "node:os";
import { join } from "node:path";
import { identifyProcess, isAlive, type ProcessIdentity, signalProcess } from "../../../lib/system/process.ts";
import type { NameRecord, NamesSandbox } from "../../../netns/dns/index.ts";
import { removeNamespace } from "../../../netns/namespace.ts";
import { waitFor } from "../../support/wait.ts";
import { NamesFixture, nameRecord } from "./fixture.ts";

const QUERIES = 10_000;
const NAMES = 20;

async function processOf(fixture: NamesFixture): Promise<ProcessIdentity> {
  const identity = identifyProcess((await fixture.dataPlane.figures()).pid);
  assert(identity !== undefined);
  return identity;
}

/** 10 000 questions at a moderate rate, each asked once. @returns what dnsperf says of them */
function askMany(fixture: NamesFixture, containerId: string): Promise<string> {
  const path = join(fixture.network.directory, "questions");
  writeFileSync(path, Array.from({ length: NAMES }, (_, index) => `name-${index} A\n`).join(""));
  const limits = ["-c", "2", "-Q", "4000", "-n", String(QUERIES / NAMES), "-t", "5"];
  return fixture.run(containerId, "dnsperf", "-s", "127.0.0.11", "-d", path, ...limits).then(({ stdout }) => stdout);
}

const records: readonly NameRecord[] = Array.from({ length: NAMES }, (_, index) =>
  nameRecord(`name-${index}`, { address: `172.18.0.${index + 2}` }),
);

async function serveNames(fixture: NamesFixture): Promise<NamesSandbox> {
  for (const record of records) fixture.names.put(record);
  return fixture.serve("c1");
}

describe("the data plane", () => {
  it("loses no question while engines come and go and containers change", async () => {
    await using fixture = NamesFixture.start();
    const c1 = await serveNames(fixture);
    const process = await processOf(fixture);
    let asking = true;
    const asked = askMany(fixture, "c1").finally(() => {
      asking = false;
    });
    let changes = 0;
    while (asking) {
      const passer = await fixture.serve(`passer-${changes}`);
      fixture.names.put(nameRecord("passer", { address: "172.18.0.200" }));
      await fixture.close();
      fixture.open();
      await fixture.dataPlane.restore({ records: [...records], sandboxes: [c1, passer], proxies: [] });
      await fixture.names.unserve(passer.containerId);
      removeNamespace(passer.namespacePath);
      changes++;
    }
    const output = await asked;
    assert.match(output, /Queries completed:\s+10000 \(100\.00%\)/);
    assert.match(output, /Queries lost:\s+0 \(0\.00%\)/);
    assert.match(output, /Response codes:\s+NOERROR 10000 \(100\.00%\)/);
    assert(changes > 1);
    assert(isAlive(process));
  });

  it("answers while no engine is there, and drops what the next one does not know", async () => {
    await using fixture = NamesFixture.start();
    const c1 = await serveNames(fixture);
    await fixture.serve("c2");
    const process = await processOf(fixture);
    await fixture.close();
    assert.equal(await fixture.ask("c1", "name-1"), "NOERROR 172.18.0.3");
    fixture.open();
    await fixture.dataPlane.restore({ records: records.slice(2), sandboxes: [c1], proxies: [] });
    assert.equal(await fixture.ask("c1", "name-2"), "NOERROR 172.18.0.4");
    assert.equal(await fixture.ask("c1", "name-1"), "SERVFAIL");
    const { sandboxes, records: known, pid } = await fixture.dataPlane.figures();
    assert.deepEqual([sandboxes, known, pid], [1, NAMES - 2, process.pid]);
  });

  it("is started again after kill -9, and knows everything", async () => {
    await using fixture = NamesFixture.start();
    await serveNames(fixture);
    for (let round = 1; round <= 2; round++) {
      const former = await processOf(fixture);
      signalProcess(former.pid, "SIGKILL");
      await waitFor("a new data plane", () => fixture.restarts === round);
      assert.equal(await fixture.ask("c1", "name-3"), "NOERROR 172.18.0.5");
      assert.equal(await fixture.ask("c1", "name-3", "+tcp"), "NOERROR 172.18.0.5");
      assert.notEqual((await processOf(fixture)).pid, former.pid);
    }
  });

  it("takes changes that are made while it is down", async () => {
    await using fixture = NamesFixture.start();
    await serveNames(fixture);
    const { pid } = await processOf(fixture);
    const c2 = fixture.sandbox("c2");
    signalProcess(pid, "SIGKILL");
    fixture.names.put(nameRecord("new", { address: "172.18.0.99" }));
    await Promise.all([fixture.names.serve(c2), fixture.names.unserve("c1")]);
    assert.equal(await fixture.ask("c2", "new"), "NOERROR 172.18.0.99");
    assert.equal((await fixture.dataPlane.figures()).sandboxes, 1);
  });

  it("goes before other work, also where the kernel groups processes by sessions", async () => {
    await using fixture = NamesFixture.start();
    await serveNames(fixture);
    const { pid } = await processOf(fixture);
    assert.equal(getPriority(pid), -10);
    const path = `/proc/${pid}/autogroup`;
    if (existsSync(path)) assert.match(readFileSync(path, "utf8"), /nice -10$/m);
  });

  it("is not started for names alone, nor by an engine that has nothing for it", async () => {
    await using fixture = NamesFixture.start();
    fixture.names.put(nameRecord("web"));
    fixture.names.remove("n1", "web");
    await fixture.names.settled();
    await fixture.dataPlane.restore({ records: [...records], sandboxes: [], proxies: [] });
    await fixture.names.unserve("c1");
    assert(!fixture.socketExists);
    await fixture.serve("c1");
    assert(fixture.socketExists);
    assert.equal(await fixture.ask("c1", "name-4"), "NOERROR 172.18.0.6");
  });

  it("ends when it is told to", async () => {
    await using fixture = NamesFixture.start();
    await serveNames(fixture);
    const process = await processOf(fixture);
    await fixture.dataPlane.end();
    await waitFor("its end", () => !isAlive(process));
    assert.equal(fixture.restarts, 0);
  });

  it("ends, whatever it carries, when no engine can find it any more", async () => {
    await using fixture = NamesFixture.start();
    await serveNames(fixture);
    const process = await processOf(fixture);
    await fixture.close();
    rmSync(join(fixture.network.directory, "dataplane.sock"));
    await waitFor("its end", () => !isAlive(process));
  });

  it("restores what it can, when a sandbox has gone", async () => {
    await using fixture = NamesFixture.start();
    const c1 = fixture.sandbox("c1");
    const gone = { ...c1, containerId: "gone", namespacePath: `${c1.namespacePath}-gone` };
    await fixture.dataPlane.restore({ records: [...records], sandboxes: [gone, c1], proxies: [] });
    assert.equal(await fixture.ask("c1", "name-0"), "NOERROR 172.18.0.2");
  });
});
