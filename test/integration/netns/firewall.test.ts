import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { CtrError } from "../../../lib/errors.ts";
import { silentLogger } from "../../../lib/log.ts";
import { NftFirewall } from "../../../netns/firewall/firewall.ts";
import { type Firewall, type FirewallNetwork, type FirewallPort, openFirewall } from "../../../netns/firewall/index.ts";
import { openLibnftables } from "../../../netns/firewall/libnftables.ts";
import { openNftCommand } from "../../../netns/firewall/nft-command.ts";
import { Hosts, type Machine, misrouteLoopback, UPLINK } from "./firewall-hosts.ts";
import { PrivateNetwork } from "./private-network.ts";

const networkOf = (bridge: string, subnet: string, options: Partial<FirewallNetwork> = {}): FirewallNetwork => ({
  bridge,
  subnet,
  internal: false,
  masquerade: true,
  icc: true,
  ...options,
});

const portTo = (address: string, hostPort: number, options: Partial<FirewallPort> = {}): FirewallPort => ({
  protocol: "tcp",
  hostIp: "",
  hostPort,
  address,
  containerPort: 80,
  owner: "web",
  ...options,
});

async function allSilent(answers: readonly Promise<string>[]): Promise<void> {
  assert.deepEqual(
    await Promise.all(answers),
    answers.map(() => "silence"),
  );
}

const WEB = "172.20.0.2";
const NETWORKS = [
  networkOf("ctr0", "172.20.0.0/24"),
  networkOf("ctr1", "172.21.0.0/24", { masquerade: false }),
  networkOf("ctr2", "172.22.0.0/24", { internal: true }),
];
const PORTS = [
  portTo(WEB, 8080),
  portTo(WEB, 8080, { protocol: "udp" }),
  portTo(WEB, 8081, { hostIp: "127.0.0.1" }),
  portTo(WEB, 8082, { hostIp: UPLINK.host }),
];

