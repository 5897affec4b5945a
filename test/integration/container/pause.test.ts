/** Pausing containers: what stands still, what ends it, and what an engine finds that takes over. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { signalProcess } from "../../../lib/system/process.ts";
import type { Container, LifeStep } from "../../../runtime/index.ts";
import { waitFor } from "../../support/wait.ts";
import { EngineHost } from "./engine-host.ts";

const COUNT = ["sh", "-c", "i=0; while :; do i=$((i + 1)); echo $i; sleep 0.01; done"];

describe("a paused container", function () {
  this.timeout(120_000);
  let engine: EngineHost;

  before(async () => {
    engine = await EngineHost.start();
  });
  after(() => engine[Symbol.asyncDispose]());

  afterEach(async () => {
    for (const { id } of await engine.call<Container[]>("list")) await engine.call("remove", id, { force: true });
  });

  const status = async (id: string): Promise<string> => (await engine.find(id)).status;
  const log = (id: string): Promise<string> => engine.call<string>("logText", id, {});
  const counts = async (id: string): Promise<void> => {
    const before = (await log(id)).length;
    await waitFor("it to count on", async () => (await log(id)).length > before);
  };
  const standsStill = async (id: string): Promise<void> => {
    // conmon may still have lines to write that were in its pipe.
    await delay(100);
    const before = await log(id);
    await delay(200);
    equal(await log(id), before);
  };
  const counting = async (request: object = {}): Promise<string> => {
    const id = await engine.background({ Cmd: COUNT, ...request });
    await counts(id);
    return id;
  };
  const paused = async (request: object = {}): Promise<string> => {
    const id = await counting(request);
    await engine.call("pause", id);
    return id;
  };
  const isFrozen = (id: string): boolean =>
    freezeFiles(id).some((file) => /^(1|FROZEN)\n$/.test(readFileSync(file, "utf8")));
  const freezeFiles = (id: string): string[] =>
    engine
      .cgroups()
      .filter((path) => path.endsWith(id))
      .flatMap((path) => [`${path}/cgroup.freeze`, `${path}/freezer.state`])
      .filter(existsSync);
  const killFrozen = (id: string, pid: number): void => {
    signalProcess(pid, "SIGKILL");
    // The freezer of v1 holds what was killed until it thaws.
    for (const file of freezeFiles(id)) if (file.endsWith("freezer.state")) writeFileSync(file, "THAWED");
  };

  it("gets no time, and goes on where it was", async () => {
    const id = await paused();
    equal(await status(id), "paused");
    await standsStill(id);
    await engine.call("unpause", id);
    equal(await status(id), "running");
    await counts(id);
    deepEqual((await engine.call<string[]>("events")).slice(-2), ["container pause", "container unpause"]);
  });

  it("is paused once, and only when it runs", async () => {
    const id = await paused();
    await rejects(engine.call("pause", id), { status: 409, message: `Container ${id} is already paused` });
    await engine.call("unpause", id);
    await rejects(engine.call("unpause", id), { status: 500, message: `Container ${id} is not paused` });
    await engine.call("kill", id, 9);
    await rejects(engine.call("pause", id), { status: 409, message: `container ${id} is not running` });
  });

  it("holds its execs still, those with limits of their own too", async () => {
    const id = await counting();
    const { pid } = await engine.find(id);
    const waiting = (file: string): readonly string[] => [
      ...["sh", "-c", `echo >${file}; until [ -e /go ]; do sleep 0.01; done; echo gone`],
    ];
    const execs = [
      engine.call<{ stdout: string }>("exec", id, waiting("/one")),
      engine.call<{ stdout: string }>("exec", id, waiting("/two"), undefined, { PidsLimit: 10 }),
    ];
    const inside = (file: string): string => `/proc/${pid}/root${file}`;
    await waitFor("both to run", () => existsSync(inside("/one")) && existsSync(inside("/two")));
    await engine.call("pause", id);
    let ended = 0;
    for (const exec of execs) void exec.then(() => ended++);
    writeFileSync(inside("/go"), "");
    await delay(400);
    equal(ended, 0);
    await engine.call("unpause", id);
    deepEqual(
      (await Promise.all(execs)).map(({ stdout }) => stdout),
      ["gone\n", "gone\n"],
    );
  });

  it("runs no exec, and says so", async () => {
    const id = await paused();
    await rejects(engine.call("exec", id, ["true"]), {
      status: 409,
      message: `Container ${id} is paused, unpause the container before exec`,
    });
    await rejects(engine.call("converse", id, ""), {
      status: 409,
      message: `container ${id} is paused, unpause the container before attach`,
    });
  });

  it("is stopped by its stop signal, killed by SIGKILL, and restarted, without a delay", async () => {
    const cmd = ["sh", "-c", "trap 'exit 7' TERM; while :; do echo; sleep 0.01; done"];
    const [stopped, killed, restarted] = await Promise.all([1, 2, 3].map(() => paused({ Cmd: cmd })));
    ok(stopped !== undefined && killed !== undefined && restarted !== undefined);
    const start = performance.now();
    await Promise.all([
      engine.call("stop", stopped),
      engine.call("kill", killed, 9),
      engine.call("restart", restarted),
    ]);
    ok(performance.now() - start < 5000);
    const { exitCode } = await engine.find(stopped);
    deepEqual([exitCode, (await engine.find(killed)).exitCode], [7, 137]);
    equal(await status(restarted), "running");
    ok(!isFrozen(restarted));
  });

  it("is not removed without force, and with it is", async () => {
    const id = await paused();
    await rejects(engine.call("remove", id, { force: false }), {
      status: 409,
      message: `cannot remove container "${id}": container is paused and must be unpaused first`,
    });
    await engine.call("remove", id, { force: true });
    deepEqual(freezeFiles(id), []);
  });

  it("is restarted by its policy when somebody kills it, and runs then", async () => {
    const id = await paused({ HostConfig: { RestartPolicy: { Name: "always" } } });
    const { pid } = await engine.find(id);
    killFrozen(id, pid);
    await waitFor("another run", async () => {
      const found = await engine.find(id);
      return found.status === "running" && found.pid !== pid;
    });
    await counts(id);
  });

  it("keeps a sandbox that others have joined, and is joined", async () => {
    const owner = await paused();
    const joiner = await counting({ HostConfig: { NetworkMode: `container:${owner}` } });
    await engine.call("pause", joiner);
    await engine.call("stop", owner, { timeout: 0 });
    await engine.call("start", owner);
    equal(await status(joiner), "paused");
    await engine.call("unpause", joiner);
    await counts(joiner);
  });

  it("takes other limits, and is waited for", async () => {
    const id = await paused();
    let ended = false;
    const end = engine.call<{ exitCode: number }>("wait", id, "not-running").then(({ exitCode }) => {
      ended = true;
      return exitCode;
    });
    await engine.call("update", id, { PidsLimit: 7 });
    const read = await engine.call<{ name: string; inForce: unknown }[]>("limits", id);
    match(JSON.stringify(read), /"pids"/);
    equal(ended, false);
    await engine.call("kill", id, 9);
    equal(await end, 137);
  });

  it("that somebody else has frozen is let go by unpause and by stop", async () => {
    for (const verb of ["unpause", "stop"]) {
      const id = await counting({ Cmd: ["sh", "-c", "trap 'exit 7' TERM; while :; do echo; sleep 0.01; done"] });
      for (const file of freezeFiles(id)) writeFileSync(file, file.endsWith("freezer.state") ? "FROZEN" : "1");
      await standsStill(id);
      await engine.call(verb, id);
      if (verb === "unpause") await counts(id);
      else equal((await engine.find(id)).exitCode, 7);
    }
  });

  it("is found paused by the next engine, and unpaused", async () => {
    const id = await paused();
    await engine.kill();
    await engine.open();
    equal(await status(id), "paused");
    await standsStill(id);
    await engine.call("unpause", id);
    await counts(id);
  });

  it("that ended while the engine was away has ended", async () => {
    const id = await paused();
    const { pid } = await engine.find(id);
    await engine.kill();
    killFrozen(id, pid);
    await waitFor("its monitor to end", () => engine.conmons().length === 0);
    await engine.open();
    deepEqual([await status(id), (await engine.find(id)).exitCode], ["exited", 137]);
  });

  const crashes: readonly (readonly [LifeStep, string, string])[] = [
    ["pause:frozen", "pause", "paused"],
    ["unpause:thawed", "unpause", "running"],
  ];
  for (const [step, verb, found] of crashes) {
    it(`is as the kernel has it after a crash at ${step}`, async () => {
      await engine.close();
      await engine.open(step);
      const id = await counting();
      if (verb === "unpause") await engine.call("pause", id);
      await rejects(engine.call(verb, id));
      await engine.crashed();
      await engine.open();
      equal(await status(id), found);
      equal(isFrozen(id), found === "paused");
      if (found === "paused") await engine.call("unpause", id);
      await counts(id);
    });
  }
});
