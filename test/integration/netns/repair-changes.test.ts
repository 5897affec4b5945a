import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Endpoint } from "../../../netns/index.ts";
import { EngineFixture, ping, run, tcp } from "./engine-fixture.ts";

type Command = readonly [string, ...string[]];

/** What somebody does, where, and what a repair says of it. */
interface Damage {
  readonly host?: Command;
  readonly inside?: Command;
  readonly text: RegExp;
}

const sysctl = (key: string): string => readFileSync(`/proc/sys/${key}`, "utf8").trim();

describe("repair of what others have changed", () => {
  let fixture: EngineFixture;
  let web: Endpoint;
  let bridge: string;

  before(async () => {
    fixture = await EngineFixture.start({ userlandProxy: false });
    await fixture.engine.createNetwork({ name: "front", enableIPv6: true });
    web = await fixture.run("web", [tcp(80, 8080)], "front");
    await fixture.engine.reconcile(new Set([web.containerId]));
    bridge = fixture.engine.findNetwork("front").bridge ?? "";
  });
  after(() => fixture[Symbol.asyncDispose]());

  const mends = (name: string, damageOf: () => Damage) =>
    it(name, async () => {
      const { engine } = fixture;
      assert.deepEqual(await engine.repair({ dryRun: true }), []);
      const { host, inside, text } = damageOf();
      if (host !== undefined) run(host);
      if (inside !== undefined) fixture.inside(web.containerId, ...inside);
      const found = await engine.repair({ dryRun: true });
      assert.match(found.map((one) => `${one.object}: ${one.text}`).join("\n"), text);
      const mended = await engine.repair();
      assert(
        mended.every(({ repaired }) => repaired),
        JSON.stringify(mended),
      );
      assert.deepEqual(await engine.repair({ dryRun: true }), []);
    });

  const port = (...options: readonly string[]): Command => [
    "bridge",
    "link",
    "set",
    "dev",
    web.hostInterface ?? "",
    ...options,
  ];

  mends("forwarding of the host", () => ({
    host: ["sysctl", "-q", "-w", "net.ipv4.ip_forward=0"],
    text: /^forwarding: IPv4 forwarding is disabled/,
  }));
  mends("forwarding of IPv6", () => ({
    host: ["sysctl", "-q", "-w", "net.ipv6.conf.all.forwarding=0"],
    text: /IPv6 forwarding is disabled/,
  }));
  mends("forwarding of one bridge", () => ({
    host: ["sysctl", "-q", "-w", `net.ipv4.conf.${bridge}.forwarding=0`],
    text: /what comes from network front is not passed on/,
  }));
  mends("loopback addresses on a bridge", () => ({
    host: ["sysctl", "-q", "-w", `net.ipv4.conf.${bridge}.route_localnet=0`],
    text: /it does not take packets from 127\.0\.0\.1/,
  }));
  mends("answers for others on a bridge", () => ({
    host: ["sysctl", "-q", "-w", `net.ipv4.conf.${bridge}.proxy_arp=1`],
    text: /it answers for addresses of containers of network front/,
  }));
  mends("the MTU of a bridge", () => ({
    host: ["ip", "link", "set", bridge, "mtu", "1300"],
    text: /it takes 1300 bytes in place of 1500/,
  }));
  mends("the spanning tree of a bridge", () => ({
    host: ["ip", "link", "set", bridge, "type", "bridge", "stp_state", "1"],
    text: /it keeps new ports closed/,
  }));
  mends("an isolated port", () => ({ host: port("isolated", "on"), text: /port options on br-\w+: isolated on/ }));
  mends("hairpin mode", () => ({ host: port("hairpin", "off"), text: /hairpin off/ }));
  mends("flooding and learning", () => ({
    host: port("flood", "off", "learning", "off"),
    text: /learning off, flood off/,
  }));
  mends("a port that is closed", () => ({ host: port("state", "0"), text: /forwarding off/ }));
  mends("the MTU of the host's end", () => ({
    host: ["ip", "link", "set", web.hostInterface ?? "", "mtu", "1280"],
    text: /takes 1280 bytes in place of 1500/,
  }));
  mends("the MTU of the container's end", () => ({
    inside: ["ip", "link", "set", "eth0", "mtu", "1280"],
    text: /eth0 of web on front: it takes 1280 bytes in place of 1500/,
  }));
  mends("ARP in the container", () => ({
    inside: ["ip", "link", "set", "eth0", "arp", "off"],
    text: /it does not answer who has its address/,
  }));
  mends("the container's hardware address", () => ({
    inside: ["ip", "link", "set", "eth0", "address", "02:00:00:00:00:99"],
    text: /it has the hardware address 02:00:00:00:00:99 in place of/,
  }));
  it("forgets where a container with another's hardware address was", async () => {
    const { engine } = fixture;
    const { macAddress: shared, address: webAddress } = web;
    const twin = await fixture.run("twin", [], "front");
    const known = (): string =>
      `${run(["ip", "neigh", "show", twin.address, "dev", bridge])}${run(["bridge", "fdb", "show", "dev", twin.hostInterface ?? ""])}`;
    fixture.inside(twin.containerId, "ip", "link", "set", "eth0", "address", shared);
    // The twin is asked who it is: the host and the bridge know it by the address that it has taken.
    run(ping(twin.address));
    assert.equal(known().split(shared).length, 3, known());
    await engine.repair();
    assert.doesNotMatch(known(), new RegExp(shared));
    run(ping(webAddress));
    run(ping(twin.address));
  });
  mends("an address with another prefix", () => ({
    inside: ["sh", "-c", `ip address delete ${web.address}/16 dev eth0; ip address add ${web.address}/8 dev eth0`],
    text: /it has lost the address \S+\/16/,
  }));
  for (const family of ["-4", "-6"]) {
    mends(`the route to a network, ${family}`, () => {
      const [subnet = ""] = run(["ip", family, "route", "show", "dev", bridge, "proto", "kernel"])
        .split(/\s/)
        .filter((word) => /\/\d+$/.test(word) && !word.startsWith("fe80"));
      return {
        host: ["ip", family, "route", "delete", subnet, "dev", bridge],
        text: new RegExp(`the route to ${subnet} by it is gone`),
      };
    });
  }
  mends("a port that leads elsewhere", () => ({
    host: [
      ...([
        "nft",
        `delete element inet ctr hp4 { tcp . 8080 }; add element inet ctr hp4 { tcp . 8080 : 10.9.9.9 . 80 }`,
      ] as const),
    ],
    text: /firewall: tcp \. 8080 leads to 10\.9\.9\.9 \. 80 in place of/,
  }));
  mends("an element with another one in its place", () => ({
    host: [
      ...(["nft", `delete element inet ctr pairs { ipv4 . "${bridge}" . "${bridge}" }`] as const),
      `; add element inet ctr pairs { ipv4 . "${bridge}" . "other" }`,
    ],
    text: /firewall: ipv4 \. "br-\w+" \. "br-\w+" is not in pairs/,
  }));
  mends("the rules of a name server", () => ({
    inside: ["nft", "flush", "ruleset"],
    text: /name server of web: the rules that lead to it are gone/,
  }));

  it("forgets a client that is led to where a port was before", async () => {
    const { engine } = fixture;
    await engine.publish(web.containerId, [{ ...tcp(53, 5353), protocol: "udp" }]);
    assert.deepEqual(await engine.repair(), []);
    const former = web.address.replace(/\d+$/, "99");
    run([
      ...(["nft", "delete element inet ctr hp4 { udp . 5353 }"] as const),
      `; add element inet ctr hp4 { udp . 5353 : ${former} . 53 }`,
    ]);
    run(["bash", "-c", "echo question > /dev/udp/127.0.0.1/5353"]);
    const found = await engine.repair();
    assert.deepEqual(
      found.map(({ object, repaired }) => [object, repaired]),
      [
        ["firewall", true],
        ["port 5353/udp of web", true],
      ],
    );
    assert.deepEqual(await engine.repair({ dryRun: true }), []);
  });

  it("keeps containers apart again where the bridge's firewall was switched off", async () => {
    const key = "net/bridge/bridge-nf-call-iptables";
    const { engine } = fixture;
    await engine.createNetwork({ name: "apart", options: { "com.docker.network.bridge.enable_icc": "false" } });
    run(["sysctl", "-q", "-w", `${key.replaceAll("/", ".")}=0`]);
    const found = await engine.repair();
    assert.match(found[0]?.text ?? "", /containers of apart are not kept apart/);
    assert.equal(sysctl(key), "1");
  });
});
