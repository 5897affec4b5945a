import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { signalProcess } from "../../../lib/system/process.ts";
import type { Container } from "../../../runtime/index.ts";
import { busyboxArchive } from "../../support/images.ts";
import { waitFor } from "../../support/wait.ts";
import { EngineHost } from "./engine-host.ts";

const AT_ONCE = 20;
const numbers = Array.from({ length: AT_ONCE }, (_, number) => number);
const SLEEP = { Image: "busybox", Cmd: ["sleep", "1000"] };

describe("many containers at once", function () {
  this.timeout(180_000);
  let engine: EngineHost;
  let clean: Record<string, readonly string[]>;

  before(async () => {
    engine = await EngineHost.start();
    await engine.run({ Cmd: ["true"], HostConfig: { AutoRemove: true } });
  });

  after(() => engine[Symbol.asyncDispose]());

  beforeEach(async () => {
    clean = await engine.traces();
  });

  afterEach(async () => {
    const containers = await engine.call<Container[]>("list");
    await Promise.all(containers.map(({ id }) => engine.call("remove", id, { force: true })));
    await waitFor("the monitors to end", () => engine.conmons().length === 0);
    deepEqual(await engine.traces(), clean);
  });

  it("all run and remove themselves, with published ports", async () => {
    const run = (number: number) =>
      engine.run({
        Cmd: ["sh", "-c", `exit ${number}`],
        HostConfig: { AutoRemove: true, PortBindings: { "80/tcp": [{ HostPort: String(8000 + number) }] } },
      });
    for (let round = 0; round < 2; round++) {
      const results = await Promise.all(numbers.map(run));
      deepEqual(
        results.map(({ exitCode }) => exitCode),
        numbers,
      );
      deepEqual(await engine.call("list"), []);
    }
  });

  it("get one of them the port that all want, and the others an error that leaves nothing", async () => {
    const HostConfig = { PortBindings: { "80/tcp": [{ HostPort: "8123" }] } };
    const outcomes = await Promise.allSettled(numbers.map(() => engine.background({ ...SLEEP, HostConfig })));
    equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    const lost = (await engine.call<Container[]>("list")).filter(({ status }) => status !== "running");
    equal(lost.length, AT_ONCE - 1);
    for (const { status, error } of lost) {
      equal(status, "created");
      match(error, /Bind for 0\.0\.0\.0:8123 failed: port is already allocated/);
    }
    equal(engine.conmons().length, 1);
  });

  for (const delay of [30, 150, 400]) {
    it(`survive the engine's death ${delay} ms after their starts began`, async () => {
      const made = await Promise.all(numbers.map(() => engine.call<{ id: string }>("create", SLEEP)));
      const starts = made.map(({ id }) => engine.call("start", id).catch(() => {}));
      await new Promise((resolve) => setTimeout(resolve, delay));
      await engine.kill();
      await Promise.all(starts);
      await engine.open();
      const containers = await engine.call<Container[]>("list");
      deepEqual(containers.map(({ id }) => id).toSorted(), made.map(({ id }) => id).toSorted());
      const running = containers.filter(({ status }) => status === "running");
      await waitFor("the monitors of half made containers to end", () => engine.conmons().length === running.length);
      for (const { id, pid, status } of containers) {
        if (status === "running") ok(signalProcess(pid, 0), "a container that is told to run has a process");
        else {
          deepEqual([status, pid], ["created", 0]);
          await engine.call("start", id);
        }
      }
      equal((await engine.call<Container[]>("list")).filter(({ status }) => status === "running").length, AT_ONCE);
    });
  }

  it("end when their processes are killed from outside", async () => {
    const ids = await Promise.all(numbers.slice(0, 4).map(() => engine.background(SLEEP)));
    for (const id of ids) {
      const { pid } = await engine.find(id);
      const ended = engine.call<{ exitCode: number }>("wait", id, "not-running");
      signalProcess(pid, "SIGKILL");
      equal((await ended).exitCode, 137);
    }
  });
});

describe("a full data root", function () {
  this.timeout(120_000);

  it("refuses creations and starts, keeps what runs, and works again when there is room", async () => {
    await using engine = await EngineHost.start();
    const { host, dataRoot } = engine;
    const filler = join(dataRoot, "filler");
    await engine.close();
    await host.output(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", dataRoot]);
    await engine.open();
    await engine.call("load", await busyboxArchive());
    const running = await engine.background(SLEEP);
    const { id: waiting } = await engine.call<{ id: string }>("create", SLEEP);
    const made = () => readdirSync(join(dataRoot, "containers-fs")).concat(readdirSync(join(dataRoot, "containers")));
    const before = { ...(await engine.traces()), files: made().toSorted() };

    await host.run(["dd", "if=/dev/zero", `of=${filler}`, "bs=64k"]);
    await rejects(engine.call("create", SLEEP), /no space left on device|database or disk is full/i);
    await rejects(engine.call("start", waiting), /no space left on device|database or disk is full/i);
    equal((await engine.find(running)).status, "running");
    equal((await engine.find(waiting)).status, "created");

    await host.output(["rm", filler]);
    deepEqual({ ...(await engine.traces()), files: made().toSorted() }, before);
    await engine.call("start", waiting);
    equal((await engine.run({ Cmd: ["true"], HostConfig: { AutoRemove: true } })).exitCode, 0);
    for (const id of [running, waiting]) await engine.call("remove", id, { force: true });
    await engine.close();
  });
});
