/** Every limit under real load on cgroup v2, as `ctr limit verify --host` measures it. */
import assert from "node:assert/strict";
import { TestEngine } from "../support/engine.ts";
import { waitFor } from "../support/wait.ts";

/** Those of `ctr limit verify --host` that this machine must be able to measure. */
const PROVEN = ["cpus", "cpu-period", "cpu-shares", "cpuset-cpus", "memory", "swap", "memory-high", "oom-group"].concat(
  ["oom-score-adj", "pids-limit", "ulimit nofile", "shm-size", "device-write-bps", "device-read-bps"],
);

interface Outcome {
  readonly Limit: string;
  readonly Verdict: string;
}

describe("limits under real load on cgroup v2", () => {
  const resources = new AsyncDisposableStack();
  let engine: TestEngine;
  before(async () => {
    engine = resources.use(await TestEngine.start());
  });
  after(() => resources.disposeAsync());

  it("hold: ctr limit verify --host", async () => {
    const argv = ["limit", "verify", "--host", "--time", "2s", "--format", "json"];
    const { stdout, stderr } = await engine.ctr(argv, { timeout: 400_000 });
    assert.notEqual(stdout, "", stderr);
    const outcomes = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Outcome);
    process.stdout.write(stdout.replaceAll(/^/gm, "        "));
    const verdicts = (limit: string): string[] =>
      outcomes.filter(({ Limit }) => Limit === limit).map((one) => one.Verdict);
    assert.deepEqual(
      outcomes.filter(({ Verdict }) => Verdict === "fail"),
      [],
    );
    for (const limit of PROVEN) assert.ok(verdicts(limit).includes("pass"), limit);
    await waitFor(
      "the load to be gone",
      async () => (await engine.api("GET", "/containers/json")).body.trim() === "[]",
    );
  });
});
