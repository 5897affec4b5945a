/** `ctr run` and its kin on a real engine, without a terminal: exit codes, streams, signals, files. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestEngine } from "../../support/engine.ts";
import { waitFor } from "../../support/wait.ts";

const root = join(import.meta.dirname, "../../..");

describe("ctr run", () => {
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start();
  });
  after(() => engine[Symbol.asyncDispose]());

  const shell = (script: string, ...flags: readonly string[]) =>
    engine.ctr(["run", "--rm", ...flags, "busybox", "sh", "-c", script]);
  const spawn = (...argv: readonly string[]) =>
    engine.host.spawn([join(root, "bin/ctr"), "-H", `unix://${engine.socket}`, ...argv]);
  const names = () => engine.ctrOutput("ps", "-a", "--format", "{{.Names}}");

  const ENDS: readonly (readonly [title: string, script: string, exitCode: number])[] = [
    ["0", "true", 0],
    ["its own code", "exit 7", 7],
    ["128 and the signal that killed it", "kill -KILL $$", 137],
  ];
  for (const [title, script, exitCode] of ENDS) {
    it(`ends with ${title}`, async () => assert.equal((await shell(script, "--init")).exitCode, exitCode));
  }

  it("keeps stdout and stderr apart, and all of both", async () => {
    const script = "seq 1 20000; seq 1 20000 >&2; echo end";
    const { stdout, stderr } = await shell(script);
    const numbers = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join("");
    assert.equal(stdout, `${numbers}end\n`);
    assert.equal(stderr, numbers);
  });

  it("pipes stdin to its end", async () => {
    const input = Buffer.alloc(300_000, "some input\n");
    const { stdout } = await engine.ctr(["run", "--rm", "-i", "busybox", "sh", "-c", "wc -c; echo done"], { input });
    assert.equal(stdout, "300000\ndone\n");
    assert.equal((await engine.ctr(["run", "--rm", "-i", "busybox", "cat"], { input: "" })).exitCode, 0);
  });

  it("prints the id alone with -d, and writes it to --cidfile", async () => {
    const cidfile = join(engine.host.directory, "cid");
    const id = await engine.ctrOutput(
      "run",
      "-d",
      "--rm",
      "--name",
      "web",
      "--cidfile",
      cidfile,
      "busybox",
      "sleep",
      "60",
    );
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.equal(readFileSync(cidfile, "utf8"), id);
    const again = await engine.ctr(["run", "--cidfile", cidfile, "busybox", "true"]);
    assert.equal(again.exitCode, 125);
    assert.match(again.stderr, /^ctr: container ID file found, make sure the other container isn't running or delete /);
    await engine.ctrOutput("rm", "-f", "web");
  });

  it("leaves nothing behind with --rm, and everything without", async () => {
    assert.equal((await shell("exit 3")).exitCode, 3);
    assert.equal(await names(), "");
    assert.equal((await engine.ctr(["run", "--name", "kept", "busybox", "sh", "-c", "echo out; exit 3"])).exitCode, 3);
    assert.equal(await engine.ctrOutput("wait", "kept"), "3");
    assert.equal(await engine.ctrOutput("logs", "kept"), "out");
    assert.equal(await engine.ctrOutput("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "kept"), "exited 3");
    const attached = await engine.ctr(["start", "-a", "kept"]);
    assert.deepEqual([attached.stdout, attached.exitCode], ["out\n", 3]);
    assert.equal(await engine.ctrOutput("rm", "kept"), "kept");
  });

  it("takes flags after the image for the command's", async () => {
    assert.equal(await engine.ctrOutput("run", "--rm", "busybox", "echo", "-d", "--name", "x"), "-d --name x");
    assert.equal(await engine.ctrOutput("run", "--rm", "busybox", "echo", "--", "--help"), "-- --help");
  });

  it("reads an environment file, which Node would take for its own", async () => {
    const file = join(engine.host.directory, "env");
    writeFileSync(file, "A=from file\nB=2\n");
    assert.equal((await shell("echo $A-$B", "--env-file", file, "-e", "B=3")).stdout, "from file-3\n");
  });

  it("passes signals on", async () => {
    const script = "trap 'echo got it; exit 9' TERM; echo ready; while :; do sleep 0.1; done";
    const client = spawn("run", "--rm", "--name", "trap", "busybox", "sh", "-c", script);
    let output = "";
    client.stdout?.on("data", (data: Buffer) => {
      output += data.toString();
    });
    await waitFor("the container", () => output.includes("ready"));
    client.kill("SIGTERM");
    const [code] = await once(client, "exit");
    assert.equal(code, 9);
    assert.equal(output, "ready\ngot it\n");
  });

  it("ends quietly when its reader has gone", async () => {
    await engine.ctrOutput("run", "--name", "long", "busybox", "seq", "1", "50000");
    const script = `"$0" -H "$1" logs long | head -n 1`;
    const { stdout, stderr } = await engine.host.run([
      "sh",
      "-c",
      script,
      join(root, "bin/ctr"),
      `unix://${engine.socket}`,
    ]);
    assert.deepEqual([stdout, stderr], ["1\n", ""]);
    await engine.ctrOutput("rm", "long");
  });

  it("says that it pulls an image which is not there, before it does", async () => {
    const { stderr, exitCode } = await engine.ctr(["run", "--rm", "127.0.0.1:1/none", "true"]);
    assert.match(stderr, /^Unable to find image '127\.0\.0\.1:1\/none:latest' locally\nctr: /);
    assert.equal(exitCode, 125);
    const never = await engine.ctr(["run", "--rm", "--pull", "never", "127.0.0.1:1/none", "true"]);
    assert.match(never.stderr, /^ctr: Error response from daemon: No such image: 127\.0\.0\.1:1\/none:latest\n/);
  });

  describe("beside it", () => {
    before(() =>
      engine.ctrOutput(
        "run",
        "-d",
        "--name",
        "web",
        "-p",
        "8080:80",
        "-m",
        "64m",
        "busybox",
        "httpd",
        "-f",
        "-p",
        "80",
      ),
    );
    after(() => engine.ctrOutput("rm", "-f", "web"));

    it("exec has streams, exit codes and errors of its own", async () => {
      const exec = (...argv: readonly string[]) => engine.ctr(["exec", ...argv]);
      const both = await exec("web", "sh", "-c", "echo out; echo err >&2; exit 5");
      assert.deepEqual([both.stdout, both.stderr, both.exitCode], ["out\n", "err\n", 5]);
      assert.equal((await engine.ctr(["exec", "-i", "web", "cat"], { input: "hi" })).stdout, "hi");
      assert.equal(
        (await exec("-e", "A=1", "-w", "/tmp", "-u", "1:2", "web", "sh", "-c", "echo $A $(pwd) $(id -u):$(id -g)"))
          .stdout,
        "1 /tmp 1:2\n",
      );
      assert.equal((await exec("web", "nosuch")).exitCode, 127);
      assert.equal((await exec("web", "/etc/passwd")).exitCode, 126);
      const stopped = await exec("nosuch", "true");
      assert.deepEqual(
        [stopped.stderr, stopped.exitCode],
        ["Error response from daemon: No such container: nosuch\n", 1],
      );
    });

    it("ps, port, top and limit show it", async () => {
      assert.match(
        await engine.ctrOutput("ps"),
        /busybox +"httpd -f -p 80" .*0\.0\.0\.0:8080->80\/tcp, \[::\]:8080->80\/tcp +web$/m,
      );
      assert.equal(await engine.ctrOutput("port", "web", "80"), "0.0.0.0:8080\n[::]:8080");
      assert.match(await engine.ctrOutput("top", "web"), /^UID .*CMD\nroot .*httpd -f -p 80$/);
      assert.match(await engine.ctrOutput("limit", "show", "web"), /memory +64MiB +64MiB /);
      assert.match(await engine.ctrOutput("limit", "ls"), /web +\S+ \/ 64MiB/);
      const readings = (await engine.ctrOutput("limit", "show", "--format", "json", "web")).split("\n");
      const memory = readings.map((line) => JSON.parse(line)).find(({ limit }) => limit === "memory");
      assert.equal(memory.enforced, 64 * 2 ** 20);
    });

    it("net ls and net inspect show its network", async () => {
      assert.match(
        await engine.ctrOutput("net", "ls"),
        /bridge +bridge +local\n.*host +host +local\n.*none +null +local$/,
      );
      assert.equal(
        await engine.ctrOutput("net", "inspect", "-f", "{{range .Containers}}{{.Name}}{{end}}", "bridge"),
        "web",
      );
    });

    it("events tell what happened", async () => {
      const since = new Date(Date.now() - 1000).toISOString();
      await engine.ctrOutput("run", "--rm", "--name", "event", "busybox", "true");
      const flags = ["--since", since, "--until", "0s", "--filter", "container=event", "--format", "{{.Action}}"];
      const actions = await engine.ctrOutput("events", ...flags);
      for (const action of ["create", "start", "die", "destroy"])
        assert.ok(actions.split("\n").includes(action), actions);
    });

    it("stop, start, restart, rename and kill print what they did it to", async () => {
      assert.equal(await engine.ctrOutput("stop", "-t", "0", "web"), "web");
      assert.equal(await engine.ctrOutput("start", "web"), "web");
      assert.equal(await engine.ctrOutput("restart", "-t", "0", "web"), "web");
      assert.equal(await engine.ctrOutput("rename", "web", "other"), "");
      assert.equal(await engine.ctrOutput("rename", "other", "web"), "");
      assert.equal(await engine.ctrOutput("kill", "-s", "KILL", "web"), "web");
      assert.equal(await engine.ctrOutput("wait", "web"), "137");
      const some = await engine.ctr(["start", "nosuch", "web"]);
      assert.deepEqual(
        [some.stdout, some.stderr, some.exitCode],
        [
          "web\n",
          "Error response from daemon: No such container: nosuch\nError: failed to start containers: nosuch\n",
          1,
        ],
      );
    });
  });

  it("has images that can be tagged, inspected, removed and made", async () => {
    await engine.ctrOutput("tag", "busybox", "127.0.0.1:5000/box:1");
    assert.match(await engine.ctrOutput("images"), /^127\.0\.0\.1:5000\/box +1 +[0-9a-f]{12} /m);
    assert.equal(await engine.ctrOutput("image", "inspect", "-f", "{{.Os}}", "127.0.0.1:5000/box:1"), "linux");
    assert.equal(await engine.ctrOutput("rmi", "127.0.0.1:5000/box:1"), "Untagged: 127.0.0.1:5000/box:1");
    const archive = join(engine.host.directory, "tree.tar");
    await engine.host.output(["tar", "-cf", archive, "-C", root, "package.json"]);
    assert.match(await engine.ctrOutput("import", "-c", 'CMD ["/x"]', archive, "made:1"), /^sha256:[0-9a-f]{64}$/);
    assert.equal(await engine.ctrOutput("inspect", "-f", "{{json .Config.Cmd}}", "made:1"), '["/x"]');
    assert.match(await engine.ctrOutput("rmi", "made:1"), /^Untagged: made:1\nDeleted: sha256:/);
    assert.equal((await engine.ctr(["load", "-i", "/nowhere"])).stderr, "open /nowhere: no such file or directory\n");
  });

  it("shows versions of both sides, and facts", async () => {
    assert.equal(
      await engine.ctrOutput("version", "-f", "{{.Client.Version}}"),
      await engine.ctrOutput("version", "-f", "{{.Server.Version}}"),
    );
    assert.match(await engine.ctrOutput("version"), /^Client:\n Version: .*\n\nServer:\n Engine:\n {2}Version: /s);
    assert.match(await engine.ctrOutput("info"), /Docker Root Dir: .*\/data\n/);
    assert.ok(existsSync(await engine.ctrOutput("info", "-f", "{{.DockerRootDir}}")));
  });
});
