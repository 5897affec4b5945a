/** The engine as a process: who may start it, how it lives and ends. What keeps it from starting: engine-start.test.ts. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandResult } from "../../../lib/command.ts";
import { TestEngine } from "../../support/engine.ts";
import type { PrivateHost } from "../../support/private-host.ts";
import { waitFor } from "../../support/wait.ts";
import { startHost, stopHost } from "./default-places.ts";

const root = join(import.meta.dirname, "../../..");

describe("ctr without an engine", () => {
  let host: PrivateHost;
  beforeEach(async () => {
    host = await startHost();
  });
  afterEach(() => stopHost(host));

  const ctr = (...argv: readonly string[]): Promise<CommandResult> => host.run([join(root, "bin/ctr"), ...argv]);
  const enginePid = async () => Number(await host.output(["cat", "/run/ctr/ctrd.pid"]));

  it("starts one as root, detached, and waits until it answers", async () => {
    const { stdout, stderr, exitCode } = await ctr("ps");
    assert.deepEqual([stderr, exitCode], ["", 0]);
    assert.match(stdout, /^CONTAINER ID/);
    const pid = await enginePid();
    const [, , , session] = /^\d+ \(.*\) (\S+) (\d+) \d+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    assert.equal(Number(session), pid, "it leads a session of its own");
    assert.match(await host.output(["cat", "/var/lib/ctr/ctrd.log"]), /The engine is ready\./);
    assert.equal((await ctr("ps")).exitCode, 0);
    assert.equal(await enginePid(), pid);
  });

  it("is started by none but root, and not at an address of CTR_HOST", async () => {
    const byVariable = await host.run(["env", "CTR_HOST=tcp://127.0.0.1:1", join(root, "bin/ctr"), "ps"]);
    assert.match(
      byVariable.stderr,
      /engine at tcp:\/\/127\.0\.0\.1:1\..*\nCTR_HOST names it: start that engine with: ctrd -H/,
    );
    const other = await host.run(["unshare", "--user", "--map-user=1000", join(root, "bin/ctr"), "ps"]);
    assert.match(other.stderr, /^Cannot connect to the ctr engine .*\nStart it as root: sudo ctrd/);
    for (const { exitCode } of [byVariable, other]) assert.equal(exitCode, 1);
    assert.equal((await host.run(["test", "-e", "/run/ctr"])).exitCode, 1);
  });

  it("shows its own part of version, help and errors all the same", async () => {
    assert.match((await ctr("-H", "unix:///nowhere", "version")).stdout, /^Client:\n Version: /);
    assert.equal((await ctr("version", "--client")).exitCode, 0);
    assert.match((await ctr("--version")).stdout, /^ctr version \d/);
    assert.match((await ctr("run", "--help")).stdout, /^Usage: {2}ctr run /);
    assert.equal((await ctr("nosuch")).exitCode, 1);
  });
});

describe("ctrd", () => {
  let engine: TestEngine;
  let config: string;
  before(async () => {
    engine = await TestEngine.start();
    config = join(engine.host.directory, "daemon.json");
  });
  after(() => engine[Symbol.asyncDispose]());

  const ctrd = (...argv: readonly string[]) => engine.host.run([join(root, "bin/ctrd"), ...argv]);

  it("refuses to be the second on the same roots", async () => {
    const { stderr, exitCode } = await ctrd("--data-root", engine.dataRoot, "--exec-root", engine.execRoot);
    assert.match(stderr, new RegExp(`^ctrd: ctrd is already running on .*, pid ${engine.pid}\n {6}stop it first`));
    assert.equal(exitCode, 75);
  });

  it("needs root", async () => {
    const { stderr, exitCode } = await engine.host.run([
      "unshare",
      "--user",
      "--map-user=1000",
      join(root, "bin/ctrd"),
    ]);
    assert.match(stderr, /^ctrd: ctrd needs to be started with root privileges/);
    assert.equal(exitCode, 1);
  });

  it("listens at several addresses, and takes its settings from the file", async () => {
    const place = (name: string): string => join(engine.host.directory, "second", name);
    mkdirSync(place(""), { recursive: true });
    const hosts = [`unix://${place("a.sock")}`, "tcp://127.0.0.1:2999"];
    const roots = { "data-root": place("data"), "exec-root": place("run") };
    writeFileSync(config, JSON.stringify({ hosts, ...roots, bip: "10.77.0.1/24", "log-format": "json" }));
    // An engine in this network namespace already has the default bridge's device and tables: the second needs its own.
    const argv = [
      "unshare",
      "--net",
      "sh",
      "-c",
      'ip link set lo up; exec "$0" "$@"',
      join(root, "bin/ctrd"),
      "--config-file",
      config,
    ];
    const second = engine.host.spawn(argv);
    let log = "";
    second.stderr?.on("data", (data: Buffer) => {
      log += data.toString();
    });
    await waitFor("the second engine", () => log.includes("The engine is ready."));
    for (const line of log.trimEnd().split("\n")) assert.equal(typeof JSON.parse(line).msg, "string");
    assert.match(readFileSync(place("run/ctrd.pid"), "utf8"), /^\d+\n$/);
    const inside = (...command: readonly string[]) =>
      engine.host.output([
        "nsenter",
        "--target",
        readFileSync(place("run/ctrd.pid"), "utf8").trim(),
        "--net",
        ...command,
      ]);
    for (const host of hosts) {
      const subnet = await inside(
        join(root, "bin/ctr"),
        "-H",
        host,
        "net",
        "inspect",
        "-f",
        "{{(index .IPAM.Config 0).Subnet}}",
        "bridge",
      );
      assert.equal(subnet, "10.77.0.0/24");
    }
    second.kill("SIGTERM");
    await once(second, "exit");
    assert.equal(second.exitCode, 0);
    assert.equal(existsSync(place("run/ctrd.pid")), false);
  });

  it("leaves containers running when it ends, and finds them again", async () => {
    await engine.ctrOutput("run", "-d", "--name", "stays", "busybox", "sleep", "300");
    const pid = await engine.ctrOutput("inspect", "-f", "{{.State.Pid}}", "stays");
    await engine.stopDaemon();
    assert.match(engine.log, /Got SIGTERM: ending\. Containers go on\./);
    await engine.startDaemon();
    assert.equal(await engine.ctrOutput("inspect", "-f", "{{.State.Pid}} {{.State.Running}}", "stays"), `${pid} true`);
    await engine.ctrOutput("rm", "-f", "stays");
  });
});
