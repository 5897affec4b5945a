import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { identifyProcess, isAlive, signalProcess } from "../../../lib/system/process.ts";
import type { Container, LifeStep } from "../../../runtime/index.ts";
import { waitFor } from "../../support/wait.ts";
import { EngineHost } from "./engine-host.ts";

const SLEEP = ["sleep", "1000"];

describe("an engine that was killed", function () {
  this.timeout(180_000);
  let engine: EngineHost;
  let clean: Record<string, readonly string[]>;

  before(async () => {
    engine = await EngineHost.start();
    await engine.run({ Cmd: ["true"], HostConfig: { AutoRemove: true } });
    await waitFor("the monitor to end", () => engine.conmons().length === 0);
    clean = await engine.traces();
  });

  after(() => engine[Symbol.asyncDispose]());

  const removeAll = async () => {
    for (const { id } of await engine.call<Container[]>("list")) await engine.call("remove", id, { force: true });
    await waitFor("the monitors to end", () => engine.conmons().length === 0);
  };

  afterEach(async () => {
    await removeAll();
    deepEqual(await engine.traces(), clean);
  });

  it("finds what runs, with its log, its streams and its exit code to come", async () => {
    const id = await engine.background({
      Cmd: ["sh", "-c", "echo one; read line; echo got $line; read line; exit 8"],
      OpenStdin: true,
    });
    const { pid } = await engine.find(id);
    await waitFor("the first line", async () => (await engine.call<string>("logText", id, {})) === "one\n");
    await engine.kill();
    await engine.open();
    const found = await engine.find(id);
    deepEqual([found.status, found.pid], ["running", pid]);
    equal(await engine.call("converse", id, "two\n"), "got two\n");
    const ended = engine.call<{ exitCode: number }>("wait", id, "not-running");
    void engine.call("converse", id, "three\n").catch(() => {});
    deepEqual(await ended, { exitCode: 8 });
    equal(await engine.call("logText", id, {}), "one\ngot two\n");
  });

  it("finds the end of what ended meanwhile, and removes what is to be removed", async () => {
    const [kept, removed] = [
      await engine.background({ Cmd: ["sh", "-c", "sleep 0.2; echo bye; exit 5"] }),
      await engine.background({ Cmd: ["sh", "-c", "sleep 0.2; exit 5"], HostConfig: { AutoRemove: true } }),
    ];
    await engine.kill();
    await waitFor("both to end", () => engine.conmons().length === 0);
    await engine.open();
    const { status, exitCode, pid } = await engine.find(kept);
    deepEqual([status, exitCode, pid], ["exited", 5, 0]);
    equal(await engine.call("logText", kept, {}), "bye\n");
    await rejects(engine.find(removed), { status: 404 });
  });

  it("keeps the network of what runs, and publishes its ports still", async () => {
    const id = await engine.background({
      Cmd: ["sh", "-c", "mkdir -p /tmp/w; echo page >/tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"],
      HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "8081" }] } },
    });
    await engine.kill();
    await engine.open();
    const page = await waitFor("the page", async () => {
      const { stdout } = await engine.host.run(["curl", "-s", "--max-time", "2", "http://127.0.0.1:8081/"]);
      return stdout === "" ? undefined : stdout;
    });
    equal(page, "page\n");
    equal((await engine.find(id)).ports[0]?.hostPort, 8081);
  });

  it("starts again what its restart policy keeps running", async () => {
    const id = await engine.background({
      Cmd: ["sh", "-c", "sleep 0.3; exit 1"],
      HostConfig: { RestartPolicy: { Name: "unless-stopped" } },
    });
    await engine.kill();
    await waitFor("it to end", () => engine.conmons().length === 0);
    await engine.open();
    await waitFor("it to run again", async () => (await engine.find(id)).status === "running");
  });

  it("ends what lost its monitor", async () => {
    const id = await engine.background({ Cmd: SLEEP });
    const { pid } = await engine.find(id);
    const init = identifyProcess(pid);
    ok(init !== undefined);
    await engine.kill();
    signalProcess(parentOf(pid), "SIGKILL");
    await engine.open();
    deepEqual([(await engine.find(id)).status, (await engine.find(id)).exitCode], ["exited", 255]);
    ok(!isAlive(init));
  });

  it("marks what ran before a reboot of the host", async () => {
    const id = await engine.background({ Cmd: SLEEP });
    const removed = await engine.background({ Cmd: SLEEP, HostConfig: { AutoRemove: true } });
    const pids = [(await engine.find(id)).pid, (await engine.find(removed)).pid];
    await engine.kill();
    // What a reboot takes away: processes and the exec-root.
    for (const pid of pids) signalProcess(pid, "SIGKILL");
    await waitFor("all to end", () => engine.conmons().length === 0);
    for (const mount of await mountsBelow(engine.execRoot)) await engine.host.output(["umount", "-l", mount]);
    rmSync(engine.execRoot, { recursive: true });
    await engine.open();
    const { status, exitCode } = await engine.find(id);
    deepEqual([status, exitCode], ["exited", 255]);
    await rejects(engine.find(removed), { status: 404 });
    await engine.call("start", id);
    equal((await engine.find(id)).status, "running");
  });

  it("lets go of its containers when it is closed instead", async () => {
    const id = await engine.background({ Cmd: SLEEP });
    const { pid } = await engine.find(id);
    await engine.close();
    ok(identifyProcess(pid) !== undefined);
    await engine.open();
    equal((await engine.find(id)).status, "running");
  });

  const AT_CREATE: readonly LifeStep[] = ["create:files", "create:snapshot", "create:volumes"];
  const AT_START: readonly LifeStep[] = [
    ...(["start:begun", "start:cgroup", "start:rootfs", "start:network", "start:bundle"] as const),
    ...(["start:created", "start:recorded"] as const),
  ];
  const AT_EXIT: readonly LifeStep[] = ["exit:noticed", "exit:torn-down", "exit:recorded"];
  const AT_REMOVE: readonly LifeStep[] = ["remove:begun", "remove:snapshot", "remove:recorded"];

  const crashAt = async (step: LifeStep, act: () => Promise<unknown>) => {
    await engine.close();
    await engine.open(step);
    const acting = act().catch(() => {});
    await engine.crashed();
    await acting;
    await engine.open();
  };

  for (const step of AT_CREATE) {
    it(`in the middle of a creation, after ${step}: knows nothing of it`, async () => {
      await crashAt(step, () => engine.call("create", { Image: "busybox" }, { name: "web" }));
      deepEqual(await engine.call("list"), []);
      deepEqual(await engine.traces(), clean);
    });
  }

  for (const step of AT_START) {
    it(`in the middle of a start, after ${step}: has undone it, and can start it`, async () => {
      await crashAt(step, () => engine.background({ Cmd: SLEEP }, "web"));
      const { id, status, pid } = await engine.find("web");
      deepEqual([status, pid], ["created", 0]);
      await waitFor("the monitor to end", () => engine.conmons().length === 0);
      deepEqual({ ...(await engine.traces()), files: [] }, { ...clean, files: [] });
      await engine.call("start", id);
      equal((await engine.find(id)).status, "running");
    });
  }

  it("right after a start: has it running", async () => {
    await crashAt("start:started", () => engine.background({ Cmd: SLEEP }, "web"));
    equal((await engine.find("web")).status, "running");
  });

  for (const step of AT_EXIT) {
    it(`in the middle of an end, after ${step}: has brought it to its end`, async () => {
      await crashAt(step, () => engine.run({ Cmd: ["sh", "-c", "exit 6"] }, undefined, "web"));
      const { status, exitCode, pid } = await engine.find("web");
      deepEqual([status, exitCode, pid], ["exited", 6, 0]);
      deepEqual({ ...(await engine.traces()), files: [] }, { ...clean, files: [] });
    });
  }

  for (const step of AT_REMOVE) {
    it(`in the middle of a removal, after ${step}: has removed it`, async () => {
      await crashAt(step, () => engine.run({ Cmd: ["true"], HostConfig: { AutoRemove: true } }));
      deepEqual(await engine.call("list"), []);
      deepEqual(await engine.traces(), clean);
    });
  }

  async function mountsBelow(directory: string): Promise<string[]> {
    const all = (await engine.host.output(["findmnt", "-rno", "TARGET"])).split("\n");
    return all.filter((target) => target.startsWith(directory)).reverse();
  }
});

/** See proc_pid_stat(5): the second field after the command's name. */
function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}