for (const brNetfilter of [true, false]) {
  describe(`firewall, with br_netfilter ${brNetfilter ? "on" : "off"}`, () => {
    let hosts: Hosts;
    let firewall: Firewall;
    let outside: Machine;
    /** On ctr0, serves on port 80 what is published. */
    let web: Machine;
    /** Beside it on ctr0. */
    let neighbour: Machine;
    /** On ctr1. */
    let stranger: Machine;
    /** On ctr2, which is internal. */
    let inmate: Machine;
    let cellmate: Machine;

    before(async () => {
      hosts = await Hosts.start({ brNetfilter });
      hosts.bridge("ctr0", "172.20.0.1");
      hosts.bridge("ctr1", "172.21.0.1");
      hosts.bridge("ctr2", "172.22.0.1");
      outside = await hosts.outside();
      web = await hosts.container("ctr0", WEB, "172.20.0.1");
      neighbour = await hosts.container("ctr0", "172.20.0.3", "172.20.0.1");
      stranger = await hosts.container("ctr1", "172.21.0.2", "172.21.0.1");
      inmate = await hosts.container("ctr2", "172.22.0.2", "172.22.0.1");
      cellmate = await hosts.container("ctr2", "172.22.0.3", "172.22.0.1");
      await Promise.all([
        web.serve("web", 80, 81),
        inmate.serve("inmate", 80),
        outside.serve("outside", 80, 8080),
        stranger.serve("stranger", 80),
      ]);
      firewall = openFirewall({ logger: silentLogger });
      firewall.ensure();
      for (const network of NETWORKS) firewall.addNetwork(network);
      firewall.publish(PORTS);
      // Until here as at a first start; from here on as an engine that has reconciled.
      firewall.sync({ networks: NETWORKS, ports: PORTS });
    });

    after(async () => {
      firewall?.[Symbol.dispose]();
      await hosts?.[Symbol.asyncDispose]();
    });

    it("leads from outside to a published port, and keeps the client's address", async () => {
      assert.equal(await outside.ask(UPLINK.host, 8080), `web saw ${UPLINK.outside}`);
      assert.equal(await outside.ask(UPLINK.host, 8080, "udp"), `web saw ${UPLINK.outside}`);
      assert.equal(await outside.ask(UPLINK.host, 8082), `web saw ${UPLINK.outside}`);
    });

    it("leads from the host to a published port, by every address of the host", async () => {
      assert.equal(await hosts.ask("127.0.0.1", 8080), "web saw 172.20.0.1");
      assert.equal(await hosts.ask("127.0.0.1", 8080, "udp"), "web saw 172.20.0.1");
      assert.match(await hosts.ask(UPLINK.host, 8080), /^web saw /);
      assert.match(await hosts.ask("172.20.0.1", 8080), /^web saw /);
      assert.equal(await hosts.ask("127.0.0.1", 8081), "web saw 172.20.0.1");
    });

    it("leads from a container to a published port: its own, a neighbour's, another network's", async () => {
      assert.match(await web.ask(UPLINK.host, 8080), /^web saw /);
      assert.match(await neighbour.ask(UPLINK.host, 8080), /^web saw /);
      assert.match(await neighbour.ask("172.20.0.1", 8080), /^web saw /);
      assert.match(await neighbour.ask(UPLINK.host, 8080, "udp"), /^web saw /);
      assert.match(await stranger.ask(UPLINK.host, 8080), /^web saw /);
      assert.match(await stranger.ask("172.21.0.1", 8080), /^web saw /);
    });

    it("binds a port to the host address that was named", async () => {
      assert.equal(await outside.ask(UPLINK.host, 8081), "ECONNREFUSED");
      assert.equal(await hosts.ask("127.0.0.1", 8082), "ECONNREFUSED");
    });

    it("redirects nothing that is for someone else", async () => {
      assert.equal(await neighbour.ask(UPLINK.outside, 8080), `outside saw ${UPLINK.host}`);
      assert.equal(await neighbour.ask(UPLINK.outside, 8080, "udp"), `outside saw ${UPLINK.host}`);
    });

    it("hides containers behind the host's address only where it is asked to", async () => {
      assert.equal(await web.ask(UPLINK.outside, 80), `outside saw ${UPLINK.host}`);
      assert.equal(await web.ask(UPLINK.outside, 80, "udp"), `outside saw ${UPLINK.host}`);
      assert.equal(await stranger.ask(UPLINK.outside, 80), "outside saw 172.21.0.2");
    });

    it("drops what comes from outside for a container's own address", async () => {
      await allSilent([outside.listenFor(WEB, 80), outside.listenFor(WEB, 81), outside.listenFor(WEB, 80, "udp")]);
    });

    it("keeps networks apart, and neighbours together", async () => {
      assert.equal(await neighbour.ask(WEB, 80), "web saw 172.20.0.3");
      await allSilent([stranger.listenFor(WEB, 80), web.listenFor("172.21.0.2", 80)]);
      assert.equal(await hosts.ask(WEB, 81), "web saw 172.20.0.1");
    });

    it("closes an internal network to all but itself and the host", async () => {
      assert.equal(await cellmate.ask("172.22.0.2", 80), "inmate saw 172.22.0.3");
      assert.equal(await hosts.ask("172.22.0.2", 80), "inmate saw 172.22.0.1");
      await allSilent([
        cellmate.listenFor(UPLINK.outside, 80),
        cellmate.listenFor(UPLINK.host, 8080),
        outside.listenFor("172.22.0.2", 80),
        web.listenFor("172.22.0.2", 80),
      ]);
    });

    it("keeps an internal network closed even where a port of it is published", async () => {
      const port = portTo("172.22.0.2", 8095);
      firewall.publish([port]);
      assert.equal(await hosts.ask("127.0.0.1", 8095), "inmate saw 172.22.0.1");
      await allSilent([outside.listenFor(UPLINK.host, 8095), web.listenFor(UPLINK.host, 8095)]);
      firewall.unpublish([port]);
    });

    it("lets no one but the host use loopback addresses", async () => {
      const neighbourOnLink = await hosts.container("ctr0", "172.20.0.9", "172.20.0.1");
      await misrouteLoopback(neighbourOnLink, "172.20.0.1");
      await misrouteLoopback(outside, UPLINK.host);
      await allSilent(
        [8080, 8081].flatMap((port) => [
          outside.listenFor("127.0.0.1", port),
          neighbourOnLink.listenFor("127.0.0.1", port),
        ]),
      );
    });

    it("forwards no IPv6 out of a bridge or into it", async () => {
      execFileSync("ip", ["-6", "address", "add", "fd00:20::1/64", "dev", "ctr0", "nodad"]);
      await web.ip("-6 address add fd00:20::2/64 dev eth0 nodad");
      await web.ip("-6 route add default via fd00:20::1");
      await neighbour.ip("-6 address add fd00:20::3/64 dev eth0 nodad");
      assert.equal(await neighbour.ask("fd00:20::2", 80), "web saw fd00:20::3");
      assert.equal(await hosts.ask("fd00:20::2", 80), "web saw fd00:20::1");
      await allSilent([outside.listenFor("fd00:20::2", 80), web.listenFor(UPLINK.outside6, 80)]);
    });

    it("closes ports, and writes the table again when somebody flushed it", async () => {
      const extra = portTo(WEB, 8090, { containerPort: 81 });
      firewall.publish([extra]);
      assert.match(await outside.ask(UPLINK.host, 8090), /^web saw /);
      firewall.unpublish([extra]);
      assert.equal(await outside.ask(UPLINK.host, 8090), "ECONNREFUSED");

      execFileSync("nft", ["flush", "ruleset"]);
      firewall.publish([extra]);
      assert.match(await outside.ask(UPLINK.host, 8090), /^web saw /);
      assert.match(await outside.ask(UPLINK.host, 8080), /^web saw /);
      assert.equal(await outside.listenFor(WEB, 80), "silence");

      execFileSync("nft", ["flush", "ruleset"]);
      firewall.sync({ networks: NETWORKS, ports: PORTS });
      assert.match(await outside.ask(UPLINK.host, 8080), /^web saw /);
      assert.equal(await outside.listenFor(WEB, 80), "silence");
      assert.equal(await outside.ask(UPLINK.host, 8090), "ECONNREFUSED");
    });
  });
}

