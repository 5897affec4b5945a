import assert from "node:assert/strict";
import type { Endpoint } from "../../../netns/index.ts";
import { waitFor } from "../../support/wait.ts";
import { EngineFixture, ping, run, tcp } from "./engine-fixture.ts";
import { Peers } from "./peers.ts";
import { ip, snapshot } from "./private-network.ts";

const request = ({ containerId }: Pick<Endpoint, "containerId">, network: string, more = {}) => ({
  ...{ containerId, containerName: "web", network },
  ...more,
});

async function withNetworks(...names: readonly string[]): Promise<EngineFixture> {
  const fixture = await EngineFixture.start({ userlandProxy: false });
  for (const [index, name] of names.entries()) {
    await fixture.engine.createNetwork({
      name,
      enableIPv6: true,
      internal: name.startsWith("inner"),
      ipam: { config: [{ subnet: `10.4${index}.0.0/24` }, { subnet: `fd00:4${index}::/64` }] },
    });
  }
  return fixture;
}

const links = (fixture: EngineFixture, { containerId }: Endpoint): string[] =>
  (JSON.parse(fixture.inside(containerId, "ip", "-json", "link")) as { ifname: string }[])
    .map(({ ifname }) => ifname)
    .filter((name) => name !== "lo");

const defaultRoute = (fixture: EngineFixture, { containerId }: Endpoint, family = "-4"): string =>
  /^default.* dev (\S+)/m.exec(fixture.inside(containerId, "ip", family, "route"))?.[1] ?? "none";

