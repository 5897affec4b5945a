import assert from "node:assert/strict";
import type { NetworkEvent } from "../../../netns/index.ts";
import { enterNetworkNamespace } from "../../../netns/namespace.ts";
import { waitFor } from "../../support/wait.ts";
import { EngineFixture, ping, run, tcp } from "./engine-fixture.ts";
import { ip, snapshot } from "./private-network.ts";

const FOREIGN = `table ip filter {
  chain FORWARD {
    type filter hook forward priority 0; policy drop;
  }
}
`;

describe("repair", () => {
  it("finds what is missing, changed or stray, changes nothing in a dry run, and mends it", async () => {
    await using fixture = await EngineFixture.start({ userlandProxy: false });
    const { engine } = fixture;
    await engine.createNetwork({ name: "front", enableIPv6: true });
    const web = await fixture.run("web", [tcp(80, 8080)], "front");
    const other = await fixture.run("other");
    const inOther = (...argv: readonly string[]): string =>
      enterNetworkNamespace(fixture.network.namespace(other.containerId), () => ip(...argv));
    assert.deepEqual(await engine.repair(), []);
    const whole = snapshot();

    const { bridge = "" } = engine.findNetwork("front");
    ip("address", "delete", `${web.gateway}/16`, "dev", bridge);
    ip("link", "set", web.hostInterface ?? "", "nomaster");
    ip("link", "add", "veth0123abc", "master", "ctr0", "type", "veth", "peer", "name", "lost");
    inOther("address", "delete", `${other.address}/16`, "dev", "eth0");
    const broken = snapshot();

    const found = await engine.repair({ dryRun: true });
    assert.equal(snapshot(), broken);
    assert.deepEqual(
      found.map(({ kind, object, text, repaired }) => `${kind} ${object}: ${text} ${repaired}`),
      [
        `changed bridge ${bridge}: it has lost the address ${web.gateway}/16 false`,
        "stray link veth0123abc: no container that runs has its other end false",
        `changed eth0 of web on front: ${web.hostInterface} is no port of ${bridge} false`,
        `changed eth0 of other on bridge: it has lost the address ${other.address}/16 false`,
        "changed routes of other: the default route of IPv4 is gone false",
      ],
    );
    const mended = await engine.repair();
    assert(mended.every(({ repaired, error }) => repaired && error === undefined));
    assert.deepEqual(await engine.repair({ dryRun: true }), []);
    assert.equal(snapshot(), whole);
    run(ping(web.address));
    run(ping(other.address));
  });

  it("is not needed for the firewall: it heals within a second, and says so", async () => {
    await using fixture = await EngineFixture.start({ userlandProxy: false });
    const events: NetworkEvent[] = [];
    fixture.engine.onEvent((event) => events.push(event));
    await fixture.engine.reconcile(new Set());
    await fixture.run("web", [tcp(80, 8080)]);
    const whole = snapshot();
    run(["nft", "flush", "ruleset"]);
    await waitFor("the rules", () => snapshot() === whole);
    assert.deepEqual(events, [{ action: "heal", id: "", attributes: { object: "firewall" } }]);
  });

  it("names what is in the way without being ours", async () => {
    await using fixture = await EngineFixture.start();
    assert.deepEqual(fixture.engine.warnings(), []);
    run(["nft", "-f", "-"], FOREIGN);
    run(["sysctl", "-q", "-w", "net.ipv4.ip_forward=0"]);
    const warnings = fixture.engine.warnings();
    assert.equal(warnings[0], "IPv4 forwarding is disabled. Networking will not work.");
    assert.match(warnings[1] ?? "", /table ip filter, chain FORWARD: policy drop/);
  });

  it("counts and limits what goes over interfaces, those that come later too", async () => {
    await using fixture = await EngineFixture.start({ userlandProxy: false });
    const { engine } = fixture;
    await engine.createNetwork({ name: "front" });
    const web = await fixture.run("web");
    fixture.inside(web.containerId, ...ping("172.17.0.1"));
    const [row] = engine.traffic();
    assert.deepEqual([row?.containerId, row?.networkName, row?.interfaceName], [web.containerId, "bridge", "eth0"]);
    assert((row?.sentPackets ?? 0) > 0 && (row?.receivedPackets ?? 0) > 0);
    const bare = snapshot();
    await engine.shape(web.containerId, { rateBps: 10_000_000, ingress: true });
    const { hostInterface: later = "" } = await engine.connect({
      ...{ containerId: web.containerId, containerName: "web", network: "front" },
    });
    for (const link of [web.hostInterface ?? "", later])
      assert.match(run(["tc", "qdisc", "show", "dev", link]), /10Mbit/);
    await engine.disconnect(web.containerId, "front");
    await engine.tearDown(web.containerId);
    await engine.setUp(web.containerId, []);
    assert.match(run(["tc", "qdisc", "show", "dev", web.hostInterface ?? ""]), /10Mbit/);
    await engine.shape(web.containerId, { rateBps: 0, ingress: true });
    assert.doesNotMatch(run(["tc", "qdisc", "show", "dev", web.hostInterface ?? ""]), /10Mbit/);
    assert.equal(snapshot().replaceAll(/^veth\S+ \S+/gm, "veth"), bare.replaceAll(/^veth\S+ \S+/gm, "veth"));
  });
});
