import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { enterNetworkNamespace } from "../../../netns/namespace.ts";
import { waitFor } from "../../support/wait.ts";
import { EngineFixture, ping, run, tcp } from "./engine-fixture.ts";
import { ip, ipJson, snapshot } from "./private-network.ts";

describe("NetworkEngine", () => {
  it("makes Docker's three networks and the bridge", async () => {
    await using fixture = await EngineFixture.start();
    const { engine } = fixture;
    assert.deepEqual(
      engine
        .networks()
        .map(({ name, driver }) => `${name} ${driver}`)
        .sort(),
      ["bridge bridge", "host host", "none null"],
    );
    const network = engine.findNetwork("default");
    assert.deepEqual(network.subnets, [{ subnet: "172.17.0.0/16", gateway: "172.17.0.1" }]);
    assert.equal(engine.findNetwork(network.id.slice(0, 12)).name, "bridge");
    assert.throws(() => engine.findNetwork("nosuch"), { message: "network nosuch not found", status: 404 });
    assert.match(ip("address", "show", "ctr0"), /inet 172\.17\.0\.1\/16/);
    assert.equal(readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8"), "1\n");
    assert.equal(readFileSync("/proc/sys/net/ipv4/conf/ctr0/route_localnet", "utf8"), "1\n");
    assert.equal(readFileSync("/proc/sys/net/ipv4/conf/all/route_localnet", "utf8"), "0\n");
  });

  it("makes sandboxes that reach each other, the bridge and the world behind it", async () => {
    await using fixture = await EngineFixture.start();
    const web = await fixture.run("web");
    const client = await fixture.run("client");
    assert.equal(web.address, "172.17.0.2");
    assert.equal(client.address, "172.17.0.3");
    assert.match(fixture.inside(web.containerId, "ip", "route"), /^default via 172\.17\.0\.1 dev eth0/);
    const [link] = JSON.parse(fixture.inside(web.containerId, "ip", "-json", "link", "show", "eth0"));
    assert.equal(link.address, web.macAddress);
    assert(link.flags.includes("LOWER_UP"));
    for (const address of ["172.17.0.2", "172.17.0.1", "127.0.0.1"]) {
      fixture.inside(client.containerId, ...ping(address));
    }
    run(ping(client.address));
  });

  it("keeps the bridge's MAC address while containers come and go", async () => {
    await using fixture = await EngineFixture.start();
    const mac = (): unknown => ipJson("link", "show", "ctr0")[0]?.["address"];
    const before = mac();
    for (let count = 0; count < 4; count++) {
      const { containerId } = await fixture.run(`web${count}`);
      assert.equal(mac(), before);
      if (count % 2 === 0) await fixture.engine.tearDown(containerId);
      assert.equal(mac(), before);
    }
  });

  it("leaves no trace after tearDown, and keeps the address for the next setUp", async () => {
    await using fixture = await EngineFixture.start();
    const { engine } = fixture;
    const before = snapshot();
    const web = await fixture.run("web", [tcp(80, 8080), tcp(81, 0)]);
    const other = await fixture.run("other");
    assert.notEqual(snapshot(), before);
    await engine.tearDown(web.containerId);
    await engine.tearDown(other.containerId);
    await engine.tearDown(other.containerId);
    assert.equal(snapshot(), before);
    assert.equal(existsSync(fixture.network.namespace(web.containerId)), false);
    assert.equal(engine.sandboxOf(web.containerId), undefined);
    assert.equal(fixture.create("third").address, "172.17.0.4");
    const again = await engine.setUp(web.containerId, []);
    assert.equal(again.endpoints[0]?.address, web.address);
    assert.equal(again.endpoints[0]?.macAddress, web.macAddress);
    engine.releaseEndpoints(other.containerId);
    assert.equal(fixture.create("fourth").address, other.address);
  });

  it("is reached at once under an address that another container had, by those who knew that one", async () => {
    await using fixture = await EngineFixture.start();
    const client = await fixture.run("client");
    const first = await fixture.run("first");
    fixture.inside(client.containerId, ...ping(first.address));
    run(ping(first.address));
    await fixture.engine.tearDown(first.containerId);
    fixture.engine.releaseEndpoints(first.containerId);
    const second = await fixture.run("second");
    assert.equal(second.address, first.address);
    assert.notEqual(second.macAddress, first.macAddress);
    fixture.inside(client.containerId, "busybox", "ping", "-c1", "-W1", second.address);
    run(["busybox", "ping", "-c1", "-W1", second.address]);
  });

  it("sets up twenty at once", async () => {
    await using fixture = await EngineFixture.start();
    const names = Array.from({ length: 20 }, (_, index) => `web${index}`);
    const endpoints = await Promise.all(names.map((name, index) => fixture.run(name, [tcp(80, 9000 + index)])));
    assert.equal(new Set(endpoints.map(({ address }) => address)).size, 20);
    fixture.inside(endpoints[0]?.containerId ?? "", ...ping(endpoints[19]?.address ?? ""));
    await Promise.all(endpoints.map(({ containerId }) => fixture.engine.tearDown(containerId)));
    assert.deepEqual(ipJson("link", "show", "type", "veth"), []);
  });

  it("publishes ports: from the host, from a neighbour, and from the container itself", async () => {
    await using fixture = await EngineFixture.start();
    const web = await fixture.run("web", [tcp(80, 8080), tcp(80, 8081, "127.0.0.1")]);
    const client = await fixture.run("client");
    assert.deepEqual(fixture.engine.sandboxOf(web.containerId)?.ports, [
      { protocol: "tcp", containerPort: 80, hostIp: "0.0.0.0", hostPort: 8080 },
      { protocol: "tcp", containerPort: 80, hostIp: "::", hostPort: 8080 },
      { protocol: "tcp", containerPort: 80, hostIp: "127.0.0.1", hostPort: 8081 },
    ]);
    const server = serve(fixture.network.namespace(web.containerId), fixture.network.directory);
    try {
      await waitFor("the server", () => run(fetch("172.17.0.2")) === "hello");
      for (const address of ["127.0.0.1:8080", "127.0.0.1:8081", "172.17.0.1:8080"]) {
        assert.equal(run(fetch(address)), "hello");
      }
      assert.equal(fixture.inside(client.containerId, ...fetch("172.17.0.1:8080")), "hello");
      assert.equal(fixture.inside(web.containerId, ...fetch("172.17.0.1:8080")), "hello");
      assert.throws(() => run(fetch("172.17.0.1:8081")));
    } finally {
      server.kill("SIGKILL");
      await once(server, "exit");
    }
  });

  it("takes and opens ports when it is told to", async () => {
    await using fixture = await EngineFixture.start();
    const { engine } = fixture;
    const { containerId } = fixture.create("web");
    const second = fixture.create("second").containerId;
    for (const id of [containerId, second]) {
      const { ports } = await engine.setUp(id, [tcp(80, 8080)], { portsLater: true });
      assert.deepEqual(ports, []);
    }
    const rows = async (name: string) => (await engine.rules()).rows.filter(({ owner }) => owner === name).length;
    assert.equal(await rows("web"), 0);
    const ports = await engine.openPorts(containerId);
    assert.deepEqual(
      ports.map(({ hostIp, hostPort }) => `${hostIp} ${hostPort}`),
      ["0.0.0.0 8080", ":: 8080"],
    );
    assert.equal(await rows("web"), 1);
    await assert.rejects(engine.openPorts(second), { code: "CTR_PORT_ALLOCATED" });
    assert.equal(await rows("second"), 0);
    await engine.tearDown(containerId);
    assert.equal(await rows("web"), 0);
    assert.deepEqual(await engine.openPorts(containerId), []);
    assert.equal(await rows("web"), 0);
    assert.equal((await engine.openPorts(second)).length, 2);
    assert.equal(await rows("second"), 1);
  });

  it("refuses a port that another container has, with Docker's text, and leaves nothing of the attempt", async () => {
    await using fixture = await EngineFixture.start();
    await fixture.run("web", [tcp(80, 8080)]);
    const second = fixture.create("second");
    const before = snapshot();
    const text = "driver failed programming external connectivity on endpoint second";
    await assert.rejects(fixture.engine.setUp(second.containerId, [tcp(81, 8081), tcp(80, 8080)]), {
      message: `${text} (${second.id}): Bind for 0.0.0.0:8080 failed: port is already allocated`,
      status: 500,
      code: "CTR_PORT_ALLOCATED",
    });
    assert.equal(snapshot(), before);
    assert.equal(fixture.engine.sandboxOf(second.containerId), undefined);
    await fixture.engine.setUp(second.containerId, [tcp(81, 8081)]);
  });

  it("leaves nothing when a later step fails", async () => {
    await using fixture = await EngineFixture.start();
    const { engine } = fixture;
    const web = fixture.create("web");
    const hostInterface = `veth${web.id.slice(0, 7)}`;
    // Somebody else's link has the name: the fourth step fails, after ports and namespace were made.
    ip("link", "add", hostInterface, "type", "bridge");
    const before = snapshot();
    await assert.rejects(engine.setUp(web.containerId, [tcp(80, 8080)]), {
      message: /^cannot set up the sandbox of [0-9a-f]{64}: connect eth0 to bridge: create veth .* \(EEXIST\)$/,
    });
    assert.equal(snapshot(), before);
    assert.equal(existsSync(fixture.network.namespace(web.containerId)), false);
    ip("link", "delete", hostInterface);
    await engine.setUp(web.containerId, [tcp(80, 8080)]);
    await assert.rejects(engine.setUp(web.containerId, []), { code: "CTR_SANDBOX_EXISTS" });
  });

  it("gives `none` only loopback, and `host` no namespace", async () => {
    await using fixture = await EngineFixture.start();
    const none = fixture.create("alone", "none");
    assert.equal(none.address, "");
    const sandbox = await fixture.engine.setUp(none.containerId, [tcp(80, 8080)]);
    assert.deepEqual(sandbox.ports, []);
    const links = JSON.parse(fixture.inside(none.containerId, "ip", "-json", "link"));
    assert.deepEqual(
      links.map(({ ifname, flags }: { ifname: string; flags: string[] }) => [ifname, flags.includes("UP")]),
      [["lo", true]],
    );
    const host = fixture.create("open", "host");
    const { namespacePath } = await fixture.engine.setUp(host.containerId, []);
    assert.equal(namespacePath, undefined);
    await fixture.engine.tearDown(host.containerId);
    await fixture.engine.tearDown(none.containerId);
  });

  it("removes the link also when something else holds the namespace", async () => {
    await using fixture = await EngineFixture.start();
    const web = await fixture.run("web");
    const holder = enterNetworkNamespace(fixture.network.namespace(web.containerId), () =>
      spawn("sleep", ["60"], { stdio: "ignore" }),
    );
    try {
      await fixture.engine.tearDown(web.containerId);
      assert.deepEqual(ipJson("link", "show", "type", "veth"), []);
    } finally {
      holder.kill("SIGKILL");
      await once(holder, "exit");
    }
  });

  it("refuses a second engine in the same network namespace", async () => {
    await using fixture = await EngineFixture.start();
    await assert.rejects(fixture.open(), { code: "CTR_NETWORK_OWNED" });
  });
});

/** A web server on port 80 of a namespace. */
function serve(namespace: string, folder: string): ChildProcess {
  writeFileSync(join(folder, "index.html"), "hello");
  return enterNetworkNamespace(namespace, () =>
    spawn("busybox", ["httpd", "-f", "-p", "80", "-h", folder], { stdio: "ignore" }),
  );
}

const fetch = (address: string): readonly [string, ...string[]] => ["curl", "-sS", "-m3", `http://${address}/`];
