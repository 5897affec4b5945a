/** Events of limits when they happen, facts that outlive engine and container's end, and advice. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateId } from "../../../lib/ids.ts";
import type { ContainerAdvice, LimitEvent } from "../../../runtime/index.ts";
import { waitFor } from "../../support/wait.ts";
import { ExplainedEngine, HOG, SPIN } from "./explained-engine.ts";

describe("what limits did", () => {
  const resources = new AsyncDisposableStack();
  let explained: ExplainedEngine;
  before(async () => {
    explained = resources.use(await ExplainedEngine.start());
  });
  after(() => resources.disposeAsync());

  const ctr = (...argv: readonly string[]): Promise<string> => explained.engine.ctrOutput(...argv);

  async function events(...names: readonly string[]): Promise<LimitEvent[]> {
    const lines = await ctr("limit", "events", "--format", "json", ...names);
    return lines === "" ? [] : lines.split("\n").map((line) => JSON.parse(line) as LimitEvent);
  }

  /** Actions in Docker's event stream, as the docker CLI shows it. */
  async function actions(name: string): Promise<string[]> {
    const argv = [
      "events",
      "--since",
      "1h",
      "--until",
      (Date.now() / 1000).toFixed(3),
      "--filter",
      `container=${name}`,
      "--format",
      "{{.Action}}",
    ];
    return (await explained.engine.docker(argv, { expect: [0] })).stdout.trim().split("\n");
  }

  it("tells of a kill when it happens, once, and Docker's clients see it", async () => {
    await explained.run("worker", ["-m", "20m", "--swap", "0"], `(${HOG}); exec sleep 300`);
    await waitFor("the event", async () => (await actions("worker")).includes("oom"));
    assert.equal((await explained.state("worker")).Status, "running");
    const inspect = await ctr("inspect", "--format", "{{.State.OOMKilled}}", "worker");
    assert.equal(inspect, "true", "as Docker says of one that goes on, too");
    await ctr("stop", "-t", "0", "worker");
    const seen = await actions("worker");
    assert.equal(seen.filter((action) => action === "oom").length, 1, seen.join());
    assert.ok(seen.indexOf("oom") < seen.indexOf("die"), seen.join());
    const [event, ...others] = (await events("worker")).filter(({ type }) => type === "oom");
    assert.ok(event?.type === "oom" && event.kills === 1 && others.length === 0);
    assert.match(await ctr("limit", "events", "worker"), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d worker oom: /);
    if (event.victims.length === 0) return;
    assert.match(
      await ctr("limit", "events", "worker"),
      /killed sh \(process \d+, \S+MiB, .*: its own memory limit was/,
    );
  });

  it("follows throttling and refused processes", async () => {
    await explained.run("busy", ["--cpus", "0.1"], SPIN);
    await explained.run("many", ["--pids-limit", "5"], "(while :; do sleep 300 & done); exec sleep 300");
    const follower = explained.spawn("limit", "events", "-f", "busy", "many");
    let output = "";
    follower.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    try {
      await waitFor("both events", () => /busy throttled: /.test(output) && /many limit: a new process/.test(output));
    } finally {
      follower.kill("SIGTERM");
    }
    assert.ok((await actions("busy")).includes("throttled"));
    assert.ok((await actions("many")).includes("limit"));
    await ctr("rm", "-f", "busy", "many");
  });

  it("knows events of a container that is gone, and refuses names that never were", async () => {
    await explained.run("brief", ["-m", "20m", "--swap", "0"], HOG);
    await explained.ended("brief");
    await ctr("rm", "brief");
    assert.deepEqual(
      (await events("brief")).map(({ type }) => type),
      ["oom"],
    );
    assert.deepEqual(await events("--since", "1h", "brief"), await events("brief"));
    assert.equal((await explained.engine.ctr(["limit", "events", "nobody"])).exitCode, 1);
    assert.equal((await explained.engine.ctr(["limit", "events", "--since", "noon"])).exitCode, 1);
  });

  it("keeps facts over restarts of the engine, also of an end that no engine saw", async () => {
    await explained.run("before", ["-m", "20m", "--swap", "0"], HOG);
    await explained.run("meanwhile", ["-m", "20m", "--swap", "0"], `until [ -e /go ]; do sleep 0.1; done; ${HOG}`);
    await explained.run(
      "survives",
      ["-m", "20m", "--swap", "0"],
      `until [ -e /go ]; do sleep 0.1; done; (${HOG}); sleep 300`,
    );
    await explained.ended("before");
    const text = await ctr("limit", "explain", "before");
    const { Pid } = await explained.state("meanwhile");
    const other = (await explained.state("survives")).Pid;
    await explained.engine.stopDaemon("SIGKILL");
    for (const pid of [Pid, other]) writeFileSync(`/proc/${pid}/root/go`, "");
    await waitFor("the end", () => !existsSync(`/proc/${Pid}`));
    await waitFor("the kill", () => processesBelow(other) === 0);
    await explained.engine.startDaemon();
    assert.equal(await ctr("limit", "explain", "before"), text);
    assert.deepEqual(await explained.codes("meanwhile"), ["oom-own-limit"]);
    assert.deepEqual(await explained.codes("survives"), ["oom-own-limit", "oom-survivor"]);
    const told = (await waitFor("all events", async () => {
      const all = await events();
      return all.length >= 2 && all;
    })) as LimitEvent[];
    assert.deepEqual(told.map(({ type, name }) => `${name} ${type}`).sort(), ["meanwhile oom", "survives oom"]);
    // What has been told is no news for the engine after that.
    await explained.engine.stopDaemon("SIGTERM");
    await explained.engine.startDaemon();
    await ctr("stop", "-t", "0", "survives");
    assert.deepEqual(await events("survives"), []);
    await ctr("rm", "before", "meanwhile", "survives");
  });

  it("takes the facts away with the container, and keeps none of one that goes by itself", async () => {
    await ctr("run", "--name", "short", "busybox", "true");
    const id = await ctr("inspect", "--format", "{{.Id}}", "short");
    const directory = join(explained.engine.dataRoot, "containers", id);
    assert.ok(existsSync(join(directory, "exit-facts.json")));
    await ctr("rm", "short");
    assert.ok(!existsSync(directory));
    const answer = await explained.engine.api("GET", `/ctr/containers/${generateId()}/explain`);
    assert.equal(answer.status, 404);
  });

  describe("advice", () => {
    it("proposes limits from what was recorded, and puts them in force", async () => {
      await explained.run("plain", [], "exec sleep 300");
      const text = await ctr("limit", "advise", "--for", "1s", "--apply", "plain");
      assert.match(text, /^plain: recorded for 1 s, \d+ samples\n/);
      assert.match(text, /--memory 16m {3}\(now no limit\)/);
      assert.match(text, /plain +memory +unlimited +16MiB\n/);
      const enforced = await ctr("limit", "show", "--format", "{{.limit}} {{.enforced}}", "plain");
      assert.match(enforced, /^memory 16777216$/m);
      assert.match(enforced, /^pids 64$/m);
      // Now they fit.
      const again = JSON.parse(
        await ctr("limit", "advise", "--for", "1s", "--format", "json", "plain"),
      ) as ContainerAdvice;
      assert.deepEqual([again.proposals, again.change, again.ended], [[], undefined, false]);
    });

    it("says so when the container ends meanwhile, does not run, or the time is none", async () => {
      await explained.run("ends", [], "sleep 4");
      const advice = JSON.parse(
        await ctr("limit", "advise", "--for", "10m", "--format", "json", "ends"),
      ) as ContainerAdvice;
      assert.ok(advice.ended && advice.samples >= 1);
      const failed = await explained.engine.ctr(["limit", "advise", "ends"]);
      assert.deepEqual([failed.exitCode, /is not running/.test(failed.stderr)], [1, true]);
      const id = await ctr("inspect", "--format", "{{.Id}}", "plain");
      for (const seconds of ["0", "-3", "x", "1e9", "99999999"]) {
        assert.equal(
          (await explained.engine.api("GET", `/ctr/containers/${id}/advice?seconds=${seconds}`)).status,
          400,
        );
      }
    });
  });
});

/** Children of a process that are shells. */
const processesBelow = (pid: number): number =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .split(" ")
    .filter((child) => child !== "" && existsSync(`/proc/${child}`) && commOf(child) === "sh").length;

function commOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}
