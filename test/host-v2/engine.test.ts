/**
 * The whole engine on cgroup v2 alone, with each OCI runtime. It runs in the machine of this folder only, where `ctr` takes
 * seconds to start: one engine a runtime, and almost everything is asked of the API without a command.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TestEngine } from "../support/engine.ts";
import type { PrivateHost } from "../support/private-host.ts";
import { waitFor } from "../support/wait.ts";

const MIB = 2 ** 20;

const LIMITS = { Memory: 64 * MIB, NanoCpus: 5e8, PidsLimit: 50, CpusetCpus: "0", OomScoreAdj: 100 };
const LIMIT_FILES: Readonly<Record<string, string>> = {
  "memory.max": String(64 * MIB),
  "memory.swap.max": String(64 * MIB),
  "cpu.max": "50000 100000",
  "pids.max": "50",
  "cpuset.cpus": "0",
};

/** What a program that is run inside has of them. */
const SEEN_INSIDE = "cat /proc/self/cgroup /sys/fs/cgroup/memory.max /proc/self/oom_score_adj";

/** Doubles a string for ever. */
const HOG = "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done";

const PAGE = "echo page >/page; exec httpd -f -p 80 -h /";

const CURL = ["curl", "-sS", "--max-time", "20"];

interface Reading {
  readonly limit: string;
  readonly enforced: unknown;
  readonly file: string;
}

/** Of `GET /containers/{id}/json`. */
interface State {
  readonly Pid: number;
  readonly Status: string;
  readonly ExitCode: number;
  readonly OOMKilled: boolean;
}

/** The engine takes crun where it works: without it, runc. */
async function hideCrun(host: PrivateHost): Promise<void> {
  await host.output(["sh", "-c", 'mount --bind /dev/null "$(command -v crun)"']);
}

describe("the engine on cgroup v2", () => {
  describe("with crun", () => {
    const resources = new AsyncDisposableStack();
    let engine: TestEngine;
    before(async () => {
      engine = resources.use(await TestEngine.start());
    });
    after(() => resources.disposeAsync());

    const page = (): Promise<string> => engine.host.output([...CURL, "-f", "http://127.0.0.1:8080/page"]);
    const refused = async (): Promise<boolean> =>
      (await engine.host.run([...CURL, "http://127.0.0.1:8080/page"])).exitCode === 7;

    it("hands on output and exit code, and leaves no group", () => runsAndLeavesNothing(engine, "crun"));

    it("puts limits in force and shows them", async () => {
      const PortBindings = { "80/tcp": [{ HostPort: "8080" }] };
      await startContainer(engine, "web", PAGE, { ...LIMITS, PortBindings });
      const lines = (await engine.ctrOutput("limit", "show", "--format", "json", "web")).split("\n");
      const readings = new Map(lines.map((line) => JSON.parse(line) as Reading).map((row) => [row.limit, row]));
      assert.deepEqual(
        ["memory", "memorySwap", "cpus", "pids", "cpusetCpus", "oomScoreAdj"].map(
          (name) => readings.get(name)?.enforced,
        ),
        [64 * MIB, 128 * MIB, 0.5, 50, "0", 100],
      );
      const group = groupOf(await stateOf(engine, "web"));
      assert.equal(readings.get("memory")?.file, join(group, "memory.max"));
      assert.deepEqual(limitsIn(group), LIMIT_FILES);
    });

    it("answers on a published port; a program run inside sees its own group and limits", async () => {
      await waitFor("the page", async () => (await page()) === "page");
      const script = `${SEEN_INSIDE}; cat /page`;
      assert.equal(await engine.ctrOutput("exec", "web", "sh", "-c", script), `0::/\n${64 * MIB}\n100\npage`);
    });

    it("pauses and unpauses", () => pausesAndUnpauses(engine));

    it("killed by SIGKILL, it leaves containers at work, and the next engine finds them", async () => {
      const { Pid } = await stateOf(engine, "web");
      await engine.stopDaemon("SIGKILL");
      assert.equal(await page(), "page");
      await engine.startDaemon();
      const state = await stateOf(engine, "web");
      assert.deepEqual([state.Status, state.Pid], ["running", Pid]);
      assert.equal(await page(), "page");
    });

    it("stops, starts again, and removes by force, with group and port", async () => {
      await stopsStartsAndRemoves(engine, "crun");
      assert.ok(await refused(), "the port still answers");
    });

    it("tells that a hog was killed at its limit of memory", () => tellsOfOomKill(engine));

    it("refuses a command that is not there with Docker's text", async () => {
      await createContainer(engine, "bad", ["no-such-command"], {});
      const { status, body } = await engine.api("POST", "/containers/bad/start");
      assert.equal(status, 400);
      assert.match(body, /exec: \\"no-such-command\\": executable file not found in \$PATH/);
    });
  });

  describe("with runc", () => {
    const resources = new AsyncDisposableStack();
    let engine: TestEngine;
    before(async () => {
      engine = resources.use(await TestEngine.start({ prepare: hideCrun }));
    });
    after(() => resources.disposeAsync());

    it("hands on output and exit code, and leaves no group", () => runsAndLeavesNothing(engine, "runc"));

    it("puts limits in force, also for a program that is run inside", async () => {
      await startContainer(engine, "web", PAGE, LIMITS);
      assert.deepEqual(limitsIn(groupOf(await stateOf(engine, "web"))), LIMIT_FILES);
      assert.equal(await engine.ctrOutput("exec", "web", "sh", "-c", SEEN_INSIDE), `0::/\n${64 * MIB}\n100`);
    });

    it("pauses and unpauses", () => pausesAndUnpauses(engine));

    it("stops, starts again, and removes by force, with the group", () => stopsStartsAndRemoves(engine, "runc"));

    it("tells that a hog was killed at its limit of memory", () => tellsOfOomKill(engine));
  });
});