describe("firewall, icc off", () => {
  it("drops between neighbours, not on the way to a published port", async () => {
    await using hosts = await Hosts.start({ brNetfilter: true });
    hosts.bridge("ctr0", "172.20.0.1");
    await hosts.outside();
    const web = await hosts.container("ctr0", WEB, "172.20.0.1");
    const neighbour = await hosts.container("ctr0", "172.20.0.3", "172.20.0.1");
    await web.serve("web", 80);
    using firewall = openFirewall({ logger: silentLogger });
    firewall.sync({ networks: [networkOf("ctr0", "172.20.0.0/24", { icc: false })], ports: [portTo(WEB, 8080)] });
    assert.equal(await neighbour.listenFor(WEB, 80), "silence");
    assert.match(await neighbour.ask(UPLINK.host, 8080), /^web saw /);
    assert.match(await hosts.ask(WEB, 80), /^web saw /);
  });
});

for (const [name, openTransport] of [
  ["libnftables", openLibnftables],
  ["the nft program", openNftCommand],
] as const) {
  describe(`firewall, through ${name}`, () => {
    it("applies whole transactions, and names the statement that the kernel refuses", () => {
      using _network = PrivateNetwork.enter();
      using firewall = new NftFirewall(openTransport(), silentLogger);
      firewall.ensure();
      firewall.sync({ networks: NETWORKS, ports: PORTS });
      const before = ruleset();
      firewall.ensure();
      assert.equal(ruleset(), before);
      const taken = portTo("172.20.0.9", 8080);
      assert.throws(
        () => firewall.publish([portTo(WEB, 8099), taken]),
        (error) =>
          error instanceof CtrError &&
          error.message ===
            'nft: Could not process rule: File exists: add element inet ctr hp4 { tcp . 8080 comment "web" : 172.20.0.9 . 80 }',
      );
      assert.equal(ruleset(), before);
      firewall.unpublish(PORTS);
      for (const network of NETWORKS) firewall.removeNetwork(network);
      assert.doesNotMatch(ruleset(), /elements/);
    });
  });
}

describe("firewall, after an engine with another configuration", () => {
  it("takes an address range over that overlaps the former one", () => {
    using _network = PrivateNetwork.enter();
    {
      using former = openFirewall({ logger: silentLogger });
      former.sync({ networks: [networkOf("ctr0", "172.20.0.0/16")], ports: [portTo(WEB, 8080)] });
    }
    using firewall = openFirewall({ logger: silentLogger });
    firewall.ensure();
    firewall.addNetwork(networkOf("ctr0", "172.20.0.0/24"));
    assert.match(ruleset(), /elements = \{ 172\.20\.0\.0\/24 comment "ctr0" \}/);
    assert.match(ruleset(), /tcp \. 8080 comment "web" : 172\.20\.0\.2 \. 80/);
  });

  it("makes the table anew that another version left", () => {
    using _network = PrivateNetwork.enter();
    execFileSync("nft", ["add table inet ctr; add map inet ctr hp4 { type inet_service : ipv4_addr; }"]);
    using firewall = openFirewall({ logger: silentLogger });
    firewall.ensure();
    firewall.publish([portTo(WEB, 8080)]);
    assert.match(ruleset(), /tcp \. 8080/);
  });
});

const ruleset = (): string => execFileSync("nft", ["list", "ruleset"], { encoding: "utf8" });