describe("connecting and disconnecting", () => {
  it("gives a running container a link, addresses and neighbours, and takes them away without trace", async () => {
    await using fixture = await withNetworks("front", "back");
    const { engine } = fixture;
    const web = await fixture.run("web", [], "front");
    const db = await fixture.run("db", [], "back");
    const before = snapshot();
    const endpoint = await engine.connect(request(web, "back", { ipAddress: "10.41.0.77" }));
    assert.deepEqual([endpoint.address, endpoint.interfaceName], ["10.41.0.77", "eth1"]);
    for (const [address, flag] of [
      [db.address, "-4"],
      [db.address6, "-6"],
    ] as const) {
      fixture.inside(web.containerId, "busybox", "ping", flag, "-c1", "-W2", address);
    }
    run(ping(endpoint.address));
    assert.deepEqual(
      engine.endpointsOfContainer(web.containerId).map(({ networkName }) => networkName),
      ["front", "back"],
    );
    await assert.rejects(engine.connect(request(web, "back")), {
      message: "endpoint with name web already exists in network back",
    });
    const gone = await engine.disconnect(web.containerId, "back");
    assert.equal(gone.address, "10.41.0.77");
    assert.equal(snapshot(), before);
    assert.deepEqual(links(fixture, web), ["eth0"]);
    await assert.rejects(engine.disconnect(web.containerId, "back"), { code: "CTR_ENDPOINT_NOT_FOUND" });
  });

  it("counts interfaces in the order of the networks, and fills gaps", async () => {
    await using fixture = await withNetworks("zz", "aa", "mm");
    const { engine } = fixture;
    const web = fixture.create("web", "zz");
    for (const network of ["aa", "mm"]) engine.reserveEndpoint(request(web, network));
    await engine.setUp(web.containerId, []);
    assert.deepEqual(
      engine
        .endpointsOfContainer(web.containerId)
        .map(({ networkName, interfaceName }) => [networkName, interfaceName]),
      [
        ["zz", "eth0"],
        ["aa", "eth1"],
        ["mm", "eth2"],
      ],
    );
    assert.equal(defaultRoute(fixture, web), "eth0");
    await engine.disconnect(web.containerId, "aa");
    const option = {
      "com.docker.network.endpoint.ifname": "lan7",
      // Lower case is what the docker CLI makes of it.
      "com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.ifname.rp_filter=2",
    };
    assert.equal((await engine.connect(request(web, "bridge", { driverOptions: option }))).interfaceName, "lan7");
    assert.equal((await engine.connect(request(web, "aa"))).interfaceName, "eth1");
    assert.equal(fixture.inside(web.containerId, "cat", "/proc/sys/net/ipv4/conf/lan7/log_martians"), "1\n");
    assert.equal(fixture.inside(web.containerId, "cat", "/proc/sys/net/ipv4/conf/lan7/rp_filter"), "2\n");
    // No IPv6 on a network without it; a link that a program inside makes has it.
    assert.equal(fixture.inside(web.containerId, "cat", "/proc/sys/net/ipv6/conf/lan7/disable_ipv6"), "1\n");
    assert.equal(fixture.inside(web.containerId, "cat", "/proc/sys/net/ipv6/conf/default/disable_ipv6"), "0\n");
    assert.deepEqual(links(fixture, web).sort(), ["eth0", "eth1", "eth2", "lan7"]);
  });

  it("sends everything else by the highest priority, then the first that leads out; each family for itself", async () => {
    await using fixture = await withNetworks("inner", "front", "back");
    const { engine } = fixture;
    const web = await fixture.run("web", [], "inner");
    assert.equal(defaultRoute(fixture, web), "none");
    await engine.connect(request(web, "bridge"));
    assert.deepEqual([defaultRoute(fixture, web), defaultRoute(fixture, web, "-6")], ["eth1", "none"]);
    await engine.connect(request(web, "front"));
    assert.deepEqual([defaultRoute(fixture, web), defaultRoute(fixture, web, "-6")], ["eth1", "eth2"]);
    await engine.connect(request(web, "back", { gatewayPriority: 5 }));
    assert.deepEqual([defaultRoute(fixture, web), defaultRoute(fixture, web, "-6")], ["eth3", "eth3"]);
    await engine.disconnect(web.containerId, "back");
    assert.deepEqual([defaultRoute(fixture, web), defaultRoute(fixture, web, "-6")], ["eth1", "eth2"]);
    await engine.disconnect(web.containerId, "bridge");
    await engine.disconnect(web.containerId, "front");
    assert.deepEqual([defaultRoute(fixture, web), defaultRoute(fixture, web, "-6")], ["none", "none"]);
  });

  it("moves published ports to the network that leads out, keeps their numbers, and gives them back with the last", async () => {
    await using fixture = await withNetworks("inner", "front", "back");
    await using peers = new Peers(fixture);
    const { engine } = fixture;
    const { containerId } = fixture.create("web", "inner");
    const { ports } = await engine.setUp(containerId, [tcp(80, 8080), tcp(81, 0)]);
    assert.deepEqual(ports, []);
    const web = { containerId };
    await peers.serve(web, "web", 80, 81);
    await engine.connect(request(web, "front"));
    const published = engine.sandboxOf(containerId)?.ports ?? [];
    assert.deepEqual(
      published.map(({ hostIp, containerPort }) => `${hostIp} ${containerPort}`),
      ["0.0.0.0 80", ":: 80", "0.0.0.0 81", ":: 81"],
    );
    assert.match(await peers.ask(undefined, "10.41.0.1", 8080), /^web saw 10\.41\.0\.1$/);
    await engine.connect(request(web, "back", { gatewayPriority: 1 }));
    assert.deepEqual(engine.sandboxOf(containerId)?.ports, published);
    for (const { hostPort } of published) {
      assert.match(await peers.ask(undefined, "10.42.0.1", hostPort), /^web saw 10\.42\.0\.1$/);
      assert.match(await peers.ask(undefined, "fd00:42::1", hostPort), /^web saw fd00:42::1$/);
    }
    await engine.disconnect(containerId, "back");
    assert.match(await peers.ask(undefined, "10.41.0.1", 8080), /^web saw 10\.41\.0\.1$/);
    await engine.disconnect(containerId, "front");
    assert.deepEqual(engine.sandboxOf(containerId)?.ports, []);
    assert.equal(await peers.ask(undefined, "10.41.0.1", 8080), "ECONNREFUSED");
    const other = await fixture.run("other", [tcp(80, 8080)]);
    await assert.rejects(engine.connect(request(web, "front")), { code: "CTR_PORT_ALLOCATED" });
    await engine.tearDown(other.containerId);
  });

  it("leaves nothing of a connection that fails", async () => {
    await using fixture = await withNetworks("front", "back");
    const { engine } = fixture;
    const web = await fixture.run("web", [], "front");
    const before = snapshot();
    const inside = fixture.inside(web.containerId, "ip", "address");
    for (const more of [
      { driverOptions: { "com.docker.network.endpoint.ifname": "eth0" } },
      { driverOptions: { "com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.nosuch=1" } },
      { ipAddress: "10.99.0.1" },
    ]) {
      await assert.rejects(engine.connect(request(web, "back", more)));
      assert.equal(engine.endpointsOfContainer(web.containerId).length, 1);
      assert.equal(snapshot(), before);
      assert.equal(fixture.inside(web.containerId, "ip", "address"), inside);
    }
  });

  it("only records the network of a container that does not run", async () => {
    await using fixture = await withNetworks("front", "back");
    const { engine } = fixture;
    const web = fixture.create("web", "front");
    const before = snapshot();
    const { address, interfaceName } = await engine.connect(request(web, "back"));
    assert.deepEqual([address, interfaceName], ["10.41.0.2", undefined]);
    assert.equal(snapshot(), before);
    await engine.setUp(web.containerId, []);
    assert.deepEqual(links(fixture, web), ["eth0", "eth1"]);
    await engine.tearDown(web.containerId);
    await engine.disconnect(web.containerId, "front");
    await engine.setUp(web.containerId, []);
    assert.deepEqual(links(fixture, web), ["eth0"]);
  });

  it("publishes and gives up ports of a running container", async () => {
    await using fixture = await withNetworks("front");
    await using peers = new Peers(fixture);
    const { engine } = fixture;
    const web = await fixture.run("web", [tcp(80, 8080)], "front");
    await peers.serve(web, "web", 80, 81);
    const added = await engine.publish(web.containerId, [tcp(81, 8081, "127.0.0.1"), tcp(80, 0)]);
    assert.equal(added.length, 3);
    assert.equal(await peers.ask(undefined, "127.0.0.1", 8081), "web saw 10.40.0.1");
    await assert.rejects(engine.publish(web.containerId, [tcp(82, 8082), tcp(80, 8080)]), {
      code: "CTR_PORT_ALLOCATED",
    });
    assert.equal(engine.sandboxOf(web.containerId)?.ports.length, 5);
    const gone = await engine.unpublish(web.containerId, [{ protocol: "tcp", containerPort: 80, hostPort: 8080 }]);
    assert.deepEqual(
      gone.map(({ hostIp }) => hostIp),
      ["0.0.0.0", "::"],
    );
    assert.equal(await peers.ask(undefined, "10.40.0.1", 8080), "ECONNREFUSED");
    assert.equal(engine.sandboxOf(web.containerId)?.ports.length, 3);
    // What was given up does not come back with a network.
    await engine.connect(request(web, "bridge", { gatewayPriority: 1 }));
    assert.deepEqual(
      [...new Set(engine.sandboxOf(web.containerId)?.ports.map(({ containerPort }) => containerPort))],
      [80, 81],
    );
    assert.equal(await peers.ask(undefined, "10.40.0.1", 8080), "ECONNREFUSED");
    await assert.rejects(engine.publish(fixture.create("idle").containerId, [tcp(80, 1)]), {
      code: "CTR_SANDBOX_NOT_UP",
    });
  });
});