async function runsAndLeavesNothing(engine: TestEngine, runtime: string): Promise<void> {
  const result = await engine.ctr(["run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3"]);
  assert.deepEqual([result.stdout, result.stderr, result.exitCode], ["out\n", "err\n", 3]);
  assert.ok(existsSync(join(engine.execRoot, runtime)), readdirSync(engine.execRoot).join());
  await waitFor("the container to go", () => readdirSync(join(engine.execRoot, runtime)).length === 0);
  assert.ok(engine.cgroups().length <= 1, engine.cgroups().join());
}

/** A program that is always busy uses no time while it is paused, and takes no other beside it. */
async function pausesAndUnpauses(engine: TestEngine): Promise<void> {
  await startContainer(engine, "busy", "while :; do :; done", { NanoCpus: 2e8 });
  const group = groupOf(await stateOf(engine, "busy"));
  const text = (file: string): string => readFileSync(join(group, file), "utf8");
  const used = (): number => Number(/^usage_usec (\d+)$/m.exec(text("cpu.stat"))?.[1]);
  await waitFor("it to be busy", () => used() > 0);

  await call(engine, "POST", "/containers/busy/pause");
  const before = used();
  assert.match(text("cgroup.events"), /^frozen 1$/m);
  assert.equal((await stateOf(engine, "busy")).Status, "paused");
  const { status, body } = await engine.api("POST", "/containers/busy/exec", { Cmd: ["true"] });
  assert.equal(status, 409);
  assert.match(body, /Container busy is paused, unpause the container before exec/);
  assert.equal(used(), before);

  await call(engine, "POST", "/containers/busy/unpause");
  assert.match(text("cgroup.events"), /^frozen 0$/m);
  await waitFor("it to go on", () => used() > before);

  await call(engine, "POST", "/containers/busy/pause");
  await call(engine, "DELETE", "/containers/busy?force=1");
  assert.ok(!existsSync(group), group);
}

/** Of the container `web`. */
async function stopsStartsAndRemoves(engine: TestEngine, runtime: string): Promise<void> {
  const former = groupOf(await stateOf(engine, "web"));
  await call(engine, "POST", "/containers/web/stop?t=1");
  const { Status, ExitCode } = await stateOf(engine, "web");
  assert.match(`${Status} ${ExitCode}`, /^exited (137|143)$/);
  assert.ok(!existsSync(former), former);

  await call(engine, "POST", "/containers/web/start");
  const group = groupOf(await stateOf(engine, "web"));
  assert.deepEqual(limitsIn(group), LIMIT_FILES);

  await call(engine, "DELETE", "/containers/web?force=1");
  assert.ok(!existsSync(group), group);
  assert.deepEqual(readdirSync(join(engine.execRoot, runtime)), []);
}

async function tellsOfOomKill(engine: TestEngine): Promise<void> {
  await startContainer(engine, "hog", HOG, { Memory: 16 * MIB });
  const { body } = await call(engine, "POST", "/containers/hog/wait");
  assert.equal((JSON.parse(body) as { readonly StatusCode: number }).StatusCode, 137);
  const state = await stateOf(engine, "hog");
  assert.deepEqual([state.OOMKilled, state.ExitCode], [true, 137]);
}

async function createContainer(engine: TestEngine, name: string, argv: readonly string[], limits: object) {
  const body = { Image: "busybox", Cmd: argv, HostConfig: limits };
  await call(engine, "POST", `/containers/create?name=${name}`, body);
}

async function startContainer(engine: TestEngine, name: string, script: string, limits: object): Promise<void> {
  await createContainer(engine, name, ["sh", "-c", script], limits);
  await call(engine, "POST", `/containers/${name}/start`);
}

async function call(engine: TestEngine, method: string, path: string, body?: object) {
  const answer = await engine.api(method, path, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.body}`);
  return answer;
}

async function stateOf(engine: TestEngine, name: string): Promise<State> {
  return (await engine.api("GET", `/containers/${name}/json`)).json<{ readonly State: State }>().State;
}

/** Directory of the container's group. */
function groupOf({ Pid }: State): string {
  const line = readFileSync(`/proc/${Pid}/cgroup`, "utf8").trim();
  return join("/sys/fs/cgroup", line.replace("0::", ""));
}

const limitsIn = (group: string): Record<string, string> =>
  Object.fromEntries(Object.keys(LIMIT_FILES).map((file) => [file, readFileSync(join(group, file), "utf8").trim()]));
