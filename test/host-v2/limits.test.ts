/**
 * The engine's limits on cgroup v2 alone: what v1 has not, live changes, groups, execs, explanations, and real load. Like all
 * tests of this machine with few commands.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TestEngine } from "../support/engine.ts";
import { waitFor } from "../support/wait.ts";

const MIB = 2 ** 20;

/** Those of `ctr limit verify --host` that this machine must be able to measure. */
const PROVEN = ["cpus", "cpu-period", "cpu-shares", "cpuset-cpus", "memory", "swap", "memory-high", "oom-group"].concat(
  ["oom-score-adj", "pids-limit", "ulimit nofile", "shm-size", "device-write-bps", "device-read-bps"],
);

interface Outcome {
  readonly Limit: string;
  readonly Verdict: string;
}

interface Verdicts {
  readonly verdicts: readonly { readonly code: string }[];
}

describe("limits on cgroup v2", () => {
  const resources = new AsyncDisposableStack();
  let engine: TestEngine;
  before(async () => {
    engine = resources.use(await TestEngine.start());
    await start("web", "exec sleep 1000", { Memory: 64 * MIB });
  });
  after(() => resources.disposeAsync());

  async function call<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await engine.api(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.body}`);
    return (answer.body === "" ? undefined : answer.json()) as T;
  }

  async function start(name: string, script: string, HostConfig: object): Promise<void> {
    const body = { Image: "busybox", Cmd: ["sh", "-c", script], HostConfig: { NetworkMode: "none", ...HostConfig } };
    await call("POST", `/containers/create?name=${name}`, body);
    await call("POST", `/containers/${name}/start`);
  }

  /** Content of a file of the container's group, trimmed. */
  async function file(name: string, ...path: readonly string[]): Promise<string> {
    const { State } = await call<{ State: { Pid: number } }>("GET", `/containers/${name}/json`);
    const group = readFileSync(`/proc/${State.Pid}/cgroup`, "utf8").trim().replace("0::", "");
    return readFileSync(join("/sys/fs/cgroup", group, ...path), "utf8").trim();
  }

  it("changes every kind of limit of a live container, and takes them away", async () => {
    const change = {
      Memory: 48 * MIB,
      Swap: 16 * MIB,
      MemoryHigh: 40 * MIB,
      OomGroup: true,
      NanoCpus: 5e8,
      PidsLimit: 20,
    };
    const io = {
      BlkioDeviceWriteBps: [{ Path: "/dev/vda", Rate: MIB }],
      BlkioDeviceReadIOps: [{ Path: "/dev/vda", Rate: 50 }],
    };
    await call("POST", "/ctr/containers/web/limits", { ...change, ...io, CgroupConf: { "cpu.idle": "1" } });
    const files = [
      "memory.max",
      "memory.swap.max",
      "memory.high",
      "memory.oom.group",
      "cpu.max",
      "pids.max",
      "cpu.idle",
    ];
    assert.deepEqual(await Promise.all(files.map((name) => file("web", name))), [
      ...[String(48 * MIB), String(16 * MIB), String(40 * MIB), "1", "50000 100000", "20", "1"],
    ]);
    assert.match(await file("web", "io.max"), /^\d+:0 rbps=max wbps=1048576 riops=50 wiops=max$/);
    const Unset = ["memory", "swap", "memory-high", "oom-group", "cpus", "pids-limit", "device-write-bps"];
    await call("POST", "/ctr/containers/web/limits", { Unset: [...Unset, "device-read-iops", "cgroup-conf"] });
    assert.deepEqual(await Promise.all(files.map((name) => file("web", name))), [
      ...["max", "max", "max", "0", "max 100000", "max", "0"],
    ]);
    assert.equal(await file("web", "io.max"), "");
  });

  it("puts containers below the limit of a named group, and gives an exec limits of its own", async () => {
    await call("POST", "/ctr/limit-groups/shop", { Memory: 128 * MIB });
    await start("member", "exec sleep 1000", { CgroupParent: "shop" });
    assert.equal(await file("member", "..", "memory.max"), String(128 * MIB));
    const exec = { Cmd: ["sleep", "1000"], Resources: { PidsLimit: 7 } };
    const { Id } = await call<{ Id: string }>("POST", "/containers/member/exec", exec);
    await call("POST", `/exec/${Id}/start`, { Detach: true });
    // The first process has moved into a leaf, so that the exec's group may be beside it.
    assert.equal(await file("member", "..", Id, "pids.max"), "7");
    await call("DELETE", "/containers/member?force=1");
    await call("DELETE", "/ctr/limit-groups/shop");
  });

  it("kills all processes together where that is asked for, and explains it", async () => {
    const hog = "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done";
    await start("whole", `sh -c '${hog}'; sleep 1000`, { Memory: 16 * MIB, Swap: 0, OomGroup: true });
    await call("POST", "/containers/whole/wait");
    const { verdicts } = await call<Verdicts>("GET", "/ctr/containers/whole/explain");
    const codes = verdicts.map(({ code }) => code);
    assert.deepEqual(codes, ["oom-own-limit", "oom-whole-group"]);
  });

  it("tells of the kernel's own memory keys, as docker stats wants them on cgroup v2", async () => {
    type Stats = { readonly memory_stats: { readonly stats: Readonly<Record<string, number>> } };
    const { memory_stats } = await call<Stats>("GET", "/containers/web/stats?stream=0&one-shot=1");
    assert.ok("anon" in memory_stats.stats && !("total_inactive_file" in memory_stats.stats));
  });

  it("holds under real load: ctr limit verify --host", async () => {
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
    await waitFor("the load to be gone", async () => (await call<unknown[]>("GET", "/containers/json")).length === 1);
  });
});
