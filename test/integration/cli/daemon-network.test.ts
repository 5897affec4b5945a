/** The network's keys of daemon.json, in force on a real engine. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestEngine } from "../../support/engine.ts";
import {
  ask,
  askInVain,
  connectOutside,
  HOST_ADDRESS,
  inNetworkOf,
  OUTSIDE_ADDRESS,
  serve,
} from "../../support/outside.ts";
import type { PrivateHost } from "../../support/private-host.ts";

const IDLE = ["busybox", "sleep", "infinity"];

describe("the network's keys of daemon.json", () => {
  let directory: string;
  let engine: TestEngine | undefined;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "ctr-keys-"));
  });
  afterEach(async () => {
    await engine?.[Symbol.asyncDispose]();
    engine = undefined;
    rmSync(directory, { recursive: true });
  });

  async function startWith(settings: object, prepare: (host: PrivateHost) => Promise<unknown> = async () => {}) {
    const file = join(directory, "daemon.json");
    writeFileSync(file, JSON.stringify(settings));
    engine = await TestEngine.start({
      flags: ["--config-file", file],
      prepare: async (host) => {
        await prepare(host);
      },
    });
    return engine;
  }

  for (const backend of ["nftables", "iptables"] as const) {
    it(`let other hosts reach published ports at the containers' own addresses, with ${backend}`, async () => {
      const ctr = await startWith({ "allow-direct-routing": true, "firewall-backend": backend });
      await using outside = await connectOutside(ctr.host);
      await ctr.ctrOutput("run", "-d", "--name", "web", "-p", "8080:80", "-p", "127.0.0.1:8081:81", ...IDLE);
      await serve(ctr.host, "web", [80, 81, 82], await inNetworkOf(ctr, "web"));
      const address = await ctr.ctrOutput(
        "inspect",
        "--format",
        "{{.NetworkSettings.Networks.bridge.IPAddress}}",
        "web",
      );
      assert.equal(await ask(outside, "tcp", address, 80), `web saw ${OUTSIDE_ADDRESS}`);
      assert.equal(await ask(outside, "tcp", HOST_ADDRESS, 8080), `web saw ${OUTSIDE_ADDRESS}`);
      assert.equal(await askInVain(outside, "tcp", address, 81), "silence", "published for this host alone");
      assert.equal(await askInVain(outside, "tcp", address, 82), "silence", "not published");
      await ctr.ctrOutput("net", "unpublish", "web", "8080:80");
      assert.equal(await askInVain(outside, "tcp", address, 80), "silence", "no longer published");
    });
  }

  it("shape the default network, new networks, ports and names", async () => {
    const ctr = await startWith({
      bip: "10.75.0.1/24",
      bip6: "fd75::1/64",
      ipv6: true,
      "fixed-cidr": "10.75.0.64/26",
      "default-gateway": "10.75.0.9",
      mtu: 1400,
      "default-address-pools": [{ base: "10.76.0.0/16", size: 26 }],
      "default-network-opts": { bridge: { "com.docker.network.driver.mtu": "1300" } },
      "publish-policy": "loopback",
      "host-gateway-ips": ["192.0.2.7"],
      dns: ["192.0.2.53"],
      "dns-search": ["example.org"],
      "dns-opts": ["ndots:3"],
    });
    const inside = await ctr.ctrOutput(
      "run",
      "--rm",
      "--add-host",
      "up:host-gateway",
      "busybox",
      "sh",
      "-c",
      LOOK_AROUND,
    );
    assert.match(inside, /^inet 10\.75\.0\.64\/24 /m);
    assert.match(inside, /^inet6 fd75::2\/64 /m);
    assert.match(inside, /^default via 10\.75\.0\.9 /m);
    assert.match(inside, /^1400$/m);
    assert.match(inside, /^192\.0\.2\.7\s+up$/m);
    assert.match(inside, /^nameserver 192\.0\.2\.53\nsearch example\.org\noptions ndots:3$/m);
    await ctr.ctrOutput("net", "create", "made");
    const made = await ctr.ctrOutput("run", "--rm", "--network", "made", "busybox", "sh", "-c", LOOK_AROUND);
    assert.match(made, /^inet 10\.76\.0\.2\/26 /m);
    assert.match(made, /^1300$/m);
    await ctr.ctrOutput("run", "-d", "--name", "web", "-p", "8080:80", "busybox", "sleep", "100");
    assert.equal(await ctr.ctrOutput("port", "web"), "80/tcp -> 127.0.0.1:8080\n80/tcp -> [::1]:8080");
  });

  it("keep the containers of the default network apart, and use iptables", async () => {
    const ctr = await startWith({ icc: false, "firewall-backend": "iptables", ip: "127.0.0.1" });
    await ctr.ctrOutput(
      "run",
      "-d",
      "--name",
      "web",
      "-p",
      "8080:80",
      "busybox",
      "httpd",
      "-f",
      "-p",
      "80",
      "-h",
      "/etc",
    );
    const address = await ctr.ctrOutput("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "web");
    const ask = ["run", "--rm", "busybox", "nc", "-w", "1", address, "80"];
    assert.notEqual((await ctr.ctr(ask, { input: "" })).exitCode, 0);
    assert.match(await ctr.host.output(["curl", "-s", "-m", "5", "http://127.0.0.1:8080/hostname"]), /^[0-9a-f]{12}$/);
    assert.equal(await ctr.ctrOutput("port", "web"), "80/tcp -> 127.0.0.1:8080");
    assert.match(await ctr.ctrOutput("net", "rules", "--owned"), /^backend iptables \((nft|legacy)\)\n/);
  });

  it("take a bridge that is there, which stays", async () => {
    const ctr = await startWith({ bridge: "br75" }, async (host) => {
      await host.output(["ip", "link", "add", "br75", "type", "bridge"]);
      await host.output(["ip", "address", "add", "10.75.0.1/24", "dev", "br75"]);
    });
    assert.match(await ctr.ctrOutput("run", "--rm", "busybox", "ip", "route"), /^default via 10\.75\.0\.1 /);
    await ctr.stopDaemon();
    await ctr.host.output(["ip", "link", "show", "br75"]);
  });

  it("leave the default network out", async () => {
    const ctr = await startWith({ bridge: "none" });
    assert.equal(await ctr.ctrOutput("net", "ls", "--format", "{{.Name}}"), "host\nnone");
    await ctr.ctrOutput("net", "create", "--subnet", "10.77.0.0/24", "made");
    const route = await ctr.ctrOutput("run", "--rm", "--network", "made", "busybox", "ip", "route");
    assert.match(route, /^default via 10\.77\.0\.1 /);
    assert.equal(await ctr.ctrOutput("run", "--rm", "busybox", "ls", "/sys/class/net"), "lo");
  });
});

/** Addresses, routes, MTU and files as a container sees them. */
const LOOK_AROUND = [
  "ip address show dev eth0 | sed 's/^ *//'",
  "ip route",
  "cat /sys/class/net/eth0/mtu /etc/hosts /etc/resolv.conf",
].join("; ");
