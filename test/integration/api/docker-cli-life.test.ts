/** The acceptance client, the real docker CLI: what is done with containers once they are there. */
import assert from "node:assert/strict";
import { DockerClient } from "./docker-client.ts";

describe("the docker CLI: life and looks", () => {
  let docker: DockerClient;
  before(async () => {
    docker = await DockerClient.start();
  });
  after(() => docker?.[Symbol.asyncDispose]());
  afterEach(() => docker.removeContainers());

  describe("logs", () => {
    it("follows to the container's end", async () => {
      await docker.output(
        "run",
        "-d",
        "--name",
        "talk",
        "busybox",
        "sh",
        "-c",
        "for i in 1 2 3; do echo $i; sleep 0.2; done; echo e >&2",
      );
      const { stdout, stderr, exitCode } = await docker.run(["logs", "-f", "talk"]);
      assert.deepEqual([stdout, stderr, exitCode], ["1\n2\n3\n", "e\n", 0]);
    });

    it("has tail, timestamps and since", async () => {
      await docker.output("run", "--name", "talk", "busybox", "seq", "5");
      assert.equal(await docker.output("logs", "--tail", "2", "talk"), "4\n5");
      assert.match(await docker.output("logs", "-t", "--tail", "1", "talk"), /^\d{4}-\d\d-\d\dT[\d:.]+Z 5$/);
      assert.equal(await docker.output("logs", "--since", "10m", "--tail", "1", "talk"), "5");
      assert.equal(await docker.output("logs", "--until", "10m", "talk"), "");
    });

    it("ends when the client leaves", async () => {
      await docker.output("run", "-d", "--name", "quiet", "busybox", "sleep", "1000");
      const { exitCode } = await docker.engine.host.run([
        "timeout",
        "0.5",
        "docker",
        "-H",
        `unix://${docker.engine.socket}`,
        "logs",
        "-f",
        "quiet",
      ]);
      assert.equal(exitCode, 124);
      await docker.output("rm", "-f", "quiet");
    });
  });

  describe("stop, start, restart, kill, rm", () => {
    it("stops with the signal and starts again", async () => {
      const script = "trap 'exit 2' TERM; while :; do sleep 0.05; done";
      await docker.output("run", "-d", "--name", "life", "busybox", "sh", "-c", script);
      assert.equal(await docker.output("stop", "life"), "life");
      assert.equal(await docker.inspect("life", "{{.State.Status}} {{.State.ExitCode}}"), "exited 2");
      assert.equal(await docker.output("stop", "life"), "life");
      assert.equal(await docker.output("start", "life"), "life");
      assert.equal(await docker.output("restart", "-t", "1", "life"), "life");
      assert.equal(await docker.inspect("life", "{{.State.Running}}"), "true");
    });

    it("kills what does not stop in time", async () => {
      await docker.output(
        "run",
        "-d",
        "--name",
        "deaf",
        "busybox",
        "sh",
        "-c",
        "trap '' TERM; while :; do sleep 0.1; done",
      );
      await docker.output("stop", "-t", "0", "deaf");
      assert.equal(await docker.inspect("deaf", "{{.State.ExitCode}}"), "137");
    });

    it("starts attached", async () => {
      await docker.output("create", "--name", "later", "busybox", "sh", "-c", "echo hi; exit 3");
      const { stdout, exitCode } = await docker.run(["start", "-a", "later"]);
      assert.deepEqual([stdout, exitCode], ["hi\n", 3]);
    });

    it("refuses to remove a running container, unless forced", async () => {
      const id = await docker.output("run", "-d", "--name", "busy", "busybox", "sleep", "1000");
      const { exitCode, stderr } = await docker.run(["rm", "busy"]);
      assert.equal(exitCode, 1);
      assert.match(
        stderr,
        /cannot remove container "busy": container is running: stop the container before removing or force remove/,
      );
      assert.equal(await docker.output("rm", "-f", id.slice(0, 8)), id.slice(0, 8));
      assert.match((await docker.run(["inspect", "busy"])).stderr, /No such object: busy/);
    });

    it("refuses an exec as a user that the container does not know, before anything is run", async () => {
      await docker.output("run", "-d", "--name", "users", "busybox", "sleep", "1000");
      const { exitCode, stdout, stderr } = await docker.run(["exec", "-u", "nouser", "users", "true"]);
      const text = "Error response from daemon: unable to find user nouser: no matching entries in passwd file\n";
      assert.deepEqual([exitCode, stdout, stderr], [1, "", text]);
      assert.equal(await docker.inspect("users", "{{.ExecIDs}}"), "[]");
    });

    it("waits, renames, shows processes", async () => {
      await docker.output("run", "-d", "--name", "old", "busybox", "sleep", "1000");
      await docker.output("rename", "old", "new");
      assert.match(await docker.output("top", "new"), /UID +PID .*\n.*sleep 1000/);
      const waiting = docker.output("wait", "new");
      await docker.output("kill", "-s", "KILL", "new");
      assert.equal(await waiting, "137");
    });

    it("refuses a name in use", async () => {
      const id = await docker.output("create", "--name", "taken", "busybox");
      const { exitCode, stderr } = await docker.run(["create", "--name", "taken", "busybox"]);
      assert.equal(exitCode, 1);
      assert.ok(
        stderr.includes(`Conflict. The container name "/taken" is already in use by container "${id}"`),
        stderr,
      );
    });

    it("prunes", async () => {
      await docker.output("create", "busybox");
      assert.match(
        await docker.output("container", "prune", "-f"),
        /^Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: /,
      );
    });
  });

  describe("inspect", () => {
    it("shows what was asked and what is", async () => {
      const flags = [
        "--hostname",
        "h1",
        "-e",
        "A=1",
        "-m",
        "64m",
        "--cpus",
        "0.5",
        "--pids-limit",
        "50",
        "-p",
        "8082:80",
      ];
      await docker.output("run", "-d", "--name", "seen", ...flags, "-v", "/etc:/host:ro", "busybox", "sleep", "1000");
      const [view] = JSON.parse(await docker.output("inspect", "seen"));
      assert.equal(view.Name, "/seen");
      assert.deepEqual([view.Path, view.Args], ["sleep", ["1000"]]);
      assert.deepEqual([view.State.Status, view.State.Running, view.State.ExitCode], ["running", true, 0]);
      assert.match(view.State.StartedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
      assert.equal(view.Config.Hostname, "h1");
      assert.ok(view.Config.Env.includes("A=1"));
      assert.deepEqual(
        [view.HostConfig.Memory, view.HostConfig.NanoCpus, view.HostConfig.PidsLimit],
        [67108864, 5e8, 50],
      );
      const bindings = ["0.0.0.0", "::"].map((HostIp) => ({ HostIp, HostPort: "8082" }));
      assert.deepEqual(view.NetworkSettings.Ports, { "80/tcp": bindings });
      assert.match(view.NetworkSettings.IPAddress, /^172\.\d+\.0\.\d+$/);
      assert.equal(view.NetworkSettings.Networks.bridge.IPAddress, view.NetworkSettings.IPAddress);
      assert.deepEqual(
        [view.Mounts[0].Source, view.Mounts[0].Destination, view.Mounts[0].RW],
        ["/etc", "/host", false],
      );
    });

    it("says why a container was killed for memory", async () => {
      const hog = "dd if=/dev/zero of=/dev/null bs=200M count=1";
      await docker.run(["run", "--name", "hog", "-m", "20m", "--memory-swap", "20m", "busybox", "sh", "-c", hog]);
      assert.equal(await docker.inspect("hog", "{{.State.OOMKilled}}"), "true");
    });

    it("finds images and networks too", async () => {
      assert.match(await docker.inspect("busybox:latest", "{{.Id}} {{.Os}}"), /^sha256:[0-9a-f]{64} linux$/);
      assert.equal(await docker.inspect("bridge", "{{.Driver}} {{.Scope}}"), "bridge local");
      assert.equal((await docker.run(["inspect", "nosuch"])).exitCode, 1);
    });
  });

  describe("events, stats, network", () => {
    it("tells a container's life", async () => {
      await docker.output("run", "--rm", "--name", "short", "busybox", "true");
      // A duration would do, but docker counts those in whole seconds.
      const now = String(Date.now() / 1000);
      const filters = ["container=short", "event=create", "event=start", "event=die", "event=destroy"];
      const flags = filters.flatMap((filter) => ["-f", filter]);
      const output = await docker.output(
        "events",
        "--since",
        "1m",
        "--until",
        now,
        "--format",
        "{{.Action}}",
        ...flags,
      );
      assert.deepEqual(output.split("\n"), ["create", "start", "die", "destroy"]);
    });

    it("shows what a container uses", async () => {
      await docker.output("run", "-d", "--name", "used", "-m", "64m", "busybox", "sleep", "1000");
      const output = await docker.output("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}} {{.PIDs}}");
      assert.match(output, /^used .+iB \/ 64MiB 1$/);
      const { networks } = (await docker.engine.api("GET", "/containers/used/stats?stream=0")).json<{
        networks: Record<string, { rx_bytes: number }>;
      }>();
      assert.deepEqual(Object.keys(networks), ["eth0"]);
    });

    it("lists and inspects networks", async () => {
      const names = await docker.output("network", "ls", "--format", "{{.Name}} {{.Driver}}");
      assert.deepEqual(names.split("\n").sort(), ["bridge bridge", "host host", "none null"]);
      const id = await docker.output("run", "-d", "--name", "member", "busybox", "sleep", "1000");
      const [network] = JSON.parse(await docker.output("network", "inspect", "bridge"));
      assert.equal(network.Containers[id].Name, "member");
    });
  });
});