describe("a sandbox that is kept", () => {
  it("goes on with its links and its name server while its container restarts, without ports", async () => {
    await using fixture = await withNetworks("front", "back");
    await using peers = new Peers(fixture);
    const { engine } = fixture;
    const web = await fixture.run("web", [tcp(80, 8080)], "front");
    await peers.serve(web, "web", 80);
    const path = fixture.network.namespace(web.containerId);
    const other = await fixture.run("other", [], "front");
    const inode = ip("netns", "list-id").length;
    const lookUp = (name: string): string =>
      fixture.inside(web.containerId, "dig", "+short", "+time=5", "@127.0.0.11", name).trim();
    await engine.tearDown(web.containerId, { keep: true });
    assert.deepEqual([lookUp("other"), lookUp("web")], [other.address, ""]);
    assert.deepEqual(engine.sandboxOf(web.containerId)?.ports, []);
    assert.equal(await peers.ask(undefined, "10.40.0.1", 8080), "ECONNREFUSED");
    assert.match(await peers.ask(undefined, web.address, 80), /^web saw/);
    await engine.connect(request(web, "back"));
    await fixture.close();
    await fixture.open({ userlandProxy: false });
    await reconcileAll(fixture, web, other);
    assert.match(await peers.ask(undefined, web.address, 80), /^web saw/);
    assert.equal(lookUp("other"), other.address);
    const sandbox = await fixture.engine.setUp(web.containerId, [tcp(80, 8080)]);
    assert.equal(sandbox.namespacePath, path);
    assert.deepEqual(links(fixture, web), ["eth0", "eth1"]);
    assert.match(await peers.ask(undefined, "10.40.0.1", 8080), /^web saw/);
    assert.equal(ip("netns", "list-id").length, inode);
    await fixture.engine.tearDown(web.containerId);
    assert.equal(fixture.engine.sandboxOf(web.containerId), undefined);
  });

  it("stays as it was when it cannot be taken over", async () => {
    await using fixture = await withNetworks("front", "back");
    const { engine } = fixture;
    const web = await fixture.run("web", [], "front");
    await engine.tearDown(web.containerId, { keep: true });
    const other = await fixture.run("other", [tcp(80, 8080)]);
    const before = snapshot();
    await assert.rejects(engine.setUp(web.containerId, [tcp(80, 8080)]), { code: "CTR_PORT_ALLOCATED" });
    assert.equal(snapshot(), before);
    fixture.inside(web.containerId, ...ping("10.40.0.1"));
    await engine.tearDown(other.containerId);
    await engine.setUp(web.containerId, [tcp(80, 8080)]);
    fixture.inside(web.containerId, ...ping("10.40.0.1"));
  });
});

