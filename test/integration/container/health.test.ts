/** Health checks with the real docker CLI: what a container's program says becomes its state, and others see it. */
import assert from "node:assert/strict";
import { TestEngine } from "../../support/engine.ts";
import { busyboxRecipe, dockerArchive } from "../../support/images.ts";
import { waitFor } from "../../support/wait.ts";

interface Health {
  readonly Status: string;
  readonly FailingStreak: number;
  readonly Log: readonly { readonly ExitCode: number; readonly Output: string }[];
}

describe("the health of containers", () => {
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start();
  });
  after(() => engine?.[Symbol.asyncDispose]());

  const docker = async (...argv: readonly string[]): Promise<string> =>
    (await engine.docker(argv, { expect: [0] })).stdout.trimEnd();
  const run = (name: string, ...options: readonly string[]): Promise<string> =>
    docker("run", "-d", "--name", name, "--health-interval", "50ms", ...options, "busybox", "sleep", "1000");
  const health = async (name: string): Promise<Health | undefined> =>
    (await engine.api("GET", `/containers/${name}/json`)).json<{ State: { Health?: Health } }>().State.Health;
  const becomes = (name: string, status: string): Promise<Health> =>
    waitFor(`${name} to be ${status}`, async () => {
      const seen = await health(name);
      return seen?.Status === status ? seen : undefined;
    });
  const statusOf = (name: string): Promise<string> =>
    docker("ps", "-a", "--filter", `name=^${name}$`, "--format", "{{.Status}}");

  it("follows what the program says, in lists and events too", async () => {
    await run("web", "--health-cmd", "echo looked; test -f /well", "--health-retries", "2", "--health-timeout", "20s");
    assert.equal((await health("web"))?.Status, "starting");
    assert.match(await statusOf("web"), /\(health: starting\)$/);
    const bad = await becomes("web", "unhealthy");
    assert.ok(bad.FailingStreak >= 2);
    assert.deepEqual([bad.Log.at(-1)?.ExitCode, bad.Log.at(-1)?.Output], [1, "looked\n"]);
    assert.equal(await docker("ps", "--filter", "health=unhealthy", "--format", "{{.Names}}"), "web");
    await docker("exec", "web", "touch", "/well");
    await becomes("web", "healthy");
    assert.match(await statusOf("web"), /\(healthy\)$/);
    assert.equal(await docker("ps", "--filter", "health=none", "--format", "{{.Names}}"), "");
    const asked = ["--since", "10m", "--until", "0s", "--filter", "event=health_status", "--format", "{{.Action}}"];
    // The time until which is asked is told in whole seconds.
    await waitFor("both changes to be told", async () => {
      const events = await docker("events", ...asked);
      return events === "health_status: unhealthy\nhealth_status: healthy";
    });
  });

  it("goes on with an engine that takes over, and rests while the container does", async () => {
    await engine.stopDaemon("SIGKILL");
    await engine.startDaemon();
    assert.equal((await health("web"))?.Status, "healthy");
    await docker("pause", "web");
    assert.equal((await health("web"))?.Status, "unhealthy");
    assert.match(await statusOf("web"), /\(Paused\)$/);
    await docker("unpause", "web");
    await becomes("web", "healthy");
    await docker("stop", "-t", "0", "web");
    assert.equal((await health("web"))?.Status, "unhealthy");
    await docker("start", "web");
    await becomes("web", "healthy");
    await docker("rm", "-f", "web");
  });

  it("is bad when the program takes too long or cannot be run", async () => {
    await run("slow", "--health-cmd", "echo began; sleep 1000", "--health-timeout", "1s", "--health-retries", "1");
    const { Log } = await becomes("slow", "unhealthy");
    assert.equal(Log.at(-1)?.ExitCode, -1);
    assert.match(Log.at(-1)?.Output ?? "", /^Health check exceeded timeout \(1s\)(: began\n)?$/);
    const Healthcheck = { Test: ["CMD", "nosuch"], Interval: 50e6, Retries: 1 };
    await engine.api("POST", "/containers/create?name=none", { Image: "busybox", Cmd: ["sleep", "1000"], Healthcheck });
    await docker("start", "none");
    const [result] = (await becomes("none", "unhealthy")).Log;
    assert.equal(result?.ExitCode, -1);
    assert.match(result?.Output ?? "", /"nosuch": executable file not found/);
    await docker("rm", "-f", "slow", "none");
  });

  it("leaves no exec behind, and none is asked for where there is no check", async () => {
    const recipe = await busyboxRecipe(["checked:latest"]);
    const config = { ...recipe.config, Healthcheck: { Test: ["CMD", "true"], Interval: 50e6 } };
    await docker("load", "-i", await dockerArchive({ ...recipe, config }));
    await docker("run", "-d", "--name", "checked", "checked", "sleep", "1000");
    await becomes("checked", "healthy");
    await waitFor("no exec to be under way", async () => {
      const { ExecIDs } = (await engine.api("GET", "/containers/checked/json")).json<{ ExecIDs: null | string[] }>();
      return ExecIDs === null;
    });
    await docker("run", "-d", "--name", "unchecked", "--no-healthcheck", "checked", "sleep", "1000");
    assert.equal(await health("unchecked"), undefined);
    assert.doesNotMatch(await statusOf("unchecked"), /health/);
  });
});
