/** Limits hold: what the kernel's own counters and refusals say while real programs run against them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { TestEngine } from "../../support/engine.ts";
import { waitFor } from "../../support/wait.ts";

interface Reading {
  readonly limit: string;
  readonly asked: unknown;
  readonly enforced: unknown;
}

/** Doubles a string for ever. */
const HOG = "x=a; while true; do x=$x$x; done";
const SPINNER = "while :; do :; done";
const MEBIBYTE = 1 << 20;

describe("limits", () => {
  const resources = new AsyncDisposableStack();
  let engine: TestEngine;
  before(async () => {
    engine = resources.use(await TestEngine.start());
  });
  after(() => resources.disposeAsync());

  const inspect = (name: string, template: string): Promise<string> =>
    engine.ctrOutput("inspect", "--format", template, name);

  async function readings(name: string): Promise<ReadonlyMap<string, Reading>> {
    const lines = (await engine.ctrOutput("limit", "show", "--format", "json", name)).split("\n");
    return new Map(lines.map((line) => JSON.parse(line) as Reading).map((reading) => [reading.limit, reading]));
  }

  async function eventsOf(name: string): Promise<string[]> {
    const argv = ["events", "--since", "1h", "--until", "0s", "--filter", `container=${name}`];
    return (await engine.ctrOutput(...argv, "--format", "{{.Action}}")).split("\n");
  }

  describe("memory", () => {
    it("kills a hog, and inspect, the exit code and the events say so", async () => {
      const result = await engine.ctr(["run", "--name", "hog", "-m", "16m", "busybox", "sh", "-c", HOG]);
      assert.equal(result.exitCode, 137);
      assert.equal(
        await inspect("hog", "{{.State.OOMKilled}} {{.State.ExitCode}} {{.State.Status}}"),
        "true 137 exited",
      );
      const events = await eventsOf("hog");
      assert.ok(events.includes("oom"), events.join());
      assert.ok(events.indexOf("oom") < events.indexOf("die"), events.join());
      // A new start forgets it.
      await engine.ctrOutput("run", "--name", "modest", "-m", "16m", "busybox", "true");
      assert.equal(await inspect("modest", "{{.State.OOMKilled}}"), "false");
    });

    it("tells a child's end by the OOM killer, too", async () => {
      const script = `sh -c '${HOG}'; echo "child $?"`;
      const output = await engine.ctr(["run", "--name", "parent", "-m", "16m", "busybox", "sh", "-c", script]);
      assert.match(output.stdout, /child 137/);
      assert.equal(output.exitCode, 0);
      assert.equal(await inspect("parent", "{{.State.OOMKilled}}"), "true");
    });

    it("lets a program have what is below the limit", async () => {
      const result = await engine.ctr([
        "run",
        "--rm",
        "-m",
        "64m",
        "busybox",
        "sh",
        "-c",
        "head -c 24m /dev/zero | tail -c 24m | wc -c",
      ]);
      assert.equal(result.stdout.trim(), String(24 * MEBIBYTE), result.stderr);
    });
  });

  it("half a CPU is half a CPU, by the kernel's own counters", async () => {
    await engine.ctrOutput("run", "-d", "--name", "half", "--cpus", "0.5", "busybox", "sh", "-c", SPINNER);
    const group = cpuGroupOf(await inspect("half", "{{.State.Pid}}"));
    const first = await countersAfter(group, 1);
    const last = await countersAfter(group, first.periods + 10);
    const periods = last.periods - first.periods;
    const perPeriod = (last.usage - first.usage) / periods;
    const quota = 50_000_000;
    // A slice that was handed out before a period's end is used up after it: at most a few milliseconds.
    assert.ok(perPeriod <= quota * 1.15, `${perPeriod} ns of CPU a period of 100 ms`);
    // A busy machine may give much less.
    assert.ok(perPeriod > quota * 0.05, `${perPeriod} ns of CPU a period of 100 ms`);
    assert.equal((await readings("half")).get("cpus")?.enforced, 0.5);
    await engine.ctrOutput("rm", "-f", "half");
  });

  it("pids-limit is exact", async () => {
    // The shell and its sleeps: the limit is reached by the fourth sleep and refused to the fifth.
    const script = "for i in 1 2 3 4 5 6; do sleep 100 & echo started $i; done";
    const result = await engine.ctr(["run", "--rm", "--pids-limit", "5", "busybox", "sh", "-c", script]);
    assert.deepEqual(
      result.stdout.trim().split("\n"),
      [1, 2, 3, 4].map((number) => `started ${number}`),
    );
    assert.match(result.stderr, /can't fork: Resource temporarily unavailable/);
  });

  describe("oom-score-adj", () => {
    it("is what the container's process has", async () => {
      await engine.ctrOutput("run", "-d", "--name", "score", "--oom-score-adj", "321", "busybox", "sleep", "1000");
      const pid = await inspect("score", "{{.State.Pid}}");
      assert.equal(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8").trim(), "321");
      assert.equal(await engine.ctrOutput("exec", "score", "cat", "/proc/self/oom_score_adj"), "321");
      await engine.ctrOutput("rm", "-f", "score");
    });

    it("below what this host allows is an error that says why", async () => {
      // -1001 is no score anywhere; -500 is one that needs a capability, which some hosts do not have.
      const outOfRange = await engine.ctr(["run", "--rm", "--oom-score-adj", "-1001", "busybox", "true"]);
      assert.equal(outOfRange.exitCode, 125);
      assert.match(outOfRange.stderr, /-1000.*1000/);
      const result = await engine.ctr([
        "run",
        "--rm",
        "--oom-score-adj",
        "-500",
        "busybox",
        "cat",
        "/proc/self/oom_score_adj",
      ]);
      if (mayLowerScores()) {
        assert.equal(result.stdout.trim(), "-500");
      } else {
        assert.equal(result.exitCode, 125);
        assert.match(result.stderr, /cannot set oom_score_adj to -500: without CAP_SYS_RESOURCE/);
      }
      assert.equal(await engine.ctrOutput("ps", "--all", "--quiet", "--filter", "status=created"), "");
    });
  });

  it("limit show reads back what was asked, and limit ls knows the container", async () => {
    const flags = [
      "-m",
      "64m",
      "--memory-swap",
      "96m",
      "--cpus",
      "0.75",
      "--pids-limit",
      "77",
      "--oom-score-adj",
      "100",
    ];
    await engine.ctrOutput("run", "-d", "--name", "shown", ...flags, "busybox", "sleep", "1000");
    const shown = await readings("shown");
    for (const [limit, value] of [
      ["memory", 64 * MEBIBYTE],
      ["cpus", 0.75],
      ["pids", 77],
    ] as const) {
      assert.equal(shown.get(limit)?.asked, value, limit);
      assert.equal(shown.get(limit)?.enforced, value, limit);
    }
    const table = await engine.ctrOutput("limit", "show", "shown");
    assert.match(table, /memory +64MiB/);
    assert.match(await engine.ctrOutput("limit", "ls"), /shown/);
    await engine.ctrOutput("rm", "-f", "shown");
  });

  it("a container without limits is shown without", async () => {
    await engine.ctrOutput("run", "-d", "--name", "free", "busybox", "sleep", "1000");
    const asked = [...(await readings("free")).values()].filter(
      (reading) => reading.asked !== undefined && reading.asked !== null,
    );
    assert.deepEqual(asked, []);
    await engine.ctrOutput("rm", "-f", "free");
  });

  it("the real docker CLI sets and reads the same limits", async () => {
    const run = await engine.docker([
      "run",
      "-d",
      "--name",
      "docked",
      "-m",
      "48m",
      "--cpus",
      "0.25",
      "busybox",
      "sleep",
      "1000",
    ]);
    assert.equal(run.exitCode, 0, run.stderr);
    const { stdout } = await engine.docker([
      "inspect",
      "-f",
      "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}",
      "docked",
    ]);
    assert.equal(stdout.trim(), `${48 * MEBIBYTE} 250000000`);
    assert.equal((await readings("docked")).get("memory")?.enforced, 48 * MEBIBYTE);
    await engine.ctrOutput("rm", "-f", "docked");
  });
});

/** Whether this host's processes may lower their `oom_score_adj` (capabilities(7): CAP_SYS_RESOURCE, number 24). */
function mayLowerScores(): boolean {
  const mask = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return (BigInt(`0x${mask}`) & (1n << 24n)) !== 0n;
}

/** The directory of a process's cgroup that limits CPU: in the v2 hierarchy or the v1 one (cgroups(7)). */
function cpuGroupOf(pid: string): string {
  const groups = readFileSync(`/proc/${pid}/cgroup`, "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const legacy = groups.find(([, controllers = ""]) => controllers.split(",").includes("cpu"));
  if (legacy !== undefined) return `/sys/fs/cgroup/cpu${legacy[2] ?? ""}`;
  return `/sys/fs/cgroup${groups.find(([number]) => number === "0")?.[2] ?? ""}`;
}

interface CpuCounters {
  /** Nanoseconds of CPU. */
  readonly usage: number;
  readonly periods: number;
}

/** The counters once `periods` of them have begun. */
const countersAfter = (group: string, periods: number): Promise<CpuCounters> =>
  waitFor(`period ${periods} of ${group}`, () => {
    const counters = cpuCounters(group);
    return counters.periods >= periods && counters;
  });

function cpuCounters(group: string): CpuCounters {
  const text = readFileSync(`${group}/cpu.stat`, "utf8");
  const field = (name: string): number | undefined => {
    const value = new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1];
    return value === undefined ? undefined : Number(value);
  };
  const microseconds = field("usage_usec");
  const legacyUsage = (): number =>
    Number(readFileSync(`${group.replace("/cpu/", "/cpuacct/")}/cpuacct.usage`, "utf8"));
  return {
    usage: microseconds === undefined ? legacyUsage() : microseconds * 1000,
    periods: field("nr_periods") ?? 0,
  };
}