const reconcileAll = (fixture: EngineFixture, ...live: readonly Endpoint[]): Promise<void> =>
  fixture.engine.reconcile(new Set(live.map(({ containerId }) => containerId)));

describe("names on networks of the user's own", () => {
  it("are answered while containers run, and follow connections", async () => {
    await using fixture = await withNetworks("front", "back");
    const { engine } = fixture;
    const web = fixture.create("web", "front", { aliases: ["www"], hostname: "web.example" });
    await engine.setUp(web.containerId, []);
    const client = await fixture.run("client", [], "front");
    const lookUp = (name: string, type = "A"): string[] => {
      const { stdout } = {
        stdout: fixture.inside(client.containerId, "dig", "+short", "+time=5", "@127.0.0.11", name, type),
      };
      return stdout.trim().split("\n");
    };
    for (const name of ["web", "www", "WEB.front", web.containerId.slice(0, 12), "web.example"]) {
      assert.deepEqual(lookUp(name), [web.address], name);
    }
    assert.deepEqual(lookUp("web", "AAAA"), [web.address6]);
    await engine.tearDown(web.containerId);
    assert.deepEqual(lookUp("web"), [""]);
    await engine.setUp(web.containerId, []);
    engine.renameContainer(web.containerId, "shop");
    await waitFor("the new name", () => lookUp("shop")[0] === web.address);
    assert.equal((await engine.explainName(client.containerId, "shop")).steps.at(-1)?.status, "NOERROR");
    const there = await engine.connect(request(client, "back"));
    const hidden = await fixture.run("hidden", [], "back");
    assert.equal(there.networkName, "back");
    assert.deepEqual(lookUp("hidden"), [hidden.address]);
    await engine.disconnect(client.containerId, "back");
    assert.notDeepEqual(lookUp("hidden"), [hidden.address]);
  });
});
