import assert from "node:assert/strict";
import { generateId } from "../../../lib/ids.ts";
import type { Endpoint, NetworkRequest } from "../../../netns/index.ts";
import { waitFor } from "../../support/wait.ts";
import { EngineFixture, ping, run } from "./engine-fixture.ts";
import { Peers } from "./peers.ts";
import { ip, ipJson, snapshot } from "./private-network.ts";

const DUAL = {
  enableIPv6: true,
  ipam: { config: [{ subnet: "10.40.0.0/24" }, { subnet: "fd00:40::/64" }] },
} as const;

const reaches = (fixture: EngineFixture, from: Endpoint, address: string): boolean => {
  try {
    fixture.inside(from.containerId, "busybox", "ping", "-c1", "-W1", address);
    return true;
  } catch {
    return false;
  }
};

describe("networks of the user's own", () => {
  it("are made with what was asked for, and removed without trace", async () => {
    await using fixture = await EngineFixture.start();
    const { engine } = fixture;
    const before = snapshot();
    const { network, warnings } = await engine.createNetwork({
      name: "front",
      ...DUAL,
      attachable: true,
      labels: { tier: "1" },
      options: { "com.docker.network.driver.mtu": "1400", "com.docker.network.bridge.name": "br-front" },
    });
    assert.deepEqual(warnings, []);
    assert.deepEqual(network.subnets, [
      { subnet: "10.40.0.0/24", gateway: "10.40.0.1" },
      { subnet: "fd00:40::/64", gateway: "fd00:40::1" },
    ]);
    assert.deepEqual([engine.findNetwork("front"), network.ipamOptions], [network, null]);
    assert.equal(network.mtu, 1400);
    assert.equal(ipJson("link", "show", "br-front")[0]?.["mtu"], 1400);
    assert.match(ip("address", "show", "br-front"), /inet 10\.40\.0\.1\/24 .*\n.*\n.*inet6 fd00:40::1\/64/);
    await assert.rejects(engine.createNetwork({ name: "front" }), {
      message: "network with name front already exists",
      status: 409,
    });
    await engine.removeNetwork(network.id.slice(0, 12));
    assert.equal(snapshot(), before);
    assert.throws(() => engine.findNetwork("front"), { message: "network front not found" });
  });

  it("get subnets from the pools, and an IPv6 block of the engine's own", async () => {
    await using fixture = await EngineFixture.start({ defaultAddressPools: [{ base: "10.77.0.0/16", size: 24 }] });
    const { engine } = fixture;
    const { network: first } = await engine.createNetwork({ name: "a", enableIPv6: true });
    const { network: second } = await engine.createNetwork({ name: "b" });
    const { network: sized } = await engine.createNetwork({ name: "c", ipam: { config: [{ subnet: "0.0.0.0/28" }] } });
    // The default bridge has the first of them.
    assert.equal(first.subnets[0]?.subnet, "10.77.1.0/24");
    assert.match(first.subnets[1]?.subnet ?? "", /^fd[0-9a-f:]+::\/64$/);
    assert.equal(second.subnets[0]?.subnet, "10.77.2.0/24");
    assert.equal(sized.subnets[0]?.subnet, "10.77.3.0/28");
    assert.match(first.bridge ?? "", /^br-[0-9a-f]{12}$/);
    const config = [{ subnet: "fd00:78::/64" }];
    const { network: half } = await engine.createNetwork({ name: "half", enableIPv6: true, ipam: { config } });
    // As Docker lists them: what was asked for, then what was chosen.
    assert.deepEqual(
      half.subnets.map(({ subnet }) => subnet),
      ["fd00:78::/64", "10.77.4.0/24"],
    );
  });

  it("are made of a configuration, which has no containers and stays while it is in use", async () => {
    await using fixture = await EngineFixture.start();
    const { engine } = fixture;
    const config = [{ subnet: "10.44.0.0/24", gateway: "10.44.0.3" }];
    const options = { "com.docker.network.driver.mtu": "1400" };
    const asked = { name: "conf", configOnly: true, ipam: { config }, options, labels: { tier: "1" } } as const;
    const before = snapshot();
    const { network } = await engine.createNetwork(asked);
    assert.deepEqual([network.configOnly, network.driver, snapshot()], [true, "null", before]);
    const refused = (request: Partial<NetworkRequest>, message: RegExp, status = 403) =>
      assert.rejects(engine.createNetwork({ name: "made", ...request }), (error: Error & { status: number }) => {
        assert.match(error.message, message);
        assert.equal(error.status, status);
        return true;
      });
    await refused({ configOnly: true, internal: true }, /^configuration network can only contain network specific/);
    await refused({ configOnly: true, configFrom: "conf" }, /^a configuration network cannot depend on another/);
    await refused({ configFrom: "conf", options }, /^network driver options are not supported if the network depends/);
    await refused({ configFrom: "conf", labels: { a: "b" } }, /^user specified configurations are not supported/);
    await refused({ configFrom: "bridge" }, /^configuration network "bridge" does not exist$/, 404);
    await assert.rejects(fixture.run("web", [], "conf"), {
      message: "cannot create endpoint on configuration-only network",
    });
    const { network: made } = await engine.createNetwork({ name: "made", configFrom: "conf" });
    assert.deepEqual(made.subnets, config);
    assert.deepEqual([made.mtu, made.labels, made.configFrom, made.driver], [1400, { tier: "1" }, "conf", "bridge"]);
    assert.deepEqual(engine.findNetwork("made"), made);
    await assert.rejects(engine.removeNetwork("conf"), {
      message: 'error while removing network: configuration network "conf" is in use',
      status: 403,
    });
    await engine.removeNetwork("made");
    await engine.removeNetwork("conf");
    assert.equal(snapshot(), before);
  });

  it("keep no address for a gateway that is not there, and give none out twice", async () => {
    await using fixture = await EngineFixture.start();
    const { engine } = fixture;
    const mode = { "com.docker.network.bridge.gateway_mode_ipv4": "isolated" };
    const config = [{ subnet: "10.45.0.0/24" }];
    const { network } = await engine.createNetwork({ name: "cut", internal: true, options: mode, ipam: { config } });
    assert.deepEqual(network.subnets, config);
    assert.equal((await fixture.run("web", [], "cut")).address, "10.45.0.1");
    const inhibit = { "com.docker.network.bridge.inhibit_ipv4": "true" };
    const pair = { name: "pair", internal: true, options: inhibit, ipam: { config: [{ subnet: "10.45.1.0/31" }] } };
    await engine.createNetwork(pair);
    const [one, two] = [await fixture.run("one", [], "pair"), await fixture.run("two", [], "pair")];
    assert.deepEqual([one.address, two.address], ["10.45.1.0", "10.45.1.1"]);
    fixture.inside(one.containerId, ...ping(two.address));
    const subnet = "10.46.0.0/24";
    for (const [more, what] of [
      [{ gateway: "10.46.0.255" }, "gateway (10.46.0.255)"],
      [{ gateway: "10.46.0.0" }, "gateway (10.46.0.0)"],
      [{ auxAddresses: { a: "10.46.0.0" } }, "secondary ip address (a:10.46.0.0)"],
      [{ gateway: "10.46.0.1", auxAddresses: { a: "10.46.0.1" } }, "secondary ip address (a:10.46.0.1)"],
      [{ auxAddresses: { a: "10.46.0.9", b: "10.46.0.9" } }, "secondary ip address (b:10.46.0.9)"],
    ] as const) {
      await assert.rejects(engine.createNetwork({ name: "bad", ipam: { config: [{ subnet, ...more }] } }), {
        message: `failed to allocate ${what}: Address already in use`,
        status: 500,
      });
    }
  });

  it("do not reach each other until they are allowed to", async () => {
    await using fixture = await EngineFixture.start();
    const { engine } = fixture;
    await using peers = new Peers(fixture);
    const [{ network: front }, { network: back }] = [
      await engine.createNetwork({ name: "front", ...DUAL }),
      await engine.createNetwork({ name: "back", enableIPv6: true }),
    ];
    const [web, near, db] = [
      await fixture.run("web", [], "front"),
      await fixture.run("near", [], "front"),
      await fixture.run("db", [], "back"),
    ];
    await peers.serve(db, "db", 5432);
    await peers.serve(near, "near", 80);
    for (const [address, port, answer] of [
      [near.address, 80, `near saw ${web.address}`],
      [near.address6, 80, `near saw ${web.address6}`],
    ] as const) {
      assert.equal(await peers.ask(web, address, port), answer);
    }
    for (const address of [db.address, db.address6]) assert.equal(await peers.askInVain(web, address, 5432), "silence");
    const grant = {
      id: generateId(),
      from: { kind: "container", id: web.containerId, name: "web" },
      to: { kind: "network", id: back.id, name: "back" },
      protocol: "tcp",
      port: 5432,
      both: false,
    } as const;
    engine.allow(grant);
    assert.deepEqual(engine.grants(), [grant]);
    assert.equal(await peers.ask(web, db.address, 5432), `db saw ${web.address}`);
    assert.equal(await peers.ask(web, db.address6, 5432), `db saw ${web.address6}`);
    assert.equal(await peers.askInVain(near, db.address, 5432), "silence");
    assert.equal(await peers.askInVain(web, db.address, 5432, "udp"), "silence");
    engine.deny(grant);
    assert.equal(await peers.askInVain(web, db.address, 5432), "silence");
    engine.allow({ ...grant, from: { kind: "network", id: front.id, name: "front" } });
    assert.equal(await peers.ask(near, db.address, 5432), `db saw ${near.address}`);
  });

  it("give IPv6 at once, with a default route and no router's advice", async () => {
    await using fixture = await EngineFixture.start();
    await fixture.engine.createNetwork({
      name: "six",
      enableIPv4: false,
      enableIPv6: true,
      ipam: { config: [{ subnet: "fd00:6::/64" }] },
    });
    const [one, two] = [await fixture.run("one", [], "six"), await fixture.run("two", [], "six")];
    assert.deepEqual([one.address, one.address6, one.gateway6], ["", "fd00:6::2", "fd00:6::1"]);
    fixture.inside(one.containerId, "busybox", "ping", "-6", "-c1", "-W1", two.address6);
    run(["busybox", "ping", "-6", "-c1", "-W1", two.address6]);
    assert.match(fixture.inside(one.containerId, "ip", "-6", "route"), /^default via fd00:6::1 dev eth0/m);
    assert.equal(fixture.inside(one.containerId, "cat", "/proc/sys/net/ipv6/conf/eth0/accept_ra"), "0\n");
    assert.doesNotMatch(fixture.inside(one.containerId, "ip", "-6", "address"), /tentative/);
  });

  for (const [messages, tells] of [
    ["1", true],
    ["0", false],
  ] as const) {
    it(`with ${messages} announcements ${tells ? "tell" : "do not tell"} neighbours that an address has moved`, async () => {
      await using fixture = await EngineFixture.start();
      const { engine } = fixture;
      const options = { "com.docker.network.advertise_addr_nmsgs": messages };
      await engine.createNetwork({ name: "both", ...DUAL, options });
      const [one, two] = [await fixture.run("one", [], "both"), await fixture.run("two", [], "both")];
      for (const address of [two.address, two.address6]) fixture.inside(one.containerId, ...ping(address));
      await engine.tearDown(two.containerId);
      engine.releaseEndpoints(two.containerId);
      const heir = await fixture.run("heir", [], "both");
      assert.deepEqual([heir.address, heir.address6], [two.address, two.address6]);
      const known = () =>
        [heir.address, heir.address6].map(
          (address) => /lladdr (\S+)/.exec(fixture.inside(one.containerId, "ip", "neighbour", "show", address))?.[1],
        );
      const expected = tells ? heir.macAddress : two.macAddress;
      await waitFor("what the neighbour knows", () => known().every((mac) => mac === expected));
    });
  }

  it("announce addresses as often as they are told to", async () => {
    await using fixture = await EngineFixture.start();
    const { engine } = fixture;
    const options = {
      "com.docker.network.advertise_addr_nmsgs": "2",
      "com.docker.network.advertise_addr_ms": "100",
    };
    await engine.createNetwork({ name: "both", ...DUAL, options });
    const neighbour = await fixture.run("neighbour", [], "both");
    const expected = [
      ...["10.40.0.3", "10.40.0.4"].map(
        (address) => `arp operation request arp saddr ip ${address} arp daddr ip ${address}`,
      ),
      ...["fd00:40::3", "fd00:40::4"].map((address) => `ip6 saddr ${address} icmpv6 type nd-neighbor-advert`),
    ];
    const chain = "{ type filter hook ingress device eth0 priority 0; }";
    const count = ["add table netdev t", `add chain netdev t c ${chain}`];
    for (const rule of expected) count.push(`add rule netdev t c ${rule} counter`);
    fixture.inside(neighbour.containerId, "nft", count.join("\n"));
    const heard = (): number[] =>
      [...fixture.inside(neighbour.containerId, "nft", "list", "table", "netdev", "t").matchAll(/packets (\d+)/g)].map(
        ([, packets]) => Number(packets),
      );
    await fixture.run("first", [], "both");
    assert.match(heard().join(), /^[12],0,[12],0$/);
    await waitFor("the first one's announcements", () => heard().join() === "2,0,2,0");
    await fixture.run("second", [], "both");
    await waitFor("the second one's announcements", () => heard().join() === "2,2,2,2");
    const wrong = fixture.inside(neighbour.containerId, "grep", "-E", "Icmp6In(Csum)?Errors", "/proc/self/net/snmp6");
    assert.match(wrong, /^\S+\s+0\n\S+\s+0\n$/);
  });

  it("that are internal lead nowhere but to the host and each other", async () => {
    await using fixture = await EngineFixture.start();
    await fixture.engine.createNetwork({ name: "inner", internal: true });
    const [one, two] = [await fixture.run("one", [], "inner"), await fixture.run("two", [], "inner")];
    const outside = await fixture.run("outside");
    assert.equal(one.gateway, "");
    assert.doesNotMatch(fixture.inside(one.containerId, "ip", "route"), /default/);
    fixture.inside(one.containerId, ...ping(two.address));
    run(ping(one.address));
    assert.equal(reaches(fixture, outside, one.address), false);
  });

  it("with icc=false keep their containers apart, with and without br_netfilter", async () => {
    await using fixture = await EngineFixture.start();
    const options = { "com.docker.network.bridge.enable_icc": "false" };
    for (const filter of ["1", "0"]) {
      await fixture.engine.createNetwork({ name: `apart${filter}`, options });
      for (const name of ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"]) {
        run(["sysctl", "-q", "-w", `net.bridge.${name}=${filter}`]);
      }
      const [one, two] = [
        await fixture.run(`one${filter}`, [], `apart${filter}`),
        await fixture.run(`two${filter}`, [], `apart${filter}`),
      ];
      assert.equal(reaches(fixture, one, two.address), false, `br_netfilter ${filter}`);
      run(ping(one.address));
    }
  });

  it("keep clear of addresses that are spoken for", async () => {
    await using fixture = await EngineFixture.start();
    const { engine } = fixture;
    await engine.createNetwork({
      name: "small",
      ipam: {
        config: [
          {
            subnet: "10.41.0.0/24",
            ipRange: "10.41.0.128/29",
            gateway: "10.41.0.254",
            auxAddresses: { printer: "10.41.0.128" },
          },
        ],
      },
    });
    assert.equal((await fixture.run("one", [], "small")).address, "10.41.0.129");
    assert.equal(fixture.create("two", "small", { ipAddress: "10.41.0.7" }).address, "10.41.0.7");
    assert.throws(() => fixture.create("three", "small", { ipAddress: "10.41.0.254" }), { status: 403 });
    assert.match(ip("address", "show", engine.findNetwork("small").bridge ?? ""), /inet 10\.41\.0\.254\/24/);
  });

  const subnet = (
    config: NonNullable<NonNullable<NetworkRequest["ipam"]>["config"]>[number],
  ): Partial<NetworkRequest> => ({
    ipam: { config: [config] },
  });
  for (const [request, message, status] of [
    [{ name: " " }, "invalid name: name is empty", 400],
    [{ name: "host" }, "operation is not permitted on predefined host network ", 403],
    [{ driver: "host" }, 'only one instance of "host" network is allowed', 403],
    [{ driver: "weave" }, 'plugin "weave" not found', 404],
    [{ driver: "overlay" }, /^This node is not a swarm manager\. /, 503],
    [{ enableIPv4: false }, "IPv4 or IPv6 must be enabled", 400],
    [subnet({ subnet: "10.42" }), "invalid network config:\ninvalid subnet 10.42: invalid CIDR block notation", 400],
    [
      subnet({ subnet: "10.42.0.9/24", gateway: "10.43.0.1" }),
      "invalid network config:\n* invalid subnet 10.42.0.9/24: it should be 10.42.0.0/24\n" +
        "* invalid gateway 10.43.0.1: parent subnet 10.42.0.9/24 doesn't contain this address",
      400,
    ],
    [
      subnet({ subnet: "10.42.0.0/24", ipRange: "10.42.0.0/16" }),
      "invalid network config:\ninvalid ip-range 10.42.0.0/16: CIDR block is bigger than its parent subnet 10.42.0.0/24",
      400,
    ],
    [
      subnet({ subnet: "172.17.5.0/24" }),
      "invalid pool request: Pool overlaps with other one on this address space",
      403,
    ],
    [
      { ipam: { config: [{ subnet: "10.42.0.0/24" }, { subnet: "10.43.0.0/24" }] } },
      "bridge driver doesn't support multiple subnets",
      400,
    ],
    [
      { options: { "com.docker.network.advertise_addr_nmsgs": "9" } },
      "com.docker.network.advertise_addr_nmsgs must be in the range 0 to 3",
      400,
    ],
    [
      { options: { "com.docker.network.advertise_addr_ms": "abc" } },
      'value for option com.docker.network.advertise_addr_ms "abc" must be integer milliseconds',
      400,
    ],
    [
      { options: { "com.docker.network.bridge.enable_icc": "maybe" } },
      'failed to parse com.docker.network.bridge.enable_icc value: maybe (strconv.ParseBool: parsing "maybe": invalid syntax)',
      400,
    ],
    [
      { options: { "com.docker.network.bridge.gateway_mode_ipv4": "isolated" } },
      "gateway mode 'isolated' can only be used for an internal network",
      400,
    ],
    [{ options: { "com.docker.network.bridge.name": "ctr0" } }, /: networks have same bridge name$/, 403],
    [{ options: { "com.docker.network.driver.mtu": "20" } }, "invalid mtu 20: it must be from 68 to 65535", 400],
  ] as const) {
    it(`refuse ${JSON.stringify(request)}, and change nothing`, async () => {
      await using fixture = await EngineFixture.start();
      const before = snapshot();
      await assert.rejects(fixture.engine.createNetwork({ name: "bad", ...request }), { message, status });
      assert.equal(snapshot(), before);
      assert.equal(fixture.engine.networks().length, 3);
    });
  }

  it("warn of options that nobody knows, and of subnets that hide what the host reaches", async () => {
    await using fixture = await EngineFixture.start({}, () => {
      ip("link", "add", "up0", "type", "bridge");
      ip("link", "set", "up0", "up");
      ip("address", "add", "10.50.0.1/24", "dev", "up0");
    });
    const { warnings } = await fixture.engine.createNetwork({
      name: "odd",
      options: { "com.docker.network.bridge.enable_ic": "false" },
      ipam: { config: [{ subnet: "10.50.0.0/16" }, { subnet: "fd00::/64" }] },
    });
    assert.deepEqual(warnings, [
      "the subnet 10.50.0.0/16 of network odd hides the host's route 10.50.0.0/24 dev up0",
      "subnet fd00::/64 is ignored: IPv6 is not enabled on this network",
      "the bridge driver has no option com.docker.network.bridge.enable_ic; it is ignored, do you mean com.docker.network.bridge.enable_icc?",
    ]);
  });

  it("cannot be removed while containers run on them, nor when the engine brought them along", async () => {
    await using fixture = await EngineFixture.start();
    const { engine } = fixture;
    await engine.createNetwork({ name: "front" });
    const web = await fixture.run("web", [], "front");
    await assert.rejects(engine.removeNetwork("front"), {
      message: `error while removing network: network front has active endpoints (name:"web" id:"${web.id.slice(0, 12)}")`,
      status: 403,
    });
    await assert.rejects(engine.removeNetwork("bridge"), {
      message: "bridge is a pre-defined network and cannot be removed",
      status: 403,
    });
    await engine.tearDown(web.containerId);
    const { id } = await engine.removeNetwork("front");
    assert.deepEqual(engine.endpointsOfContainer(web.containerId), []);
    await assert.rejects(engine.setUp(web.containerId, []), { message: `network ${id} not found`, status: 404 });
    await engine.connect({ containerId: web.containerId, containerName: "web", network: "bridge" });
    await assert.rejects(engine.setUp(web.containerId, []), { code: "CTR_NETWORK_LOST" });
    await engine.createNetwork({ name: "front" });
    await engine.connect({ containerId: web.containerId, containerName: "web", network: "front" });
    await engine.setUp(web.containerId, []);
  });

  it("use a bridge that is there, and leave it there", async () => {
    await using fixture = await EngineFixture.start({}, () => {
      ip("link", "add", "lan0", "type", "bridge");
      ip("address", "add", "10.60.0.9/24", "dev", "lan0");
    });
    const options = { "com.docker.network.bridge.name": "lan0" };
    await fixture.engine.createNetwork({ name: "lan", options, ipam: { config: [{ subnet: "10.60.0.0/24" }] } });
    const web = await fixture.run("web", [], "lan");
    run(ping(web.address));
    await fixture.engine.tearDown(web.containerId);
    await fixture.engine.removeNetwork("lan");
    assert.match(ip("address", "show", "lan0"), /inet 10\.60\.0\.9\/24/);
  });

  it("are there again after a restart", async () => {
    await using fixture = await EngineFixture.start();
    const { network } = await fixture.engine.createNetwork({ name: "front", ...DUAL });
    const web = await fixture.run("web", [], "front");
    const before = snapshot();
    await fixture.close();
    await fixture.open();
    await fixture.engine.reconcile(new Set([web.containerId]));
    assert.deepEqual(fixture.engine.findNetwork("front"), network);
    assert.equal(snapshot(), before);
    await fixture.close();
    ip("link", "delete", network.bridge ?? "");
    await fixture.open();
    await fixture.engine.reconcile(new Set([web.containerId]));
    run(ping(web.address));
    run(["busybox", "ping", "-6", "-c1", "-W1", web.address6]);
  });
});
