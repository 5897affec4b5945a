/** `ctr limit verify` and `ctr limit stress`: real load by the distribution's stress-ng, through the engine's API alone. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TestEngine } from "../../support/engine.ts";
import { waitFor } from "../../support/wait.ts";

const CTR = join(import.meta.dirname, "../../../bin/ctr");

interface Outcome {
  readonly Subject: string;
  readonly Limit: string;
  readonly Set: string;
  readonly Measured: string;
  readonly Deviation: number | null;
  readonly Verdict: string;
  readonly Why: string;
}

interface Report {
  readonly findings: readonly { readonly limit: string; readonly verdict: string; readonly measured: string }[];
  readonly latencies: readonly { readonly phase: string; readonly of: string; readonly count: number }[];
  readonly victims: readonly { readonly container: string; readonly oomScoreAdj?: number }[];
  readonly plots: readonly { readonly title: string; readonly series: readonly object[] }[];
}

const LIMITS = [
  "-m",
  "48m",
  "--memory-swap",
  "48m",
  "--cpus",
  "0.25",
  "--pids-limit",
  "40",
  "--cpuset-cpus",
  "0",
].concat(["--oom-score-adj", "300", "--ulimit", "nofile=512:512", "--shm-size", "8m", "--memory-reservation", "16m"]);

const outcomesIn = (output: string): Outcome[] => output.split("\n").map((line) => JSON.parse(line) as Outcome);

describe("limits under load", function () {
  // What is measured is measured beside whatever else the machine does.
  this.retries(2);
  const resources = new AsyncDisposableStack();
  let engine: TestEngine;
  before(async () => {
    engine = resources.use(await TestEngine.start());
    await engine.ctrOutput("run", "-d", "--name", "web", ...LIMITS, "busybox", "sleep", "1000");
  });
  after(() => resources.disposeAsync());

  const containers = (): Promise<string> => engine.ctrOutput("ps", "-a", "--format", "{{.Names}}");
  const groups = (): Promise<string> => engine.ctrOutput("limit", "groups", "--format", "{{.Name}}");

  it("measures the rate of a container's interfaces, each way", async () => {
    await engine.ctrOutput(
      "run",
      "-d",
      "--name",
      "slow",
      "--net-rate",
      "egress=8mbit,ingress=16mbit",
      "busybox",
      "sleep",
      "1000",
    );
    const argv = ["limit", "verify", "--time", "2s", "--only", "net-rate", "--format", "json", "slow"];
    const { stdout } = await engine.ctr(argv);
    const [outcome] = outcomesIn(stdout.trimEnd());
    await engine.ctrOutput("rm", "-f", "slow");
    assert.equal(outcome?.Set, "8mbit out, 16mbit in");
    assert.match(outcome.Measured, /^\d+\.\dmbit out, \d+\.\dmbit in$/, stdout);
    assert.equal(outcome.Verdict, "pass", stdout);
    assert.equal(await containers(), "web");
  });

  it("verifies each limit of a container in others that have the same, and leaves none of them", async () => {
    const { stdout } = await engine.ctr(["limit", "verify", "--time", "1s", "--format", "json", "web"]);
    const outcomes = outcomesIn(stdout.trimEnd());
    const verdicts = Object.fromEntries(outcomes.map(({ Limit, Verdict }) => [Limit, Verdict]));
    const measured = ["memory", "pids-limit", "cpuset-cpus", "oom-score-adj", "ulimit nofile", "shm-size"];
    for (const limit of measured) assert.equal(verdicts[limit], "pass", JSON.stringify(outcomes, undefined, 1));
    // A machine that is busy gives less than a quota allows; never more.
    assert.notEqual(verdicts["cpus"], "fail", JSON.stringify(outcomes));
    const by = (limit: string): Outcome | undefined => outcomes.find(({ Limit }) => Limit === limit);
    assert.ok(Math.abs(by("memory")?.Deviation ?? 1) <= 0.01);
    assert.equal(by("pids-limit")?.Deviation, 0);
    assert.equal(by("memory")?.Set, "48MiB");
    assert.equal(by("memory-reservation")?.Verdict, "not measurable");
    assert.match(by("memory-reservation")?.Why ?? "", /short of memory; memory\.\w+ says 16777216$/);
    assert.equal(await containers(), "web");
  });

  it("verifies the block I/O of the disk that containers are on, and that limits change within a moment", async () => {
    const { stdout, exitCode } = await engine.ctr(["limit", "verify", "--host", "--only", "device-write-bps,update"]);
    assert.equal(exitCode, 0, stdout);
    // A machine that is busy may not let it run at once: that is told apart from a limit that does not act.
    assert.match(stdout, /^update .* (pass|not measurable) .* later/m);
    // No line where the disk of the tests is none whose I/O can be limited.
    if (stdout.includes("device-write-bps")) assert.match(stdout, /^device-write-bps .* pass .*MiB\/s$/m);
  });

  it("shows a report of load as JSON and as a drawing: --oom-score-adj decides who dies first", async () => {
    const drawing = join(engine.host.directory, "memory.svg");
    const output = await engine.ctrOutput(
      "limit",
      "stress",
      "memory",
      "--time",
      "4s",
      "--format",
      "json",
      "--svg",
      drawing,
    );
    const { findings, latencies, victims, plots } = JSON.parse(output) as Report;
    assert.deepEqual(
      findings.map(({ limit, verdict }) => [limit, verdict]),
      [
        ["memory", "pass"],
        ["oom-score-adj", "pass"],
      ],
      output,
    );
    assert.equal(findings[1]?.measured, "killed in this order: 900, 600, 300");
    // A container of a high score may lose its other processes, too, before the next one's turn comes.
    const order = new Set(victims.map(({ container }) => container).filter((name) => name.startsWith("oom_score_adj")));
    assert.deepEqual([...order].slice(0, 3), ["oom_score_adj 900", "oom_score_adj 600", "oom_score_adj 300"]);
    for (const phase of ["quiet", "own limit", "shared limit"]) {
      const answers = latencies.find((latency) => latency.phase === phase && latency.of === "service");
      assert.ok((answers?.count ?? 0) > 0, phase);
    }
    assert.deepEqual(
      plots.map(({ title }) => title),
      ["Memory", "Answers of the service and of the engine"],
    );
    assert.match(readFileSync(drawing, "utf8"), /^<svg .*<polyline .*<\/svg>\n$/s);
    assert.deepEqual([await containers(), await groups()], ["web", ""]);
  });

  it("takes everything away at Ctrl-C", async () => {
    const ctr = engine.host.spawn([CTR, "-H", `unix://${engine.socket}`, "limit", "stress", "many"]);
    const exit = once(ctr, "exit");
    await waitFor("load", async () => (await containers()).includes("stress-many"));
    ctr.kill("SIGINT");
    const [exitCode] = (await exit) as [number | null];
    assert.equal(exitCode, 130);
    assert.deepEqual([await containers(), await groups()], ["web", ""]);
  });

  it("says what it wants when it is called wrongly, before any load", async () => {
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [["verify", "--all", "web"], 125, /^give containers, --all or --host$/m],
      [["verify", "nobody"], 1, /No such container: nobody/],
      [["verify", "--host", "--only", "nothing"], 125, /there is no trial nothing: memory, /],
      [["stress", "nothing"], 125, /there is no profile "nothing"; choose one of cpu, memory, /],
      [["stress", "cpu", "--svg", "/no/such/file.svg"], 1, /cannot write the drawing: ENOENT/],
    ];
    for (const [argv, code, text] of cases) {
      const { exitCode, stderr, stdout } = await engine.ctr(["limit", ...argv]);
      assert.deepEqual([exitCode, stdout], [code, ""], argv.join(" "));
      assert.match(stderr, text);
    }
    assert.equal(await containers(), "web");
  });
});
