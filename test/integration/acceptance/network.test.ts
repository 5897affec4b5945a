/** Published ports and the way out, asked from every side: the host, loopback, another host, the container itself. */
import assert from "node:assert/strict";
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

describe("the network of containers", () => {
  const resources = new AsyncDisposableStack();
  let engine: TestEngine;
  let host: PrivateHost;
  let outside: PrivateHost;
  let container: readonly string[];
  let address: string;

  before(async () => {
    engine = resources.use(await TestEngine.start());
    host = engine.host;
    outside = resources.use(await connectOutside(host));
    const ports = ["-p", "8080:80", "-p", "5353:53/udp", "-p", "127.0.0.1:8081:80"];
    await engine.ctrOutput("run", "-d", "--name", "web", ...ports, "busybox", "sleep", "1000");
    container = await inNetworkOf(engine, "web");
    address = await engine.ctrOutput("inspect", "--format", "{{.NetworkSettings.IPAddress}}", "web");
    await serve(host, "web", [80, 53], container);
    await serve(host, "host", [7000]);
    await serve(outside, "outside", [7000]);
  });
  after(() => resources.disposeAsync());

  describe("a published port", () => {
    for (const [protocol, port] of [
      ["tcp", 8080],
      ["udp", 5353],
    ] as const) {
      it(`answers over ${protocol} on the host's loopback and other addresses`, async () => {
        for (const target of ["127.0.0.1", HOST_ADDRESS, "172.17.0.1"]) {
          assert.match(await ask(host, protocol, target, port), /^web saw /, target);
        }
      });

      it(`answers another host over ${protocol}, and sees its address`, async () => {
        assert.equal(await ask(outside, protocol, HOST_ADDRESS, port), `web saw ${OUTSIDE_ADDRESS}`);
      });

      it(`answers the container itself over ${protocol}, by way of the host's address`, async () => {
        assert.equal(await ask(host, protocol, HOST_ADDRESS, port, { prefix: container }), "web saw 172.17.0.1");
      });

      it(`answers a neighbour container over ${protocol}, by way of the host's address`, async () => {
        await engine.ctrOutput("run", "-d", "--name", `asks-${protocol}`, "busybox", "sleep", "1000");
        const prefix = await inNetworkOf(engine, `asks-${protocol}`);
        assert.match(await ask(host, protocol, HOST_ADDRESS, port, { prefix }), /^web saw /);
      });
    }

    it("on 127.0.0.1 answers the host's loopback alone", async () => {
      assert.match(await ask(host, "tcp", "127.0.0.1", 8081), /^web saw /);
      assert.equal(await ask(host, "tcp", HOST_ADDRESS, 8081), "ECONNREFUSED");
      assert.equal(await ask(outside, "tcp", HOST_ADDRESS, 8081), "ECONNREFUSED");
    });

    it("is said by ctr port and ctr ps", async () => {
      assert.equal(await engine.ctrOutput("port", "web", "53/udp"), "0.0.0.0:5353\n[::]:5353");
      const shown = await engine.ctrOutput("ps", "--filter", "name=web", "--format", "{{.Ports}}");
      assert.match(shown, /0\.0\.0\.0:8080->80\/tcp/);
      assert.match(shown, /127\.0\.0\.1:8081->80\/tcp/);
      assert.match(shown, /0\.0\.0\.0:5353->53\/udp/);
    });

    it("ends with its container", async () => {
      await engine.ctrOutput("run", "-d", "--name", "brief", "-p", "8090:80", "busybox", "sleep", "1000");
      await serve(host, "brief", [80], await inNetworkOf(engine, "brief"));
      assert.match(await ask(outside, "tcp", HOST_ADDRESS, 8090), /^brief saw /);
      await engine.ctrOutput("rm", "-f", "brief");
      assert.equal(await ask(outside, "tcp", HOST_ADDRESS, 8090), "ECONNREFUSED");
    });
  });

  describe("a container", () => {
    it("reaches another host, which sees the host's address", async () => {
      assert.equal(await ask(host, "tcp", OUTSIDE_ADDRESS, 7000, { prefix: container }), `outside saw ${HOST_ADDRESS}`);
      assert.equal(await ask(host, "udp", OUTSIDE_ADDRESS, 7000, { prefix: container }), `outside saw ${HOST_ADDRESS}`);
    });

    it("is reached by the host and by its neighbours under its own address", async () => {
      assert.equal(await ask(host, "tcp", address, 80), "web saw 172.17.0.1");
      await engine.ctrOutput("run", "-d", "--name", "neighbour", "busybox", "sleep", "1000");
      const neighbour = await engine.ctrOutput("inspect", "--format", "{{.NetworkSettings.IPAddress}}", "neighbour");
      const prefix = await inNetworkOf(engine, "neighbour");
      assert.equal(await ask(host, "tcp", address, 80, { prefix }), `web saw ${neighbour}`);
    });

    it("is not reached by another host except through published ports", async () => {
      // The bridge's address shows that the route is there.
      assert.match(await ask(outside, "tcp", "172.17.0.1", 8080), /^web saw /);
      assert.equal(await askInVain(outside, "tcp", address, 80), "silence");
      assert.equal(await askInVain(outside, "udp", address, 53), "silence");
    });

    it("has eth0 with its address and a default route over the bridge", async () => {
      const links = await engine.ctrOutput("exec", "web", "ip", "-4", "-o", "address");
      assert.match(links, /: lo +inet 127\.0\.0\.1\/8/);
      assert.ok(links.includes(`eth0    inet ${address}/16`), links);
      const routes = await engine.ctrOutput("exec", "web", "ip", "route");
      assert.match(routes, /^default via 172\.17\.0\.1 dev eth0/m);
    });

    it("knows itself by name and address", async () => {
      assert.equal(
        await engine.ctrOutput(
          "run",
          "--rm",
          "--name",
          "self",
          "--hostname",
          "here",
          "busybox",
          "sh",
          "-c",
          "hostname; grep here /etc/hosts | wc -l",
        ),
        "here\n1",
      );
    });
  });

  it("--network none has loopback alone", async () => {
    const links = await engine.ctrOutput("run", "--rm", "--network", "none", "busybox", "ls", "/sys/class/net");
    assert.equal(links, "lo");
    const { exitCode } = await engine.ctr([
      "run",
      "--rm",
      "--network",
      "none",
      "busybox",
      "ping",
      "-c1",
      "-W1",
      "127.0.0.1",
    ]);
    assert.equal(exitCode, 0);
  });

  it("--network host has the host's links and ports", async () => {
    const links = await engine.ctrOutput("run", "--rm", "--network", "host", "busybox", "ip", "-o", "link");
    assert.match(links, /: ctr0:/);
    assert.match(links, /: cable@/);
    await engine.ctrOutput(
      "run",
      "-d",
      "--name",
      "on-host",
      "--network",
      "host",
      "busybox",
      "httpd",
      "-f",
      "-p",
      "7070",
    );
    const namespaces = await host.output(["readlink", host.networkNamespace]);
    const [, , pid = ""] = await inNetworkOf(engine, "on-host");
    assert.equal(await host.output(["readlink", `/proc/${pid}/ns/net`]), namespaces);
  });

  it("ctr net ls and inspect name the three networks and who is on the bridge", async () => {
    assert.equal(
      await engine.ctrOutput("net", "ls", "--format", "{{.Name}} {{.Driver}}"),
      "bridge bridge\nhost host\nnone null",
    );
    const containers = await engine.ctrOutput("net", "inspect", "--format", "{{json .Containers}}", "bridge");
    assert.ok(containers.includes(`"IPv4Address":"${address}/16"`), containers);
  });
});
