/**
 * The whole engine on cgroup v2 alone, with each OCI runtime. It runs in the machine of this folder only, where every
 * program is ten to twenty times slower: one engine a runtime, and few commands.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import type { CommandResult } from "../../lib/command.ts";
import { TestEngine } from "../support/engine.ts";
import type { PrivateHost } from "../support/private-host.ts";
import { waitFor } from "../support/wait.ts";

const MIB = 2 ** 20;

const LIMITS = ["-m", "64m", "--cpus", "0.5", "--pids-limit", "50", "--cpuset-cpus", "0", "--oom-score-adj", "100"];

/** Doubles a string for ever. */
const HOG = "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done";

const PAGE = "echo page >/page; exec httpd -f -p 80 -h /";

interface Reading {
  readonly limit: string;
  readonly enforced: unknown;
  readonly file: string;
  readonly value: string;
}

/** The engine takes crun where it works: without it, runc. */
async function hideCrun(host: PrivateHost): Promise<void> {
  await host.output(["sh", "-c", 'mount --bind /dev/null "$(command -v crun)"']);
}

for (const runtime of ["crun", "runc"] as const)
  describe(`the engine on cgroup v2 with ${runtime}`, () => {
    const resources = new AsyncDisposableStack();
    let engine: TestEngine;
    before(async () => {
      engine = resources.use(await TestEngine.start(runtime === "runc" ? { prepare: hideCrun } : {}));
    });
    after(() => resources.disposeAsync());

    const inspect = (name: string, template: string): Promise<string> =>
      engine.ctrOutput("inspect", "--format", template, name);
    const page = (): Promise<string> =>
      engine.host.output(["curl", "-fsS", "--max-time", "20", "http://127.0.0.1:8080/page"]);
    const refused = async (): Promise<boolean> =>
      (await engine.host.run(["curl", "-sS", "--max-time", "20", "http://127.0.0.1:8080/page"])).exitCode === 7;
    const cgroupOf = (pid: string): string =>
      join("/sys/fs/cgroup", readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().replace("0::", ""));

    it("is what starts the containers; output and exit code arrive, and nothing is left", async () => {
      const before = await engine.traces();
      const result = await engine.ctr(["run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3"]);
      assert.deepEqual([result.stdout, result.stderr, result.exitCode], ["out\n", "err\n", 3]);
      assert.ok(existsSync(join(engine.execRoot, runtime)), readdirSync(engine.execRoot).join());
      await waitFor("the cgroup to go", async () => {
        assert.deepEqual((await engine.traces())["cgroups"], before["cgroups"]);
        return true;
      });
    });

    it("a container has its limits in the files of v2, and `limit show` says so", async () => {
      await engine.ctrOutput("run", "-d", "--name", "web", "-p", "8080:80", ...LIMITS, "busybox", "sh", "-c", PAGE);
      const lines = (await engine.ctrOutput("limit", "show", "--format", "json", "web")).split("\n");
      const readings = new Map(lines.map((line) => JSON.parse(line) as Reading).map((row) => [row.limit, row]));
      const enforced = (limit: string): unknown => readings.get(limit)?.enforced;
      assert.deepEqual(["memory", "memorySwap", "cpus", "pids", "cpusetCpus", "oomScoreAdj"].map(enforced), [
        64 * MIB,
        128 * MIB,
        0.5,
        50,
        "0",
        100,
      ]);
      const group = cgroupOf(await inspect("web", "{{.State.Pid}}"));
      assert.equal(readings.get("memory")?.file, join(group, "memory.max"));
      const text = (file: string): string => readFileSync(join(group, file), "utf8").trim();
      assert.deepEqual(["memory.max", "memory.swap.max", "cpu.max", "pids.max", "cpuset.cpus"].map(text), [
        String(64 * MIB),
        String(64 * MIB),
        "50000 100000",
        "50",
        "0",
      ]);
    });

    it("a published port answers, and a program run inside is in the same group", async () => {
      await waitFor("the page", async () => (await page()) === "page");
      assert.equal(await engine.ctrOutput("exec", "web", "cat", "/page"), "page");
      const group = await engine.ctrOutput("exec", "web", "cat", "/proc/self/cgroup");
      assert.match(group, /^0::\/$/, "a namespace of cgroups of its own");
      const mounted = await engine.ctrOutput("exec", "web", "cat", "/sys/fs/cgroup/memory.max");
      assert.equal(mounted, String(64 * MIB));
    });

    it("kill -9 of the engine leaves it at work, and the next engine finds it", async () => {
      const pid = await inspect("web", "{{.State.Pid}}");
      await engine.stopDaemon("SIGKILL");
      assert.equal(await page(), "page");
      await engine.startDaemon();
      assert.equal(await inspect("web", "{{.State.Status}} {{.State.Pid}}"), `running ${pid}`);
      assert.equal(await page(), "page");
      assert.equal(await engine.ctrOutput("exec", "web", "cat", "/page"), "page");
    });

    it("stops, starts again, and is removed by force with its group and port", async () => {
      const former = cgroupOf(await inspect("web", "{{.State.Pid}}"));
      await engine.ctrOutput("stop", "-t", "1", "web");
      assert.match(await inspect("web", "{{.State.Status}} {{.State.ExitCode}}"), /^exited (137|143)$/);
      assert.ok(!existsSync(former), former);
      assert.ok(await refused(), "the port still answers");

      await engine.ctrOutput("start", "web");
      await waitFor("the page", async () => (await page()) === "page");
      const group = cgroupOf(await inspect("web", "{{.State.Pid}}"));
      assert.equal(readFileSync(join(group, "memory.max"), "utf8").trim(), String(64 * MIB));

      await engine.ctrOutput("rm", "-f", "web");
      assert.ok(!existsSync(group), group);
      assert.deepEqual(readdirSync(join(engine.execRoot, runtime)), []);
      assert.ok(await refused(), "the port still answers");
    });

    it("kills a hog at its limit of memory, and says so", async () => {
      const result = await engine.ctr(["run", "--name", "hog", "-m", "16m", "busybox", "sh", "-c", HOG]);
      assert.equal(result.exitCode, 137);
      assert.equal(await inspect("hog", "{{.State.OOMKilled}} {{.State.ExitCode}}"), "true 137");
    });

    it("refuses a command that is not there with Docker's text and code", async () => {
      const { exitCode, stderr }: CommandResult = await engine.ctr(["run", "--rm", "busybox", "no-such-command"]);
      assert.equal(exitCode, 127);
      assert.match(stderr, /exec: "no-such-command": executable file not found in \$PATH/);
    });
  });
