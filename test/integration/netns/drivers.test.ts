import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { createNamespace, enterNetworkNamespace, removeNamespace } from "../../../netns/namespace.ts";
import { EngineFixture, ping, run, tcp } from "./engine-fixture.ts";
import { ip, ipJson, snapshot } from "./private-network.ts";

const PARENT = "up0";
const LAN = { config: [{ subnet: "192.0.2.0/24", gateway: "192.0.2.254", ipRange: "192.0.2.128/25" }] };

interface Machine extends Disposable {
  /** Of its namespace. */
  readonly path: string;
}

/** A machine on the cable that the host is on, too. */
function neighbour(fixture: EngineFixture): Machine {
  const path = join(fixture.network.directory, "lan");
  createNamespace(path, () => ip("link", "set", "lo", "up"));
  ip("link", "add", PARENT, "type", "veth", "peer", "name", "eth0");
  execFileSync("sh", ["-c", `exec 3<${path}; ip link set eth0 netns /proc/self/fd/3`]);
  ip("link", "set", PARENT, "up");
  enterNetworkNamespace(path, () => {
    ip("address", "add", "192.0.2.254/24", "dev", "eth0");
    ip("-6", "address", "add", "2001:db8::1/64", "dev", "eth0", "nodad");
    ip("link", "set", "eth0", "up");
  });
  return { path, [Symbol.dispose]: () => removeNamespace(path) };
}

/** True when this kernel can make such links. */
function hasKind(kind: string): boolean {
  try {
    ip(
      "link",
      "add",
      "try0",
      ...(kind === "dummy" ? [] : ["link", PARENT]),
      "type",
      kind,
      ...(kind === "vlan" ? ["id", "5"] : []),
    );
    ip("link", "delete", "try0");
    return true;
  } catch {
    return false;
  }
}

describe("macvlan networks", () => {
  it("put containers on the host's cable under hardware addresses of their own", async () => {
    await using fixture = await EngineFixture.start();
    using lan = neighbour(fixture);
    const { engine } = fixture;
    const before = snapshot();
    const { network } = await engine.createNetwork({
      name: "lan",
      driver: "macvlan",
      enableIPv6: true,
      options: { parent: PARENT },
      ipam: { config: [...LAN.config, { subnet: "2001:db8::/64", gateway: "2001:db8::1" }] },
    });
    assert.equal(snapshot(), before);
    const [one, two] = [await fixture.run("one", [tcp(80, 8080)], "lan"), await fixture.run("two", [], "lan")];
    assert.equal(one.address, "192.0.2.128");
    assert.deepEqual([one.interfaceName, one.hostInterface], ["eth0", undefined]);
    assert.deepEqual(engine.sandboxOf(one.containerId)?.ports, []);
    fixture.inside(one.containerId, ...ping("192.0.2.254"));
    fixture.inside(one.containerId, ...ping(two.address));
    fixture.inside(one.containerId, "busybox", "ping", "-6", "-c1", "-W2", "2001:db8::1");
    const seen = enterNetworkNamespace(lan.path, () => ipJson("neighbour", "show", one.address));
    assert.equal(seen[0]?.["lladdr"], one.macAddress);
    assert.match(fixture.inside(one.containerId, "ip", "route"), /^default via 192\.0\.2\.254 dev eth0/);

    const web = await fixture.run("web");
    const joined = await engine.connect({ containerId: web.containerId, containerName: "web", network: "lan" });
    assert.equal(joined.interfaceName, "eth1");
    fixture.inside(web.containerId, ...ping("192.0.2.254"));
    assert.equal(engine.traffic().find(({ interfaceName }) => interfaceName === "eth1")?.networkName, "lan");
    await engine.disconnect(web.containerId, "lan");
    assert.equal(ipJson("link", "show", "type", "macvlan").length, 0);
    run(ping(web.address));

    await fixture.close();
    await fixture.open();
    const live = [one, two, web].map(({ containerId }) => containerId);
    await fixture.engine.reconcile(new Set(live));
    assert.deepEqual(await fixture.engine.repair({ dryRun: true }), []);
    fixture.inside(one.containerId, ...ping("192.0.2.254"));
    for (const id of live) await fixture.engine.tearDown(id);
    await fixture.engine.removeNetwork(network.id);
    assert.equal(snapshot(), before);
  });

  it("say what is wrong with a parent or a mode", async () => {
    await using fixture = await EngineFixture.start();
    using _lan = neighbour(fixture);
    const before = snapshot();
    for (const [options, message] of [
      [{ parent: "nosuch" }, "invalid subinterface vlan name nosuch, example formatting is eth0.10"],
      [{ parent: "nosuch.7" }, "failed to find master interface nosuch on the Docker host"],
      [{ parent: `${PARENT}.4095` }, "vlan id must be between 1-4094, received: 4095"],
      [
        { parent: PARENT, macvlan_mode: "loose" },
        "requested macvlan mode 'loose' is not valid, 'bridge' mode is the macvlan driver default",
      ],
    ] as const) {
      await assert.rejects(fixture.engine.createNetwork({ name: "lan", driver: "macvlan", options, ipam: LAN }), {
        message,
        status: 400,
      });
      assert.equal(snapshot(), before);
      assert.equal(fixture.engine.networks().length, 3);
    }
  });

  for (const [kind, driver, module, options] of [
    ["vlan", "macvlan", "8021q", { parent: `${PARENT}.7` }],
    ["dummy", "macvlan", "dummy", {}],
    ["ipvlan", "ipvlan", "ipvlan", { parent: PARENT }],
    ["ipvlan", "ipvlan", "ipvlan", { parent: PARENT, ipvlan_mode: "l3" }],
  ] as const) {
    it(`with ${driver} on ${JSON.stringify(options)} work, or name the module that the kernel lacks`, async () => {
      await using fixture = await EngineFixture.start();
      using _lan = neighbour(fixture);
      const before = snapshot();
      const request = { name: "lan", driver, options, ipam: LAN };
      if (!hasKind(kind)) {
        await assert.rejects(fixture.engine.createNetwork(request), {
          message: `the kernel cannot make such links: it has no module ${module}`,
          hint: `load it with: modprobe ${module}`,
          status: 501,
        });
        assert.equal(snapshot(), before);
        return;
      }
      await fixture.engine.createNetwork(request);
      const [one, two] = [await fixture.run("one", [], "lan"), await fixture.run("two", [], "lan")];
      fixture.inside(one.containerId, ...ping(two.address));
      for (const { containerId } of [one, two]) await fixture.engine.tearDown(containerId);
      await fixture.engine.removeNetwork("lan");
      assert.equal(snapshot(), before);
    });
  }
});
