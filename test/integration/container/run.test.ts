import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { LimitReading } from "../../../cgroups/index.ts";
import { waitFor } from "../../support/wait.ts";
import { EngineHost } from "./engine-host.ts";

const shell = (script: string) => ["sh", "-c", script];

describe("containers", function () {
  this.timeout(120_000);
  let engine: EngineHost;
  let clean: Record<string, readonly string[]>;

  before(async () => {
    engine = await EngineHost.start();
    // The first one makes what stays, such as the parent cgroup.
    await engine.run({ Cmd: ["true"], HostConfig: { AutoRemove: true } });
  });

  after(() => engine[Symbol.asyncDispose]());

  beforeEach(async () => {
    await waitFor("the last container's monitor to end", () => engine.conmons().length === 0);
    clean = await engine.traces();
  });

  afterEach(async () => {
    for (const { id } of await engine.call<{ id: string }[]>("list")) await engine.call("remove", id, { force: true });
    await waitFor("the monitors to end", () => engine.conmons().length === 0);
    deepEqual(await engine.traces(), clean);
  });

  it("give output, exit code and log, and leave nothing", async () => {
    const { stdout, stderr, exitCode, id } = await engine.run({
      Cmd: shell("echo out; echo err >&2; exit 3"),
    });
    deepEqual({ stdout, stderr, exitCode }, { stdout: "out\n", stderr: "err\n", exitCode: 3 });
    match(await engine.call("logText", id, {}), /out\n/);
    const container = await engine.find(id);
    deepEqual([container.status, container.exitCode, container.pid], ["exited", 3, 0]);
    ok(container.startedAt < container.finishedAt);
  });

  it("remove themselves when asked", async () => {
    const { id, exitCode } = await engine.run({
      Cmd: shell("exit 4"),
      HostConfig: { AutoRemove: true },
    });
    equal(exitCode, 4);
    await rejects(engine.find(id), {
      status: 404,
      message: `No such container: ${id}`,
    });
  });

  it("have a hostname, hosts and resolv.conf of their own", async () => {
    const { id, stdout } = await engine.run({
      Cmd: shell("hostname; cat /etc/hostname; grep -c $(hostname) /etc/hosts; ls /etc/resolv.conf"),
    });
    deepEqual(stdout.split("\n"), [id.slice(0, 12), id.slice(0, 12), "1", "/etc/resolv.conf", ""]);
  });

  it("take input and hand it back", async () => {
    const { stdout } = await engine.run({ Cmd: ["cat"], OpenStdin: true, StdinOnce: true }, "hello\n");
    equal(stdout, "hello\n");
  });

  it("have a terminal of the size that was set", async () => {
    const script = "trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.05; done";
    const id = await engine.background({ Cmd: shell(script), Tty: true });
    await waitFor("the program", async () => (await engine.call<string>("logText", id, {})).includes("ready"));
    await engine.call("resize", id, { rows: 12, columns: 34 });
    equal((await engine.call<{ exitCode: number }>("wait", id, "not-running")).exitCode, 0);
    match(await engine.call("logText", id, {}), /12 34/);
  });

  it("run further programs", async () => {
    const id = await engine.background({ Cmd: ["sleep", "1000"] });
    const { stdout, stderr, exitCode } = await engine.call<{
      stdout: string;
      stderr: string;
      exitCode: number;
    }>("exec", id, shell("cat; echo err >&2; exit 5"), "in\n");
    deepEqual({ stdout, stderr, exitCode }, { stdout: "in\n", stderr: "err\n", exitCode: 5 });
    await rejects(engine.call("exec", id, ["nonsense"]), /executable file not found/);
    await engine.call("kill", id, 9);
    await rejects(engine.call("createExec", id, { Cmd: ["true"] }), {
      status: 409,
      message: `container ${id} is not running`,
    });
  });

  it("are limited, and an OOM kill is told before the end", async () => {
    const id = await engine.background({
      Cmd: ["sleep", "1000"],
      HostConfig: { Memory: 64 * 2 ** 20, NanoCpus: 5e8, PidsLimit: 50 },
    });
    const limits = await engine.call<LimitReading[]>("limits", id);
    const enforced = Object.fromEntries(limits.map((reading) => [reading.limit, reading.enforced]));
    deepEqual([enforced["memory"], enforced["cpus"], enforced["pids"]], [64 * 2 ** 20, 0.5, 50]);
    equal((await engine.find(id)).hostConfig.MemorySwap, 128 * 2 ** 20);
    await engine.call("events");
    const hog = await engine.run({
      Cmd: shell("tail /dev/zero"),
      HostConfig: { Memory: 10 * 2 ** 20, MemorySwap: 10 * 2 ** 20 },
    });
    equal(hog.exitCode, 137);
    equal((await engine.find(hog.id)).oomKilled, true);
    const told = (await engine.call<string[]>("events")).filter((event) => /oom|die/.test(event));
    deepEqual(told, ["container oom", "container die 137"]);
  });

  it("stop at the signal, or are killed when they do not", async () => {
    const handles = async (trap: string, config: object = {}) => {
      const script = `trap '${trap}; echo ready; while :; do sleep 0.05; done`;
      const id = await engine.background({ Cmd: shell(script), ...config });
      await waitFor("the program", async () => (await engine.call<string>("logText", id, {})).includes("ready"));
      return id;
    };
    const polite = await handles("exit 6' TERM");
    await engine.call("stop", polite, { timeout: 60 });
    equal((await engine.find(polite)).exitCode, 6);
    await rejects(engine.call("stop", polite, {}), { status: 304 });
    const own = await handles("exit 7' USR1", { StopSignal: "SIGUSR1" });
    await engine.call("stop", own, { timeout: 60 });
    equal((await engine.find(own)).exitCode, 7);
    const stubborn = await handles("' TERM");
    await engine.call("stop", stubborn, { timeout: 0 });
    equal((await engine.find(stubborn)).exitCode, 137);
  });

  it("refuse what does not fit their state, with Docker's texts", async () => {
    const id = await engine.background({ Cmd: ["sleep", "1000"] }, "web");
    await rejects(engine.call("start", id), { status: 304 });
    await rejects(engine.call("remove", "web", { force: false }), {
      status: 409,
      message:
        'cannot remove container "web": container is running: stop the container before removing or force remove',
    });
    await rejects(engine.call("create", { Image: "busybox" }, { name: "web" }), {
      status: 409,
      message: /^Conflict\. The container name "\/web"/,
    });
    await rejects(engine.call("rename", "web", "web"), { status: 400 });
    await engine.call("rename", "web", "www");
    equal((await engine.find("www")).id, id);
    await engine.call("kill", "www", 9);
    await rejects(engine.call("kill", "www", 9), {
      status: 409,
      message: `Cannot kill container: www: container ${id} is not running`,
    });
    await rejects(engine.call("create", { Image: "nope" }, {}), {
      status: 404,
    });
    await rejects(engine.call("create", { Image: "busybox", HostConfig: { Memory: 1000 } }, {}), {
      status: 400,
      message: "Minimum memory limit allowed is 6MB",
    });
  });

  it("that cannot be started keep the reason and leave nothing else", async () => {
    const { id } = await engine.call<{ id: string }>("create", { Image: "busybox", Cmd: ["nonsense"] }, {});
    await rejects(engine.call("start", id), /executable file not found in \$PATH/);
    const { status, exitCode, error } = await engine.find(id);
    deepEqual([status, exitCode], ["created", 127]);
    match(error, /executable file not found/);
    const created = await engine.traces();
    deepEqual({ ...created, files: [] }, { ...clean, files: [] });
    await rejects(engine.run({ Cmd: ["nonsense"], HostConfig: { AutoRemove: true } }), /executable file not found/);
    equal((await engine.call<unknown[]>("list")).length, 1);
  });

  it("publish ports, which are free again afterwards", async () => {
    const ports = { PortBindings: { "80/tcp": [{ HostPort: "8080" }] } };
    const id = await engine.background({
      Cmd: ["sleep", "1000"],
      HostConfig: ports,
    });
    deepEqual(
      (await engine.find(id)).ports.map(({ hostIp, hostPort, containerPort }) => [hostIp, hostPort, containerPort]),
      [
        ["0.0.0.0", 8080, 80],
        ["::", 8080, 80],
      ],
    );
    await rejects(engine.background({ Cmd: ["sleep", "1000"], HostConfig: ports }), /port is already allocated/);
    await engine.call("stop", id, { timeout: 0 });
    deepEqual((await engine.find(id)).ports, []);
    await engine.background({ Cmd: ["sleep", "1000"], HostConfig: ports });
  });

  it("live on the host's network, or on none", async () => {
    const links = "ls /sys/class/net 2>/dev/null || cat /proc/net/dev";
    const none = await engine.run({
      Cmd: shell(links),
      HostConfig: { NetworkMode: "none" },
    });
    ok(none.stdout.includes("lo") && !none.stdout.includes("eth0"));
    const host = await engine.run({
      Cmd: shell("cat /proc/net/dev"),
      HostConfig: { NetworkMode: "host" },
    });
    ok(host.stdout.includes("ctr0"), host.stdout);
  });

  it("are restarted as their policy says, and no longer when a user stops them", async () => {
    const retried = await engine.run({
      Cmd: shell("exit 1"),
      HostConfig: {
        RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 },
      },
    });
    await waitFor("its last end", async () => (await engine.find(retried.id)).status === "exited");
    equal((await engine.find(retried.id)).restartCount, 2);
    const always = await engine.background({
      Cmd: shell("sleep 0.05"),
      HostConfig: { RestartPolicy: { Name: "always" } },
    });
    await waitFor("a restart", async () => (await engine.find(always)).restartCount >= 1);
    await engine.call("stop", always, { timeout: 0 }).catch(() => {});
    await engine.call("wait", always, "not-running");
    equal((await engine.find(always)).status, "exited");
  });

  it("end although a client does not read their output", async () => {
    const { id } = await engine.call<{ id: string }>("create", { Image: "busybox", Cmd: ["cat", "/dev/zero"] }, {});
    await engine.call("stall", id);
    await engine.call("start", id);
    await waitFor("its output to pile up", async () => (await engine.call<number>("stalledBytes")) >= 256 * 1024);
    await engine.call("kill", id, 9);
    equal((await engine.find(id)).exitCode, 137);
  });

  it("are removed by force whatever they are doing", async () => {
    const { id } = await engine.call<{ id: string }>("create", { Image: "busybox", Cmd: ["sleep", "1000"] }, {});
    const starting = engine.call("start", id);
    await engine.call("remove", id, { force: true });
    await starting.catch(() => {});
    await rejects(engine.find(id), { status: 404 });
    const again = await engine.background({ Cmd: ["false"], HostConfig: { RestartPolicy: { Name: "always" } } });
    await waitFor("it to wait for its restart", async () => (await engine.find(again)).status === "restarting");
    await rejects(engine.call("remove", again, { force: false }), /container is (restarting|running)/);
    await engine.call("remove", again, { force: true });
    await rejects(engine.find(again), { status: 404 });
  });

  it("stay down when they are stopped between two runs", async () => {
    const id = await engine.background({ Cmd: ["false"], HostConfig: { RestartPolicy: { Name: "always" } } });
    await waitFor("it to wait for its restart", async () => (await engine.find(id)).status === "restarting");
    await engine.call("stop", id, { timeout: 0 });
    deepEqual([(await engine.find(id)).status, (await engine.find(id)).exitCode], ["exited", 1]);
  });

  it("are restarted by a user, also those that remove themselves", async () => {
    const id = await engine.background({
      Cmd: ["sleep", "1000"],
      HostConfig: { AutoRemove: true },
    });
    const { pid } = await engine.find(id);
    await engine.call("restart", id, { timeout: 0 });
    const again = await engine.find(id);
    equal(again.status, "running");
    ok(again.pid !== pid);
  });

  it("hand on their log while it is written", async () => {
    const id = await engine.background({
      Cmd: shell("echo one; sleep 0.3; echo two"),
    });
    equal(await engine.call("logText", id, { follow: true }), "one\ntwo\n");
    equal(await engine.call("logText", id, { tail: 1 }), "two\n");
  });

  it("start and end twenty at once", async () => {
    const runs = Array.from({ length: 20 }, (_, index) =>
      engine.run({
        Cmd: shell(`echo ${index}; exit ${index}`),
        HostConfig: { AutoRemove: true },
      }),
    );
    const results = await Promise.all(runs);
    deepEqual(
      results.map(({ stdout, exitCode }) => [stdout, exitCode]),
      runs.map((_, index) => [`${index}\n`, index]),
    );
  });
});
