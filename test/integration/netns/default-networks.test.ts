import assert from "node:assert/strict";
import { type Logger, silentLogger } from "../../../lib/log.ts";
import { EngineFixture, ping, run, tcp } from "./engine-fixture.ts";
import { ip, ipJson, snapshot } from "./private-network.ts";

const bridgeAddresses = (): string =>
  ip("-4", "-brief", "address", "show", "ctr0").trim().split(/\s+/).slice(2).join(" ");

/** A link with an address and an uplink's MTU. */
function uplink(address: string, mtu = 1500): void {
  ip("link", "add", "up0", "mtu", String(mtu), "type", "bridge");
  ip("link", "set", "up0", "up");
  ip("address", "add", address, "dev", "up0");
}

describe("the default bridge", () => {
  it("passes over pools that the host reaches, also through a gateway", async () => {
    await using fixture = await EngineFixture.start({}, () => {
      uplink("172.17.9.1/24");
      ip("route", "add", "172.18.0.0/16", "via", "172.17.9.254");
    });
    assert.equal(fixture.engine.findNetwork("bridge").subnets[0]?.subnet, "172.19.0.0/16");
    assert.equal(bridgeAddresses(), "172.19.0.1/16");
  });

  it("has the MTU of the uplink, and so have containers", async () => {
    await using fixture = await EngineFixture.start({}, () => {
      uplink("10.0.0.1/24", 1400);
      ip("route", "add", "default", "via", "10.0.0.254");
    });
    const web = await fixture.run("web");
    assert.equal(ipJson("link", "show", "ctr0")[0]?.["mtu"], 1400);
    assert.match(fixture.inside(web.containerId, "ip", "link", "show", "eth0"), /mtu 1400/);
  });

  it("takes --bip and --mtu", async () => {
    await using fixture = await EngineFixture.start({ bip: "10.20.30.129/25", mtu: 1280 });
    const network = fixture.engine.findNetwork("bridge");
    assert.deepEqual(network.subnets, [{ subnet: "10.20.30.128/25", gateway: "10.20.30.129" }]);
    assert.equal(bridgeAddresses(), "10.20.30.129/25");
    assert.equal(ipJson("link", "show", "ctr0")[0]?.["mtu"], 1280);
    assert.equal(fixture.create("web").address, "10.20.30.130");
  });

  for (const [bip, message] of [
    ["10.0.0.1", "invalid CIDR address: 10.0.0.1"],
    ["10.0.0.0/24", "invalid bip 10.0.0.0/24: it is not the address of a host"],
    ["10.0.0.255/24", "invalid bip 10.0.0.255/24: it is not the address of a host"],
    ["10.0.0.1/31", "invalid bip 10.0.0.1/31: the prefix length must be from 8 to 30"],
  ] as const) {
    it(`refuses --bip ${bip} and changes nothing`, async () => {
      let before = "";
      let after = "";
      const prepare = (): void => {
        before = snapshot();
      };
      await assert.rejects(
        async () => {
          await using fixture = await EngineFixture.start({}, prepare);
          await fixture.close();
          before = snapshot();
          try {
            await fixture.open({ bip });
          } finally {
            after = snapshot();
          }
        },
        { message, status: 400 },
      );
      assert.equal(after, before);
    });
  }

  it("refuses a --bip that overlaps a route, names it, and makes nothing", async () => {
    const prepare = (): void => uplink("10.9.8.1/24");
    await assert.rejects(EngineFixture.start({ bip: "10.9.0.1/16" }, prepare), {
      message: "the subnet 10.9.0.0/16 of network bridge overlaps the host's route 10.9.8.0/24 dev up0",
      code: "CTR_POOL_OVERLAPS",
    });
  });

  it("keeps its subnet over a restart, even when a new route overlaps it: that is logged", async () => {
    await using fixture = await EngineFixture.start();
    await fixture.close();
    uplink("172.17.200.1/24");
    const warnings: string[] = [];
    await fixture.open({}, { ...silentLogger, warn: (text) => warnings.push(text) });
    assert.equal(bridgeAddresses(), "172.17.0.1/16");
    assert.match(warnings.join(), /172\.17\.0\.0\/16 overlaps the host's route 172\.17\.200\.0\/24 dev up0/);
  });

  it("moves to another --bip with its stopped containers", async () => {
    await using fixture = await EngineFixture.start();
    const { containerId } = fixture.create("web");
    await fixture.close();
    await fixture.open({ bip: "10.30.0.1/24" });
    assert.equal(bridgeAddresses(), "10.30.0.1/24");
    assert.equal(fixture.engine.endpointsOfContainer(containerId)[0]?.address, "10.30.0.2");
    await fixture.engine.setUp(containerId, []);
  });

  it("does not move while containers run, with Docker's warning", async () => {
    await using fixture = await EngineFixture.start();
    const web = await fixture.run("web");
    await fixture.close();
    const warnings: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (text) => warnings.push(text) };
    await fixture.open({ bip: "10.30.0.1/24" }, logger);
    assert.equal(bridgeAddresses(), "172.17.0.1/16");
    assert.equal(fixture.engine.endpointsOfContainer(web.containerId)[0]?.address, web.address);
    assert.deepEqual(warnings, ["there are running containers, updated network configuration will not take affect"]);
    await fixture.close();
    await fixture.open({ fixedCidr: "10.40.0.0/24", defaultGateway: "10.40.0.9" });
    assert.deepEqual(fixture.engine.findNetwork("bridge").subnets, [
      { subnet: "172.17.0.0/16", gateway: "172.17.0.1" },
    ]);
  });

  it("has link-local addresses as its IPv6 ones, and others in their place later", async () => {
    await using fixture = await EngineFixture.start({ ipv6: true, fixedCidrV6: "fe80:1234::/64" });
    const addresses = () => ip("-6", "-brief", "address", "show", "ctr0").trim().split(/\s+/).slice(2);
    assert.ok(addresses().includes("fe80:1234::1/64"));
    for (const turn of [1, 2]) {
      await fixture.close();
      await fixture.open({ ipv6: true, fixedCidrV6: "fe80::/64" });
      assert.ok(addresses().includes("fe80::1/64"), `start ${turn}`);
    }
    assert.equal(addresses().includes("fe80:1234::1/64"), false);
  });

  it("adopts a bridge that a former engine left, whose state is gone", async () => {
    await using fixture = await EngineFixture.start({}, () => {
      ip("link", "add", "ctr0", "type", "bridge");
      ip("address", "add", "172.17.0.1/16", "dev", "ctr0");
    });
    assert.equal(bridgeAddresses(), "172.17.0.1/16");
    await fixture.run("web");
  });

  it("takes over a bridge that a former engine left with other addresses, whose state is gone", async () => {
    await using _ = await EngineFixture.start({}, () => {
      ip("link", "add", "ctr0", "type", "bridge");
      ip("link", "set", "ctr0", "alias", `ctr network ${"0".repeat(64)}`);
      ip("address", "add", "10.77.0.1/24", "dev", "ctr0");
    });
    assert.equal(bridgeAddresses(), "172.17.0.1/16");
  });

  for (const [what, message, prepare] of [
    [
      "a link that is no bridge",
      "cannot make the bridge ctr0: a veth has that name",
      () => ip("link", "add", "ctr0", "type", "veth", "peer", "name", "other"),
    ],
    [
      "a bridge with another address",
      "the bridge ctr0 exists with address 10.77.0.1/24 where 172.17.0.1/16 is needed",
      () => {
        ip("link", "add", "ctr0", "type", "bridge");
        ip("address", "add", "10.77.0.1/24", "dev", "ctr0");
      },
    ],
    [
      "a bridge that others use",
      "the bridge ctr0 belongs to ctr network 0123; links attached to it: 1",
      () => {
        ip("link", "add", "ctr0", "type", "bridge");
        ip("link", "set", "ctr0", "alias", "ctr network 0123");
        ip("link", "add", "veth1234567", "master", "ctr0", "type", "veth", "peer", "name", "other");
      },
    ],
  ] as const) {
    it(`refuses ${what} under its name, and leaves it as it is`, async () => {
      await using fixture = await EngineFixture.start();
      await fixture.close();
      ip("link", "delete", "ctr0");
      prepare();
      const before = snapshot();
      await assert.rejects(fixture.open(), { message, code: "CTR_BRIDGE_TAKEN" });
      assert.equal(snapshot(), before);
    });
  }

  it("takes no more containers than the kernel gives a bridge ports, and says so early", async () => {
    await using fixture = await EngineFixture.start();
    const { id } = fixture.engine.findNetwork("bridge");
    fixture.store.run(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1023)
       INSERT INTO endpoints (id, network_id, container_id, container_name, address, mac_address, interface_name)
         SELECT printf('%07x', i), '${id}', printf('c%d', i), 'c', 2886795265 + i, '', 'eth0' FROM n`,
    );
    const one = fixture.create("one");
    await assert.rejects(fixture.engine.setUp(one.containerId, []), { code: "CTR_BRIDGE_FULL", status: 409 });
  });

  it("has IPv6 when it is asked for, from bip6 or the engine's own block, and loses it again", async () => {
    await using fixture = await EngineFixture.start({ ipv6: true, userlandProxy: false });
    const [, six] = fixture.engine.findNetwork("bridge").subnets;
    assert.match(six?.subnet ?? "", /^fd[0-9a-f:]+::\/64$/);
    const web = await fixture.run("web");
    assert.equal(web.gateway6, six?.gateway);
    run(["busybox", "ping", "-6", "-c1", "-W2", web.address6]);
    await fixture.engine.tearDown(web.containerId);
    await fixture.close();
    await fixture.open({ ipv6: true, bip6: "fd00:17::5/64" });
    await fixture.engine.reconcile(new Set());
    assert.deepEqual(fixture.engine.findNetwork("bridge").subnets[1], {
      subnet: "fd00:17::/64",
      gateway: "fd00:17::5",
    });
    assert.equal(fixture.engine.endpointsOfContainer(web.containerId)[0]?.address6, "fd00:17::1");
    assert.match(ip("-6", "address", "show", "ctr0"), /inet6 fd00:17::5\/64/);
    await fixture.close();
    await fixture.open();
    assert.equal(fixture.engine.findNetwork("bridge").subnets.length, 1);
    assert.equal(fixture.engine.endpointsOfContainer(web.containerId)[0]?.address6, "");
    assert.doesNotMatch(ip("-6", "address", "show", "ctr0"), /fd00:17/);
  });

  it("hands out addresses of --fixed-cidr, behind --default-gateway", async () => {
    const config = {
      bip: "10.20.0.1/16",
      fixedCidr: "10.20.9.0/24",
      defaultGateway: "10.20.0.254",
      userlandProxy: false,
    };
    await using fixture = await EngineFixture.start(config);
    const web = await fixture.run("web");
    assert.equal(web.address, "10.20.9.0");
    assert.match(fixture.inside(web.containerId, "ip", "route"), /^default via 10\.20\.0\.254 /);
    assert.equal(bridgeAddresses(), "10.20.0.1/16");
    assert.throws(
      () =>
        fixture.engine.reserveEndpoint({
          containerId: "c",
          containerName: "c",
          network: "bridge",
          ipAddress: "10.20.0.1",
        }),
      { status: 403 },
    );
    await fixture.engine.tearDown(web.containerId);
    await fixture.close();
    await assert.rejects(fixture.open({ bip: "10.20.0.1/16", fixedCidr: "10.21.0.0/24" }), {
      code: "CTR_FIXED_CIDR_INVALID",
    });
    await assert.rejects(fixture.open({ bip: "10.20.0.1/16", defaultGateway: "10.21.0.1" }), {
      code: "CTR_DEFAULT_GATEWAY_INVALID",
    });
    await fixture.open(config);
  });

  it("keeps containers apart with --icc=false, and publishes on --ip", async () => {
    await using fixture = await EngineFixture.start({
      icc: false,
      ip: "127.0.0.1",
      ipMasq: false,
      userlandProxy: false,
    });
    const [one, two] = [await fixture.run("one", [tcp(80, 8080)]), await fixture.run("two")];
    assert.deepEqual(
      fixture.engine.sandboxOf(one.containerId)?.ports.map(({ hostIp }) => hostIp),
      ["127.0.0.1"],
    );
    assert.throws(() => fixture.inside(one.containerId, "busybox", "ping", "-c1", "-W1", two.address));
    const { options } = fixture.engine.findNetwork("bridge");
    assert.deepEqual(
      ["enable_icc", "enable_ip_masquerade", "host_binding_ipv4"].map(
        (name) => options[`com.docker.network.bridge.${name}`],
      ),
      ["false", "false", "127.0.0.1"],
    );
  });

  it("is an existing bridge when one is named, and none at all when that is `none`", async () => {
    const prepare = (): void => {
      ip("link", "add", "lan0", "type", "bridge");
      ip("address", "add", "10.30.0.7/24", "dev", "lan0");
    };
    await using fixture = await EngineFixture.start({ bridge: "lan0", userlandProxy: false }, prepare);
    const web = await fixture.run("web");
    assert.deepEqual([web.address, web.gateway], ["10.30.0.1", "10.30.0.7"]);
    run(ping(web.address));
    await fixture.engine.tearDown(web.containerId);
    await fixture.close();
    await fixture.open({ bridge: "none" });
    assert.deepEqual(
      fixture.engine
        .networks()
        .map(({ name }) => name)
        .sort(),
      ["host", "none"],
    );
    await fixture.engine.reconcile(new Set());
    assert.match(ip("address", "show", "lan0"), /inet 10\.30\.0\.7\/24/);
    await assert.rejects(fixture.engine.setUp(web.containerId, []), { code: "CTR_NETWORK_LOST" });
    await fixture.close();
    await assert.rejects(fixture.open({ bridge: "nosuch0" }), { code: "CTR_BRIDGE_MISSING" });
    await fixture.open();
  });

  it("leaves forwarding alone with --ip-forward=false, and otherwise keeps listening to routers of the uplink", async () => {
    await using fixture = await EngineFixture.start({ ipForward: false, userlandProxy: false }, () => {
      uplink("10.0.0.1/24");
      // A new namespace has what the machine has.
      run(["sysctl", "-qw", "net.ipv4.ip_forward=0"]);
    });
    const read = (name: string): string => run(["sysctl", "-n", name]).trim();
    assert.equal(read("net.ipv4.ip_forward"), "0");
    await fixture.close();
    await fixture.open({ ipv6: true, userlandProxy: false });
    assert.deepEqual(["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.ipv6.conf.up0.accept_ra"].map(read), [
      "1",
      "1",
      "2",
    ]);
  });

  it("gives networks the options of the configuration, where they do not say otherwise", async () => {
    const mtu = "com.docker.network.driver.mtu";
    await using fixture = await EngineFixture.start({
      defaultNetworkOpts: { bridge: { [mtu]: "1300", "com.docker.network.enable_ipv6": "true" } },
    });
    const { network } = await fixture.engine.createNetwork({ name: "a" });
    assert.deepEqual([network.mtu, network.enableIPv6, network.options[mtu]], [1300, true, "1300"]);
    const { network: other } = await fixture.engine.createNetwork({ name: "b", options: { [mtu]: "1350" } });
    assert.equal(other.mtu, 1350);
    const { network: third } = await fixture.engine.createNetwork({ name: "c", enableIPv6: false });
    assert.deepEqual([third.enableIPv6, third.options], [false, { [mtu]: "1300" }]);
  });
});
