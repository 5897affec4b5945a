/** The acceptance client, the real docker CLI: running containers. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { waitFor } from "../../support/wait.ts";
import { DockerClient } from "./docker-client.ts";

describe("the docker CLI: containers", () => {
  let docker: DockerClient;
  before(async () => {
    docker = await DockerClient.start();
  });
  after(() => docker?.[Symbol.asyncDispose]());
  afterEach(() => docker.removeContainers());

  describe("version and info", () => {
    it("shows client and server", async () => {
      const output = await docker.output("version");
      assert.match(output, /Server: ctr\n/);
      assert.match(output, /API version: +1\.51 \(minimum version 1\.24\)/);
      assert.match(output, /OS\/Arch: +linux\/(amd64|arm64)/);
    });

    it("counts containers and images", async () => {
      await docker.output("run", "-d", "busybox", "sleep", "1000");
      await docker.output("create", "busybox");
      const output = await docker.output("info");
      assert.match(output, / Containers: 2\n {2}Running: 1\n {2}Paused: 0\n {2}Stopped: 1\n Images: 1\n/);
      assert.match(output, /Storage Driver: overlay2/);
      assert.match(output, /Cgroup Driver: cgroupfs/);
      assert.doesNotMatch(output, /ERROR/);
    });

    it("is told when it is too new", async () => {
      const { exitCode, stderr } = await docker.runAs("1.99", "ps");
      assert.equal(exitCode, 1);
      assert.match(stderr, /client version 1\.99 is too new\. Maximum supported API version is 1\.51/);
    });

    for (const version of ["1.24", "1.30", "1.41", "1.44"]) {
      it(`speaks API ${version}`, async () => {
        assert.equal((await docker.runAs(version, "run", "--rm", "busybox", "echo", "hi")).stdout, "hi\n");
        assert.match((await docker.runAs(version, "images")).stdout, /busybox +latest/);
      });
    }
  });

  describe("run", () => {
    it("prints both streams and passes the exit code on", async () => {
      const { exitCode, stdout, stderr } = await docker.run([
        "run",
        "--rm",
        "busybox",
        "sh",
        "-c",
        "echo a; echo b >&2; exit 7",
      ]);
      assert.deepEqual([exitCode, stdout, stderr], [7, "a\n", "b\n"]);
      assert.equal(await docker.output("ps", "-aq"), "");
    });

    it("pipes stdin through, to its end", async () => {
      const { exitCode, stdout } = await docker.run(["run", "-i", "--rm", "busybox", "cat"], { input: "hi\nyou\n" });
      assert.deepEqual([exitCode, stdout], [0, "hi\nyou\n"]);
    });

    it("loses nothing of much input and output", async () => {
      const input = "0123456789abcdef\n".repeat(200_000);
      const { stdout } = await docker.run(["run", "-i", "--rm", "busybox", "cat"], { input });
      assert.equal(stdout.length, input.length);
      assert.ok(stdout === input);
    });

    it("gives a terminal with the client's size", async () => {
      const { stdout, exitCode } = await docker.dialogue(
        ["run", "-it", "--rm", "busybox", "sh"],
        [["/ # ", "tty; stty size; exit 5\n"]],
      );
      assert.match(stdout, /\/dev\/pts\/0/);
      assert.match(stdout, /30 100/);
      assert.equal(exitCode, 5);
    });

    it("detaches by ctrl-p ctrl-q and leaves the container running", async () => {
      const { exitCode } = await docker.dialogue(
        ["run", "-it", "--name", "left", "busybox", "sh", "-c", "'echo ready; cat'"],
        [["ready", "\x10\x11"]],
      );
      assert.equal(exitCode, 0);
      assert.equal(await docker.inspect("left", "{{.State.Status}}"), "running");
    });

    it("passes ctrl-c on to the program", async () => {
      const script = "'trap \"echo got; exit 3\" INT; echo ready; while :; do sleep 0.05; done'";
      const { stdout, exitCode } = await docker.dialogue(
        ["run", "-it", "--rm", "busybox", "sh", "-c", script],
        [["ready", "\x03"]],
      );
      assert.match(stdout, /got/);
      assert.equal(exitCode, 3);
    });

    it("detaches by keys of the user's choice; attach comes back", async () => {
      await docker.dialogue(
        ["run", "-it", "--name", "kept", "--detach-keys", "ctrl-x,x", "busybox", "sh"],
        [["/ # ", "\x18x"]],
      );
      assert.equal(await docker.inspect("kept", "{{.State.Status}}"), "running");
      const { stdout, exitCode } = await docker.dialogue(["attach", "kept"], [["", "echo a$((1+1))b; exit 7\n"]]);
      assert.match(stdout, /a2b/);
      assert.equal(exitCode, 7);
    });

    it("refuses what this version cannot give, and says so", async () => {
      const { exitCode, stderr } = await docker.run(["run", "--rm", "--gpus", "all", "busybox", "true"]);
      assert.equal(exitCode, 125);
      assert.match(stderr, /--gpus \(HostConfig\.DeviceRequests\) is not available in this version/);
    });

    it("ends with 128 and the signal's number when a signal ends it", async () => {
      const running = docker.run(["run", "--name", "killed", "busybox", "sleep", "1000"]);
      await waitFor("the container", async () => (await docker.run(["kill", "killed"])).exitCode === 0);
      assert.equal((await running).exitCode, 137);
    });

    const refusals: readonly (readonly [string, number, readonly string[], RegExp])[] = [
      ["a command that is not there", 127, ["busybox", "nosuch"], /executable file not found in \$PATH/],
      ["a file that is not executable", 126, ["busybox", "/etc/passwd"], /permission denied/],
      ["a bad memory limit", 125, ["-m", "1m", "busybox", "true"], /Minimum memory limit allowed is 6MB/],
      ["an unknown network", 125, ["--network", "nowhere", "busybox", "true"], /network nowhere not found/],
    ];
    for (const [what, code, argv, message] of refusals) {
      it(`ends with ${code} for ${what}`, async () => {
        const { exitCode, stderr } = await docker.run(["run", "--rm", ...argv]);
        assert.match(stderr, message);
        assert.equal(exitCode, code);
        assert.equal(await docker.output("ps", "-aq"), "");
      });
    }

    it("passes signals on to the program", async () => {
      const script = "trap 'echo got; exit 4' TERM; echo ready; while :; do sleep 0.05; done";
      const child = docker.spawn("run", "--name", "sig", "busybox", "sh", "-c", script);
      const output = child.stdout === null ? Promise.resolve("") : text(child.stdout);
      await waitFor("the container", async () => (await docker.run(["logs", "sig"])).stdout.includes("ready"));
      child.kill("SIGTERM");
      const [exitCode] = await once(child, "exit");
      assert.deepEqual([exitCode, await output], [4, "ready\ngot\n"]);
    });

    it("in the background prints the id and goes on", async () => {
      const id = await docker.output("run", "-d", "--name", "bg", "busybox", "sleep", "1000");
      assert.match(id, /^[0-9a-f]{64}$/);
      assert.equal(await docker.inspect("bg", "{{.Id}} {{.State.Running}}"), `${id} true`);
    });

    it("publishes a port", async () => {
      await docker.output(
        "run",
        "-d",
        "--name",
        "web",
        "-p",
        "127.0.0.1:8080:80",
        "busybox",
        "httpd",
        "-f",
        "-h",
        "/etc",
      );
      assert.match(await docker.output("ps"), /127\.0\.0\.1:8080->80\/tcp/);
      assert.equal(await docker.output("port", "web"), "80/tcp -> 127.0.0.1:8080");
      const page = await waitFor("the server", () =>
        docker.engine.host.output(["curl", "-s", "http://127.0.0.1:8080/passwd"]),
      );
      assert.match(page, /root/);
    });

    it("ends with 125 when the port is taken, with Docker's words", async () => {
      await docker.output("run", "-d", "-p", "8081:80", "busybox", "sleep", "1000");
      const { exitCode, stderr } = await docker.run(["run", "--name", "second", "-p", "8081:80", "busybox", "true"]);
      assert.equal(exitCode, 125);
      assert.match(stderr, /driver failed programming external connectivity on endpoint second/);
      assert.match(stderr, /Bind for 0\.0\.0\.0:8081 failed: port is already allocated/);
      assert.doesNotMatch(stderr, /Error waiting for container/);
    });
  });

  describe("ps", () => {
    it("has Docker's columns", async () => {
      await docker.output("run", "-d", "--name", "one", "busybox", "sleep", "1000");
      await docker.run(["run", "--name", "two", "busybox", "sh", "-c", "exit 3"]);
      await docker.output("create", "--name", "three", "busybox");
      const [header, ...rows] = (await docker.output("ps", "-a")).split("\n");
      assert.match(header ?? "", /^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$/);
      assert.equal(rows.length, 3);
      assert.match(rows[0] ?? "", /^[0-9a-f]{12} +busybox +"sh" +.+ ago +Created +three$/);
      assert.match(rows[1] ?? "", /"sh -c 'exit 3'" +.+ ago +Exited \(3\) .+ ago +two$/);
      assert.match(rows[2] ?? "", /"sleep 1000" +.+ ago +Up .+ +one$/);
      assert.equal((await docker.output("ps")).split("\n").length, 2);
    });

    it("filters", async () => {
      await docker.output("run", "-d", "--name", "one", "--label", "tier=web", "busybox", "sleep", "1000");
      await docker.run(["run", "--name", "two", "busybox", "sh", "-c", "exit 3"]);
      const names = async (...filters: readonly string[]): Promise<string> =>
        docker.output("ps", "-a", "--format", "{{.Names}}", ...filters.flatMap((filter) => ["-f", filter]));
      assert.equal(await names("name=on"), "one");
      assert.equal(await names("label=tier=web"), "one");
      assert.equal(await names("status=exited"), "two");
      assert.equal(await names("exited=3"), "two");
      assert.equal(await names("ancestor=busybox"), "two\none");
      assert.equal(await names("since=one"), "two");
      assert.equal(await names("before=two"), "one");
      assert.equal(await names("network=bridge", "name=two"), "two");
      assert.equal((await docker.run(["ps", "-f", "status=strange"])).exitCode, 1);
      assert.equal(await docker.output("ps", "-n", "1", "--format", "{{.Names}}"), "two");
    });

    it("shows sizes", async () => {
      await docker.output("run", "--name", "sized", "busybox", "sh", "-c", "head -c 100000 /dev/zero >/file");
      assert.match(await docker.output("ps", "-as", "--format", "{{.Size}}"), /^1\d\dkB \(virtual .+MB\)$/);
    });
  });

  describe("attach", () => {
    it("sees the output and ends with the exit code", async () => {
      await docker.output("run", "-di", "--name", "talk", "busybox", "sh", "-c", "read line; echo got $line; exit 4");
      const { stdout, exitCode } = await docker.run(["attach", "talk"], { input: "word\n" });
      assert.deepEqual([stdout, exitCode], ["got word\n", 4]);
    });
  });

  describe("exec", () => {
    beforeEach(() => docker.output("run", "-d", "--name", "host", "busybox", "sleep", "1000"));

    it("runs a command, with both streams and its exit code", async () => {
      const { stdout, stderr, exitCode } = await docker.run(["exec", "host", "sh", "-c", "echo a; echo b >&2; exit 9"]);
      assert.deepEqual([stdout, stderr, exitCode], ["a\n", "b\n", 9]);
    });

    it("pipes stdin through", async () => {
      const { stdout } = await docker.run(["exec", "-i", "host", "cat"], { input: "hi\n" });
      assert.equal(stdout, "hi\n");
    });

    it("ends the program's input when the client has none", async () => {
      for (let round = 0; round < 4; round++) {
        const { stdout, exitCode } = await docker.run(["exec", "-i", "host", "sh", "-c", "cat; echo end; exit 3"], {
          input: "",
        });
        assert.deepEqual([stdout, exitCode], ["end\n", 3]);
      }
    });

    it("takes environment, user and directory", async () => {
      const script = "echo $A $(id -u) $(pwd)";
      assert.equal(
        await docker.output("exec", "-e", "A=1", "-u", "1000", "-w", "/etc", "host", "sh", "-c", script),
        "1 1000 /etc",
      );
    });

    it("gives a terminal with the client's size", async () => {
      const { stdout, exitCode } = await docker.dialogue(
        // Clients before 23 send the size a moment after the start.
        [
          "exec",
          "-it",
          "host",
          "sh",
          "-c",
          '"until stty size | grep -v ^0 2>/dev/null; do :; done 2>/dev/null; exit 6"',
        ],
        [],
      );
      assert.match(stdout, /30 100/);
      assert.equal(exitCode, 6);
    });

    it("in the background returns at once", async () => {
      await docker.output("exec", "-d", "host", "touch", "/made");
      await waitFor("the file", async () => (await docker.run(["exec", "host", "test", "-e", "/made"])).exitCode === 0);
    });

    it("ends with 127 and 126 for what cannot be run", async () => {
      const missing = await docker.run(["exec", "host", "nosuch"]);
      assert.equal(missing.exitCode, 127);
      assert.match(missing.stdout + missing.stderr, /OCI runtime exec failed.*executable file not found in \$PATH/);
      assert.equal((await docker.run(["exec", "host", "/etc/passwd"])).exitCode, 126);
    });

    it("is listed until it has ended, and is no more when its container ended before it began", async () => {
      const { engine } = docker;
      const create = async () =>
        (await engine.api("POST", "/containers/host/exec", { Cmd: ["true"] })).json<{ Id: string }>().Id;
      const start = (id: string) => engine.api("POST", `/exec/${id}/start`, {});
      const listed = () => docker.output("inspect", "--format", "{{.ExecIDs}}", "host");
      const [first, second] = [await create(), await create()];
      await start(first);
      assert.equal(await listed(), `[${second}]`);
      assert.match((await engine.api("GET", `/exec/${first}/json`)).body, /"ExitCode":0/);
      await docker.output("kill", "host");
      assert.equal(await listed(), "[]");
      assert.deepEqual([(await start(second)).status, (await start(first)).status], [404, 409]);
    });

    it("has the limits of open files that its container has", async () => {
      await docker.output("run", "-d", "--name", "limited", "--ulimit", "nofile=100:200", "busybox", "sleep", "1000");
      await docker.output("exec", "-d", "limited", "sleep", "2000");
      const rows = (await docker.output("top", "limited", "-o", "pid,args")).split("\n");
      const [pid] =
        rows
          .find((row) => row.includes("sleep 2000"))
          ?.trim()
          .split(" ") ?? [];
      const limits = () => readFileSync(`/proc/${pid}/limits`, "utf8");
      await waitFor("its limits", () => /^Max open files +100 +200 /m.test(limits()));
    });

    it("needs a container that runs", async () => {
      await docker.output("kill", "host");
      const { exitCode, stderr } = await docker.run(["exec", "host", "true"]);
      assert.equal(exitCode, 1);
      assert.match(stderr, /container [0-9a-f]{64} is not running/);
    });
  });
});
