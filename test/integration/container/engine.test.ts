import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { join } from "node:path";
import { EngineHost } from "./engine-host.ts";

describe("an engine", function () {
  this.timeout(60_000);
  let engine: EngineHost;

  before(async () => {
    engine = await EngineHost.start();
  });

  after(() => engine[Symbol.asyncDispose]());

  it("does not share its roots with another one, which names its pid", async () => {
    const pid = await engine.call<number>("pid");
    const elsewhere = join(engine.host.directory, "elsewhere");
    for (const roots of [
      { dataRoot: engine.dataRoot, execRoot: elsewhere },
      { dataRoot: elsewhere, execRoot: engine.execRoot },
    ]) {
      const taken = Object.values(roots).find((root) => root !== elsewhere);
      await rejects(engine.second(roots), new RegExp(`ctrd is already running on ${taken}, pid ${pid}`));
    }
    // The refused one has let go of the root that was free, and has changed nothing of the other's.
    equal((await engine.run({ Cmd: ["true"], HostConfig: { AutoRemove: true } })).exitCode, 0);
  });

  it("leaves its roots to the next one, however it ends", async () => {
    const id = await engine.call<string>("engineId");
    await engine.kill();
    await engine.open();
    await engine.close();
    await engine.open();
    equal(await engine.call("engineId"), id);
  });

  it("refuses roots that cannot work", async () => {
    const open = (execRoot: string) => engine.second({ dataRoot: join(engine.host.directory, "x"), execRoot });
    await rejects(open("run/ctr"), /--exec-root must be an absolute path: run\/ctr/);
    await rejects(open("/tmp/a:b"), /--exec-root must not contain colons/);
    await rejects(open(`/tmp/${"x".repeat(100)}`), /--exec-root is longer than 80 bytes/);
  });

  it("tells what it is", async () => {
    const { version, runtime } = await engine.call<{ version: string; runtime: { name: string } }>("version");
    match(version, /^\d+\.\d+\.\d+/);
    match(runtime.name, /^(runc|crun)$/);
  });

  it("tells what happens, in Docker's words", async () => {
    await engine.call("events");
    await engine.run({ Cmd: ["sh", "-c", "exit 2"], HostConfig: { AutoRemove: true } });
    deepEqual(await engine.call("events"), [
      "container create",
      "container attach",
      "network connect",
      "container start",
      "container die 2",
      "network disconnect",
      "container destroy",
    ]);
  });
});
