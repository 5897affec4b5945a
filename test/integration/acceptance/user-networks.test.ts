/** Networks that users make: names, isolation, live changes, IPv6, and what they survive. Real packets all along. */
import assert from "node:assert/strict";
import { TestEngine } from "../../support/engine.ts";
import { ask, askInVain, connectOutside, HOST_ADDRESS, inNetworkOf, serve } from "../../support/outside.ts";
import type { PrivateHost } from "../../support/private-host.ts";
import { waitFor } from "../../support/wait.ts";

describe("networks that users make", () => {
  const resources = new AsyncDisposableStack();
  let engine: TestEngine;
  let host: PrivateHost;
  let outside: PrivateHost;

  /** Starts a container that sleeps and answers on port 80 with `<name> saw <address>`. */
  const start = async (name: string, ...flags: readonly string[]): Promise<void> => {
    await engine.ctrOutput("run", "-d", "--name", name, ...flags, "busybox", "sleep", "1000");
    await serve(host, name, [80], await inNetworkOf(engine, name));
  };
  const addressOf = (name: string, network: string, field = "IPAddress"): Promise<string> =>
    engine.ctrOutput("inspect", "--format", `{{(index .NetworkSettings.Networks "${network}").${field}}}`, name);
  const askFrom = async (name: string, address: string, port = 80): Promise<string> =>
    ask(host, "tcp", address, port, { prefix: await inNetworkOf(engine, name) });
  const askFromInVain = async (name: string, address: string): Promise<string> =>
    ask(host, "tcp", address, 80, { prefix: await inNetworkOf(engine, name), patience: 700 });
  /** What `getent`'s stand-in of busybox finds; empty when the name is unknown. */
  const resolve = async (name: string, wanted: string): Promise<string> => {
    const { stdout } = await engine.ctr(["exec", name, "nslookup", "-type=a", wanted]);
    return [...stdout.matchAll(/^Address:\s+([\d.]+)$/gm)].map(([, address]) => address).join(" ");
  };

  /** The same by name: what the name server in the asking container says is asked. */
  const askByName = async (name: string, wanted: string): Promise<string> => askFrom(name, await resolve(name, wanted));

  before(async () => {
    engine = resources.use(await TestEngine.start());
    host = engine.host;
    outside = resources.use(await connectOutside(host));
    await engine.ctrOutput("network", "create", "--subnet", "10.81.0.0/24", "front");
    await engine.ctrOutput("network", "create", "--subnet", "10.82.0.0/24", "--subnet", "fd82::/64", "--ipv6", "back");
    await start("web", "--network", "front", "--network-alias", "www", "-p", "8080:80");
    await start("peer", "--network", "front");
    await start("db", "--network", "back");
  });
  after(() => resources.disposeAsync());

  describe("names", () => {
    it("leads a name, an alias and a short id to the container, within its network only", async () => {
      const address = await addressOf("web", "front");
      const id = await engine.ctrOutput("inspect", "--format", "{{.Id}}", "web");
      for (const name of ["web", "www", "WEB", id.slice(0, 12), "web.front"]) {
        assert.equal(await resolve("peer", name), address, name);
      }
      assert.equal(await resolve("peer", "db"), "");
    });

    it("follows a container that is stopped and started", async () => {
      await start("comes", "--network", "front");
      const address = await addressOf("comes", "front");
      assert.equal(await resolve("peer", "comes"), address);
      await engine.ctrOutput("stop", "-t", "0", "comes");
      assert.equal(await resolve("peer", "comes"), "");
      await engine.ctrOutput("start", "comes");
      assert.equal(await addressOf("comes", "front"), address);
      assert.equal(await resolve("peer", "comes"), address);
    });

    it("writes resolv.conf and hosts for it", async () => {
      const resolvConf = await engine.ctrOutput("exec", "web", "cat", "/etc/resolv.conf");
      assert.match(resolvConf, /^nameserver 127\.0\.0\.11$/m);
      assert.match(resolvConf, /^options .*ndots:0$/m);
      assert.match(await engine.ctrOutput("exec", "web", "cat", "/etc/hosts"), /^10\.81\.0\.\d+\t[0-9a-f]{12}$/m);
    });
  });

  describe("isolation", () => {
    it("lets containers of one network reach each other", async () => {
      assert.equal(await askByName("peer", "web"), `web saw ${await addressOf("peer", "front")}`);
    });

    it("keeps networks apart, until they are joined by a grant", async () => {
      const address = await addressOf("db", "back");
      assert.equal(await askFromInVain("web", address), "silence");
      await engine.ctrOutput("net", "allow", "front", "back", "--port", "80");
      assert.match(await askFrom("web", address), /^db saw /);
      await engine.ctrOutput("net", "deny", "front", "back", "--port", "80");
      assert.equal(await askFromInVain("web", address), "silence");
    });

    it("does not let another host in, but by a published port", async () => {
      await outside.output(["ip", "route", "add", "10.81.0.0/24", "via", HOST_ADDRESS]);
      assert.equal(await askInVain(outside, "tcp", await addressOf("web", "front"), 80), "silence");
      assert.match(await ask(outside, "tcp", HOST_ADDRESS, 8080), /^web saw 192\.0\.2\.2$/);
    });

    it("has no way out of an internal network", async () => {
      await serve(outside, "outside", [7000]);
      await engine.ctrOutput("network", "create", "--internal", "closed");
      await start("inner", "--network", "closed");
      await start("other", "--network", "closed");
      assert.match(await askFrom("web", "192.0.2.2", 7000), /^outside saw /);
      assert.match(await askFromInVain("inner", "192.0.2.2"), /ENETUNREACH|silence/);
      assert.match(await askByName("inner", "other"), /^other saw /);
    });
  });

  describe("IPv6", () => {
    it("gives a second address, and leads to it by name", async () => {
      const address = await addressOf("db", "back", "GlobalIPv6Address");
      assert.match(address, /^fd82::/);
      await start("db-client", "--network", "back");
      assert.match(await askFrom("db-client", address), /^db saw fd82::/);
      const { stdout } = await engine.ctr(["exec", "db-client", "nslookup", "-type=aaaa", "db"]);
      assert.ok(stdout.includes(address), stdout);
    });

    it("publishes on [::1] and on the host's IPv6 addresses", async () => {
      await start("six", "--network", "back", "-p", "8086:80");
      await host.output(["ip", "-6", "address", "add", "2001:db8::1/64", "dev", "cable", "nodad"]);
      await outside.output(["ip", "-6", "address", "add", "2001:db8::2/64", "dev", "cable", "nodad"]);
      assert.match(await ask(host, "tcp", "::1", 8086), /^six saw /);
      assert.equal(await ask(outside, "tcp", "2001:db8::1", 8086), "six saw 2001:db8::2");
    });

    it("carries [::1] to a container that has IPv4 alone", async () => {
      assert.match(await ask(host, "tcp", "::1", 8080), /^web saw /);
    });
  });

  describe("live changes", () => {
    it("connects and disconnects a running container", async () => {
      await engine.ctrOutput("network", "connect", "--alias", "store", "front", "db");
      assert.match(await askByName("peer", "store"), /^db saw /);
      assert.match(await askByName("db", "web"), /^web saw 10\.81\.0\./);
      await engine.ctrOutput("network", "disconnect", "front", "db");
      assert.equal(await resolve("peer", "store"), "");
      assert.equal((await engine.ctrOutput("exec", "db", "ls", "/sys/class/net")).split(/\s+/).join(" "), "eth0 lo");
    });

    it("publishes and unpublishes ports of a running container", async () => {
      await engine.ctrOutput("net", "publish", "peer", "-p", "8090:80");
      assert.match(await ask(outside, "tcp", HOST_ADDRESS, 8090), /^peer saw /);
      assert.match(await engine.ctrOutput("port", "peer"), /80\/tcp -> 0\.0\.0\.0:8090/);
      await engine.ctrOutput("net", "unpublish", "peer", "80/tcp");
      assert.equal(await ask(outside, "tcp", HOST_ADDRESS, 8090), "ECONNREFUSED");
    });
  });

  describe("a container in another's network", () => {
    it("shares its addresses, names and ports, also over a restart of the owner", async () => {
      await start("owner", "--network", "front");
      await engine.ctrOutput(
        "run",
        "-d",
        "--name",
        "guest",
        "--network",
        "container:owner",
        "busybox",
        "sleep",
        "1000",
      );
      const address = await addressOf("owner", "front");
      const seen = () => engine.ctrOutput("exec", "guest", "ip", "-4", "-o", "address", "show", "eth0");
      assert.ok((await seen()).includes(address));
      await engine.ctrOutput("restart", "-t", "0", "owner");
      assert.ok((await seen()).includes(address));
      assert.match(await askByName("guest", "web"), /^web saw /);
    });
  });

  describe("links on the default bridge", () => {
    it("writes names and variables, and follows a new address", async () => {
      await start("target");
      await engine.ctrOutput("run", "-d", "--name", "linking", "--link", "target:t", "busybox", "sleep", "1000");
      const address = await addressOf("target", "bridge");
      const hosts = () => engine.ctrOutput("exec", "linking", "cat", "/etc/hosts");
      assert.match(await hosts(), new RegExp(`^${address}\\tt [0-9a-f]{12} target$`, "m"));
      assert.match(await engine.ctrOutput("exec", "linking", "env"), /^T_NAME=\/linking\/t$/m);
    });
  });

  describe("what it survives", () => {
    it("a crash of the engine: connections, names and ports", async () => {
      await engine.stopDaemon("SIGKILL");
      assert.match(await ask(outside, "tcp", HOST_ADDRESS, 8080), /^web saw /);
      await engine.startDaemon();
      assert.match(await ask(outside, "tcp", HOST_ADDRESS, 8080), /^web saw /);
      assert.equal(await resolve("peer", "web"), await addressOf("web", "front"));
      assert.match(await askByName("peer", "web"), /^web saw /);
    });

    it("a flush of all firewall rules by somebody else", async () => {
      await host.output(["nft", "flush", "ruleset"]);
      await waitFor(
        "the rules to be back",
        async () => /^web saw /.test(await askInVain(outside, "tcp", HOST_ADDRESS, 8080)),
        5000,
      );
      assert.equal(await askFromInVain("web", await addressOf("db", "back")), "silence");
    });
  });

  it("refuses to remove a network in use, and leaves nothing of one that is removed", async () => {
    const { exitCode, stderr } = await engine.ctr(["network", "rm", "front"]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /error while removing network: network front (id [0-9a-f]+ )?has active endpoints/);
    const before = await engine.traces();
    await engine.ctrOutput("network", "create", "--ipv6", "--subnet", "10.83.0.0/24", "--subnet", "fd83::/64", "brief");
    await start("in-brief", "--network", "brief", "-p", "8099:80", "-p", "8099:80/udp");
    await engine.ctrOutput("rm", "-f", "in-brief");
    await engine.ctrOutput("network", "rm", "brief");
    assert.deepEqual(await engine.traces(), before);
  });
});
