/** What containers use: Docker's statistics by its own client, ours, processes, limits against use, metrics. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { TestEngine } from "../../support/engine.ts";
import { waitFor } from "../../support/wait.ts";
import { TerminalSession } from "./terminal-session.ts";

const METRICS = "127.0.0.1:9323";
const SPINNER = "while :; do :; done";
/** `49.37%` */
const percent = (text: string | undefined): number => Number(/^([\d.]+)%$/.exec(text ?? "")?.[1]);

interface StatsLine {
  readonly Name: string;
  readonly CPUPerc: string;
  readonly MemUsage: string;
  readonly NetIO: string;
  readonly PIDs: string;
  readonly Throttled?: string;
}

interface Usage {
  readonly Time: number;
  readonly Containers: readonly { readonly Name: string; readonly Stats?: { readonly cpuUsage: number } }[];
}

describe("what containers use", () => {
  const resources = new AsyncDisposableStack();
  let engine: TestEngine;
  before(async () => {
    engine = resources.use(await TestEngine.start({ flags: ["--metrics-addr", METRICS] }));
    const limits = ["-m", "64m", "--cpus", "0.5", "--pids-limit", "50", "--ulimit", "nofile=100:200"];
    await engine.ctrOutput("run", "-d", "--name", "busy", ...limits, "busybox", "sh", "-c", SPINNER);
    await engine.ctrOutput("limit", "set", "--group", "shop", "-m", "48m");
    await engine.ctrOutput("run", "-d", "--name", "idle", "--cgroup-parent", "shop", "busybox", "sleep", "1000");
    await engine.ctrOutput("create", "--name", "asleep", "-m", "32m", "busybox", "true");
  });
  after(() => resources.disposeAsync());

  const program = (): string => `${process.cwd()}/bin/ctr -H unix://${engine.socket}`;
  const statsBy = async (client: "ctr" | "docker", ...names: readonly string[]): Promise<StatsLine[]> => {
    const argv = ["stats", "--no-stream", "--format", "{{json .}}", ...names];
    const { stdout, stderr } = await engine[client](argv);
    assert.equal(stderr, "");
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as StatsLine);
  };

  it("ctr stats and docker stats show the same", async () => {
    const [ours, theirs] = await Promise.all([statsBy("ctr", "busy"), statsBy("docker", "busy")]);
    const [our, their] = [ours[0], theirs[0]];
    assert.ok(our && their);
    assert.deepEqual([our.Name, our.PIDs], [their.Name, their.PIDs]);
    assert.match(our.MemUsage, / \/ 64MiB$/);
    assert.match(their.MemUsage, / \/ 64MiB$/);
    for (const line of [our, their]) {
      const cpu = percent(line.CPUPerc);
      // Half a CPU at most; a busy machine gives less. One period's quota may fall to either side of a second.
      assert.ok(cpu > 2 && cpu < 65, `${cpu} % of a CPU`);
    }
    assert.match(our.Throttled ?? "", /^\d+%$/);
  });

  it("answers in Docker's shape for this version of cgroups", async () => {
    const path = (name: string) => `/v1.41/containers/${name}/stats?stream=0&one-shot=1`;
    const busy = (await engine.api("GET", path("busy"))).json<Record<string, Record<string, unknown>>>();
    const isV1 = readFileSync("/proc/self/cgroup", "utf8").split("\n").length > 2;
    const memory = busy["memory_stats"]?.["stats"] as Record<string, number>;
    assert.equal("total_inactive_file" in memory, isV1);
    assert.ok("inactive_file" in memory);
    assert.equal(busy["pids_stats"]?.["limit"], 50);
    assert.equal(Array.isArray(busy["blkio_stats"]?.["io_queue_recursive"]), isV1);
    assert.deepEqual(Object.keys(busy["networks"] ?? {}), ["eth0"]);
    const asleep = (await engine.api("GET", path("asleep"))).json<Record<string, unknown>>();
    assert.deepEqual(
      [asleep["memory_stats"], asleep["read"], "networks" in asleep],
      [{}, "0001-01-01T00:00:00Z", false],
    );
  });

  it("lists containers that do not run when it is asked to, and names what is not there", async () => {
    const names = (lines: readonly StatsLine[]) => lines.map(({ Name }) => Name).sort();
    assert.deepEqual(names(await statsBy("ctr")), ["busy", "idle"]);
    assert.deepEqual(names(await statsBy("ctr", "-a")), ["asleep", "busy", "idle"]);
    assert.deepEqual(names(await statsBy("docker", "-a")), ["asleep", "busy", "idle"]);
    const { exitCode, stderr } = await engine.ctr(["stats", "--no-stream", "busy", "nosuch"]);
    assert.deepEqual([exitCode, stderr], [1, "Error response from daemon: No such container: nosuch\n"]);
  });

  it("streams all containers in one line an interval, and ends with the last that was named", async () => {
    await engine.ctrOutput("run", "-d", "--name", "brief", "busybox", "sleep", "1000");
    const url = "http://ctr/ctr/stats?stream=1&interval=200&id=brief";
    const stream = outputOf(engine, ["curl", "-sN", "--unix-socket", engine.socket, url]);
    const watch = outputOf(engine, [...program().split(" "), "limit", "watch", "-n", "0.2", "brief"]);
    await waitFor("lines of both", () => stream.lines().length >= 2 && watch.lines().length >= 1);
    await engine.ctrOutput("rm", "-f", "brief");
    await Promise.all([stream.end, watch.end]);
    const seen = stream.lines().map((line) => JSON.parse(line) as Usage);
    assert.deepEqual(new Set(seen.flatMap(({ Containers }) => Containers.map(({ Name }) => Name))), new Set(["brief"]));
    const [first = ""] = watch.lines();
    assert.match(first, /^\S+Z brief {2}cpu \d+\.\d% {2}memory \S+ of \S+ \(\d+\.\d%\) {2}throttled - {2}waits cpu /);
  });

  it("refuses an interval that is none", async () => {
    for (const interval of ["5", "x", "-1", "99999999999"]) {
      assert.equal((await engine.api("GET", `/ctr/stats?interval=${interval}&stream=1`)).status, 400, interval);
    }
  });

  describe("top", () => {
    it("shows the processes as ps does, with the host's pids", async () => {
      const pid = await engine.ctrOutput("inspect", "-f", "{{.State.Pid}}", "busy");
      for (const client of ["ctr", "docker"] as const) {
        const { stdout } = await engine[client](["top", "busy", "-o", "pid,comm"]);
        assert.deepEqual(stdout.trim().split(/\s+/), ["PID", "COMMAND", pid, "sh"], client);
      }
    });

    it("--usage shows what each uses, and who would be killed first", async () => {
      const [head = "", row = ""] = (await engine.ctrOutput("top", "--usage", "busy")).split("\n");
      assert.deepEqual(head.split(/ {2,}/).slice(0, 5), ["PID", "IN CONTAINER", "STATE", "CPU %", "MEMORY"]);
      const [pid, own, , cpu, memory, adjustment, score, command] = row.split(/ {2,}/);
      assert.equal(pid, await engine.ctrOutput("inspect", "-f", "{{.State.Pid}}", "busy"));
      assert.deepEqual([own, adjustment, command], ["1", "0", `sh -c ${SPINNER}`]);
      assert.equal(score, readFileSync(`/proc/${pid}/oom_score`, "utf8").trim());
      assert.match(memory ?? "", /iB$/);
      assert.ok(Number(cpu) > 2 && Number(cpu) < 90, `${cpu} %`);
    });

    const mistakes: readonly (readonly [argv: readonly string[], words: string])[] = [
      [["busy", "--bogus"], "Error response from daemon: ps: error: unknown gnu long option\n"],
      [["busy", "-o", "comm"], "Error response from daemon: Couldn't find PID field in ps output\n"],
      [["--usage", "busy", "-ef"], "ctr top: --usage takes no options of ps\n"],
      [["nosuch"], "Error response from daemon: No such container: nosuch\n"],
    ];
    for (const [argv, words] of mistakes) {
      it(`says what is wrong with: top ${argv.join(" ")}`, async () => {
        const { exitCode, stderr } = await engine.ctr(["top", ...argv]);
        assert.deepEqual([exitCode, stderr], [1, words]);
      });
    }

    it("says so of a container that does not run", async () => {
      for (const flags of [[], ["--usage"]]) {
        assert.match((await engine.ctr(["top", ...flags, "asleep"])).stderr, /container [0-9a-f]{64} is not running/);
      }
    });
  });

  describe("limits against use", () => {
    it("ls measures each against what decides", async () => {
      const lines = (await engine.ctrOutput("limit", "ls")).split("\n");
      assert.match(lines.find((line) => line.startsWith("busy")) ?? "", /\/ 64MiB .* \/ 0\.5 .*█.*\d+%.* 1 \/ 50 /);
      // The group above has the limit.
      assert.match(lines.find((line) => line.startsWith("idle")) ?? "", /\/ 48MiB .* \/ unlimited /);
    });

    it("show says whose a limit is, and what no cgroup keeps", async () => {
      const busy = await engine.ctrOutput("limit", "show", "busy");
      assert.match(busy, /^cpus +0\.5 +0\.5 +flag /m);
      assert.match(busy, /^ulimit nofile +100:200 +100:200 +flag .*\/proc\/\d+\/limits$/m);
      assert.match(busy, /^shm-size +- +64MiB +default /m);
      const idle = await engine.ctrOutput("limit", "show", "idle");
      assert.match(idle, /^memory +- +unlimited +group /m);
      assert.match(idle, /^memory: the group \S+\/shop\.group has less, 48MiB \(\/sys\/fs\/cgroup\/.*\)$/m);
    });

    it("show knows groups, and containers that do not run", async () => {
      assert.match(
        await engine.ctrOutput("limit", "show", "shop"),
        /^group shop .* 1 container\n(?:.*\n)?memory +48MiB +48MiB +flag /m,
      );
      assert.match(await engine.ctrOutput("limit", "show", "ctr"), /^group ctr /);
      assert.match(await engine.ctrOutput("limit", "show", "asleep"), /created: .*\n.*\nmemory +32MiB +- +flag /);
      const { exitCode, stderr } = await engine.ctr(["limit", "show", "nosuch"]);
      assert.deepEqual([exitCode, stderr], [1, "Error response from daemon: No such container: nosuch\n"]);
    });
  });

  describe("on a terminal", () => {
    it("limit watch draws curves, and gives the screen back", async () => {
      await using session = new TerminalSession(engine.host, `${program()} limit watch -n 0.2 busy`);
      await session.shows(/CPU: \d+\.\d% of 0\.5 CPUs/);
      await session.shows(/Throttled: \d+% of the periods/);
      await session.shows("█");
      session.type("q");
      assert.equal(await session.exitCode(), 0);
      assert.ok(session.screen.startsWith("\x1b[?1049h\x1b[?25l"), JSON.stringify(session.screen.slice(0, 50)));
      assert.ok(session.screen.endsWith("\x1b[?25h\x1b[?1049l"), JSON.stringify(session.screen.slice(-50)));
    });

    it("limit watch of all has a line each, and ends by Ctrl-C", async () => {
      await using session = new TerminalSession(engine.host, `${program()} limit watch -n 0.2`);
      await session.shows(/busy +\d+\.\d%/);
      await session.shows(/idle +0\.0%/);
      session.type("\x03");
      assert.equal(await session.exitCode(), 0);
    });

    it("an error stands on the screen that stays", async () => {
      await using session = new TerminalSession(engine.host, `${program()} limit watch nosuch`);
      assert.equal(await session.exitCode(), 1);
      assert.equal(session.screen.trim(), "Error response from daemon: No such container: nosuch");
    });

    it("stats draws over what it drew before", async () => {
      await using session = new TerminalSession(engine.host, `${program()} stats`);
      await session.shows(/busy +--/);
      await session.shows(/busy +\d+\.\d\d%/);
      assert.equal(session.screen.split("\x1b[2J").length, 2);
    });
  });

  it("serves metrics, and nothing else", async () => {
    const get = async (path: string, ...flags: readonly string[]) =>
      await engine.host.output(["curl", "-s", ...flags, "-w", "\n%{http_code}", `http://${METRICS}${path}`]);
    const text = await get("/metrics");
    assert.match(text, /\n200$/);
    for (const name of ["container_cpu_usage_seconds_total", "container_network_receive_bytes_total"]) {
      assert.match(text, new RegExp(`^${name}\\{id="[0-9a-f]{64}",name="busy",image="busybox"[^}]*\\} [\\d.]+$`, "m"));
    }
    assert.match(text, /^ctr_containers\{state="running"\} 2$/m);
    assert.match(await get("/containers/json"), /\n404$/);
    assert.match(await get("/metrics", "-X", "POST"), /\n405$/);
  });
});

/** What a program of the engine's host has written so far, and when it has ended. */
function outputOf(engine: TestEngine, argv: readonly string[]) {
  const child = engine.host.spawn(argv);
  let text = "";
  child.stdout?.on("data", (data: Buffer) => {
    text += data.toString();
  });
  return { lines: () => text.split("\n").slice(0, -1), end: once(child, "close") };
}
