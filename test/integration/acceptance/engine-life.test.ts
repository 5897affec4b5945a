/** Engines come and go, cleanly or by SIGKILL; their containers, ports, logs and exit codes stay. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { TestEngine } from "../../support/engine.ts";
import { waitFor } from "../../support/wait.ts";

const PAGE = "echo page > /page; exec httpd -f -p 80 -h /";

const inspect = (engine: TestEngine, name: string, template: string): Promise<string> =>
  engine.ctrOutput("inspect", "--format", template, name);

const page = (engine: TestEngine): Promise<string> =>
  engine.host.output(["curl", "-fsS", "--max-time", "10", "http://127.0.0.1:8080/page"]);

const bridgeOf = (engine: TestEngine): Promise<string> =>
  engine.ctrOutput("net", "inspect", "--format", "{{json .IPAM.Config}}", "bridge");

async function startWeb(engine: TestEngine): Promise<void> {
  await engine.ctrOutput("run", "-d", "--name", "web", "-p", "8080:80", "busybox", "sh", "-c", PAGE);
  await waitFor("the page", async () => (await page(engine)) === "page");
}

describe("an engine that ends", () => {
  const resources = new AsyncDisposableStack();
  let engine: TestEngine;
  before(async () => {
    engine = resources.use(await TestEngine.start());
    await startWeb(engine);
  });
  after(() => resources.disposeAsync());

  it("by SIGTERM leaves containers and their ports working, and the next one finds them", async () => {
    const pid = await inspect(engine, "web", "{{.State.Pid}}");
    await engine.stopDaemon();
    assert.ok(!existsSync(engine.socket), "the socket is still there");
    assert.equal(await page(engine), "page");
    await engine.startDaemon();
    assert.equal(await inspect(engine, "web", "{{.State.Status}} {{.State.Pid}}"), `running ${pid}`);
    assert.equal(await page(engine), "page");
    assert.equal(await engine.ctrOutput("exec", "web", "cat", "/page"), "page");
  });

  it("by SIGKILL is followed by one that knows who runs, who has ended meanwhile, with exit codes and logs", async () => {
    const brief = [
      "sh",
      "-c",
      "echo begun; while ! test -e /go; do usleep 10000; done; echo done; echo oops >&2; exit 7",
    ];
    await engine.ctrOutput("run", "-d", "--name", "brief", "busybox", ...brief);
    const [pid, web] = [
      await inspect(engine, "brief", "{{.State.Pid}}"),
      await inspect(engine, "web", "{{.State.Pid}}"),
    ];
    await engine.stopDaemon("SIGKILL");
    await engine.host.output(["touch", `/proc/${pid}/root/go`]);
    await waitFor("the container to end", () => !existsSync(`/proc/${pid}/root/go`));
    await engine.startDaemon();
    assert.equal(await inspect(engine, "brief", "{{.State.Status}} {{.State.ExitCode}}"), "exited 7");
    assert.equal(await engine.ctrOutput("wait", "brief"), "7");
    const logs = await engine.ctr(["logs", "brief"], { expect: [0] });
    assert.deepEqual([logs.stdout, logs.stderr], ["begun\ndone\n", "oops\n"]);
    assert.equal(await inspect(engine, "web", "{{.State.Status}} {{.State.Pid}}"), `running ${web}`);
    assert.equal(await page(engine), "page");
    await engine.ctrOutput("start", "brief");
    assert.equal(await engine.ctrOutput("wait", "brief"), "7");
  });

  it("keeps what it wrote while no engine ran", async () => {
    await engine.ctrOutput(
      "run",
      "-d",
      "--name",
      "writer",
      "busybox",
      "sh",
      "-c",
      "while ! test -e /go; do usleep 10000; done; echo alone; exec sleep 1000",
    );
    const pid = await inspect(engine, "writer", "{{.State.Pid}}");
    await engine.stopDaemon("SIGKILL");
    await engine.host.output(["touch", `/proc/${pid}/root/go`]);
    await engine.startDaemon();
    await waitFor("the line", async () => (await engine.ctrOutput("logs", "writer")) === "alone");
    await engine.ctrOutput("rm", "-f", "writer");
  });

  it("does not let a second one onto its roots", async () => {
    const roots = [
      ["--data-root", engine.dataRoot],
      ["--exec-root", engine.execRoot],
    ];
    const elsewhere = (name: string): string => join(engine.host.directory, name);
    for (const [index, shared = []] of roots.entries()) {
      const other = index === 0 ? ["--exec-root", elsewhere("other-run")] : ["--data-root", elsewhere("other-data")];
      const flags = [
        ...shared,
        ...other,
        "--pidfile",
        elsewhere("other.pid"),
        "-H",
        `unix://${elsewhere("other.sock")}`,
      ];
      const { exitCode, stderr } = await engine.host.run([join(import.meta.dirname, "../../../bin/ctrd"), ...flags]);
      // 75 is EX_TEMPFAIL of sysexits.h: a client that starts an engine learns that another was quicker.
      assert.equal(exitCode, 75);
      assert.ok(stderr.includes(`ctrd is already running on ${shared[1]}, pid ${engine.pid}`), stderr);
    }
    assert.equal(await page(engine), "page");
  });
});

describe("engines side by side", () => {
  it("each have their own containers, addresses and ports", async () => {
    await using one = await TestEngine.start();
    await using other = await TestEngine.start();
    await Promise.all([startWeb(one), startWeb(other)]);
    const template = "{{.NetworkSettings.IPAddress}}";
    assert.equal(await inspect(one, "web", template), await inspect(other, "web", template));
    await one.ctrOutput("rm", "-f", "web");
    assert.equal(await page(other), "page");
    assert.equal(await one.ctrOutput("ps", "-aq"), "");
    assert.equal((await other.ctrOutput("ps", "-q")).split("\n").length, 1);
  });
});

describe("the default bridge", () => {
  it("takes the next range when a route of the host overlaps, and keeps it", async () => {
    await using engine = await TestEngine.start({
      prepare: async (host) => {
        await host.output(["ip", "link", "add", "taken", "type", "veth", "peer", "taken-peer"]);
        await host.output(["ip", "address", "add", "172.17.5.1/24", "dev", "taken"]);
        await host.output(["ip", "link", "set", "taken", "up"]);
      },
    });
    assert.equal(await bridgeOf(engine), '[{"Subnet":"172.18.0.0/16","Gateway":"172.18.0.1"}]');
    assert.match(await engine.ctrOutput("run", "--rm", "busybox", "ip", "route"), /default via 172\.18\.0\.1/);
    await engine.stopDaemon();
    await engine.host.output(["ip", "link", "delete", "taken"]);
    await engine.startDaemon();
    assert.equal(await bridgeOf(engine), '[{"Subnet":"172.18.0.0/16","Gateway":"172.18.0.1"}]');
  });

  it("has the address that --bip names, and containers the ones after it", async () => {
    await using engine = await TestEngine.start({ flags: ["--bip", "10.77.0.1/24"] });
    assert.equal(await bridgeOf(engine), '[{"Subnet":"10.77.0.0/24","Gateway":"10.77.0.1"}]');
    assert.match(await engine.host.output(["ip", "-4", "-o", "address", "show", "ctr0"]), /inet 10\.77\.0\.1\/24/);
    const address = await engine.ctrOutput("run", "--rm", "busybox", "ip", "-4", "-o", "address", "show", "eth0");
    assert.match(address, /inet 10\.77\.0\.2\/24/);
  });

  it("refuses a --bip that is none", async () => {
    await using engine = await TestEngine.start({ busybox: false });
    const { exitCode, stderr } = await engine.host.run([
      join(import.meta.dirname, "../../../bin/ctrd"),
      "--bip",
      "10.77.0.300/24",
    ]);
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /--bip.*10\.77\.0\.300\/24/s);
  });
});

describe("many containers", () => {
  const COUNT = 20;

  it("all start at once, and leave no trace after rm -f", async () => {
    await using engine = await TestEngine.start();
    await engine.ctrOutput("run", "--rm", "busybox", "true");
    const before = await engine.traces();
    const names = Array.from({ length: COUNT }, (_, index) => `many-${index}`);
    const start = async (name: string, index: number): Promise<void> => {
      const HostConfig = { PortBindings: { "80/tcp": [{ HostPort: String(9000 + index) }] }, Memory: 32 << 20 };
      const body = { Image: "busybox", Cmd: ["sleep", "1000"], ExposedPorts: { "80/tcp": {} }, HostConfig };
      const created = await engine.api("POST", `/containers/create?name=${name}`, body);
      assert.equal(created.status, 201, created.body);
      const started = await engine.api("POST", `/containers/${name}/start`);
      assert.equal(started.status, 204, started.body);
    };
    await Promise.all(names.map(start));

    const running = (await engine.ctrOutput("ps", "--format", "{{.Names}}")).split("\n");
    assert.deepEqual(running.sort(), [...names].sort());
    const addresses = await engine.ctrOutput("inspect", "--format", "{{.NetworkSettings.IPAddress}}", ...names);
    assert.equal(new Set(addresses.split("\n")).size, COUNT);

    await engine.ctrOutput("rm", "-f", ...names);
    await waitFor("the tear-down", async () => {
      assert.deepEqual(await engine.traces(), before);
      return true;
    });
  });

  it("leave no trace either when the engine is killed between their starts and their removal", async () => {
    await using engine = await TestEngine.start();
    await engine.ctrOutput("run", "--rm", "busybox", "true");
    const before = await engine.traces();
    await startWeb(engine);
    await engine.ctrOutput("run", "-d", "--name", "none", "--network", "none", "busybox", "sleep", "1000");
    await engine.stopDaemon("SIGKILL");
    await engine.startDaemon();
    await engine.ctrOutput("rm", "-f", "web", "none");
    await waitFor("the tear-down", async () => {
      assert.deepEqual(await engine.traces(), before);
      return true;
    });
  });
});
