import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { generateId } from "../../../lib/ids.ts";
import { type Logger, silentLogger } from "../../../lib/log.ts";
import type { Endpoint } from "../../../netns/index.ts";
import { createNamespace } from "../../../netns/namespace.ts";
import { EngineFixture, ping, run, tcp } from "./engine-fixture.ts";
import { ip, ipJson, snapshot } from "./private-network.ts";

const veths = (): unknown[] => ipJson("link", "show", "type", "veth").map(({ ifname }) => ifname);

/** The engine ends without a word, as by kill -9, and a new one takes over. */
async function restart(fixture: EngineFixture, live: readonly Endpoint[], logger?: Logger): Promise<void> {
  await fixture.close();
  await fixture.open({}, logger);
  await fixture.engine.reconcile(new Set(live.map(({ containerId }) => containerId)));
}

describe("NetworkEngine.reconcile", () => {
  it("keeps what runs as it is, and holds its ports again", async () => {
    await using fixture = await EngineFixture.start();
    const web = await fixture.run("web", [tcp(80, 8080)]);
    const before = snapshot();
    await restart(fixture, [web]);
    assert.equal(snapshot(), before);
    assert.equal(fixture.engine.sandboxOf(web.containerId)?.ports[0]?.hostPort, 8080);
    const other = fixture.create("other");
    await assert.rejects(fixture.engine.setUp(other.containerId, [tcp(80, 8080)]), /port is already allocated/);
    run(ping(web.address));
    await fixture.engine.tearDown(web.containerId);
    assert.deepEqual(veths(), []);
  });

  it("removes all of containers that do not run any more, but for their addresses", async () => {
    await using fixture = await EngineFixture.start();
    await fixture.engine.reconcile(new Set());
    const before = snapshot();
    const web = await fixture.run("web", [tcp(80, 8080)]);
    const other = await fixture.run("other", [tcp(80, 8081)]);
    await restart(fixture, []);
    assert.equal(snapshot(), before);
    for (const { containerId, address } of [web, other]) {
      assert.equal(fixture.engine.sandboxOf(containerId), undefined);
      assert.equal(existsSync(fixture.network.namespace(containerId)), false);
      assert.equal(fixture.engine.endpointsOfContainer(containerId)[0]?.address, address);
    }
    await fixture.engine.setUp(web.containerId, [tcp(80, 8080)]);
  });

  it("removes what a start that was killed half way left, at any of its steps", async () => {
    await using fixture = await EngineFixture.start();
    await fixture.engine.reconcile(new Set());
    const before = snapshot();
    // The record alone; a file without a namespace on it; a namespace; a link whose endpoint nobody knows.
    const { containerId } = fixture.create("web");
    fixture.store.run(
      "INSERT INTO sandboxes (container_id, namespace_path) VALUES (?, ?)",
      containerId,
      fixture.network.namespace(containerId),
    );
    createNamespace(fixture.network.namespace(generateId()), () => {});
    const file = fixture.network.namespace(generateId());
    writeFileSync(file, "");
    ip("link", "add", "veth0123abc", "master", "ctr0", "type", "veth", "peer", "name", "lost");
    await restart(fixture, []);
    assert.equal(snapshot(), before);
    assert.equal(existsSync(file), false);
    assert.equal(fixture.engine.sandboxOf(containerId), undefined);
  });

  it("leaves other people's links on the bridge alone", async () => {
    await using fixture = await EngineFixture.start();
    ip("link", "add", "tap-vm1", "master", "ctr0", "type", "veth", "peer", "name", "vm1");
    await restart(fixture, []);
    assert.deepEqual(veths().sort(), ["tap-vm1", "vm1"]);
  });

  it("makes a bridge again that was deleted, and connects running containers to it", async () => {
    await using fixture = await EngineFixture.start();
    const [web, other] = [await fixture.run("web"), await fixture.run("other")];
    ip("link", "delete", "ctr0");
    ip("link", "delete", other.hostInterface ?? "");
    const warnings: string[] = [];
    await restart(fixture, [web, other], { ...silentLogger, warn: (text) => warnings.push(text) });
    for (const { address } of [web, other]) run(ping(address));
    fixture.inside(web.containerId, ...ping(other.address));
    assert.deepEqual(warnings, [
      `Repaired eth0 of web on bridge: ${web.hostInterface} is no port of ctr0.`,
      "Repaired eth0 of other on bridge: the container has lost its link.",
      "Repaired routes of other: the default route of IPv4 is gone.",
    ]);
  });

  it("writes the rules again that somebody flushed", async () => {
    await using fixture = await EngineFixture.start();
    const web = await fixture.run("web", [tcp(80, 8080)]);
    const before = snapshot();
    run(["nft", "flush", "ruleset"]);
    await restart(fixture, [web]);
    assert.equal(snapshot(), before);
  });

  it("releases addresses of containers that nobody knows, when told which are known", async () => {
    await using fixture = await EngineFixture.start();
    const [kept, lost] = [fixture.create("kept"), fixture.create("lost")];
    await fixture.engine.reconcile(new Set(), new Set([kept.containerId]));
    assert.equal(fixture.engine.endpointsOfContainer(lost.containerId).length, 0);
    assert.equal(fixture.create("next").address, lost.address);
  });
});
