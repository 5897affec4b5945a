/**
 * The engine's limits on cgroup v2 alone: from the start, changed live, of groups and execs, explained, and what v1 has not.
 * Like all tests of this machine with few commands.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TestEngine } from "../support/engine.ts";
import { waitFor } from "../support/wait.ts";

const MIB = 2 ** 20;

interface Verdicts {
  readonly verdicts: readonly { readonly code: string }[];
}

describe("limits on cgroup v2", () => {
  const resources = new AsyncDisposableStack();
  let engine: TestEngine;
  before(async () => {
    engine = resources.use(await TestEngine.start());
    await start("web", "exec sleep 1000", { Memory: 64 * MIB, NanoCpus: 15e8, PidsLimit: 100, CpusetCpus: "0" });
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

  /** Directory of the container's group. */
  async function groupOf(name: string): Promise<string> {
    const { State } = await call<{ State: { Pid: number } }>("GET", `/containers/${name}/json`);
    const group = readFileSync(`/proc/${State.Pid}/cgroup`, "utf8").trim().replace("0::", "");
    return join("/sys/fs/cgroup", group);
  }

  /** Content of a file of the container's group, trimmed. */
  async function file(name: string, ...path: readonly string[]): Promise<string> {
    return readFileSync(join(await groupOf(name), ...path), "utf8").trim();
  }

  async function explained(name: string): Promise<readonly string[]> {
    const { verdicts } = await call<Verdicts>("GET", `/ctr/containers/${name}/explain`);
    return verdicts.map(({ code }) => code);
  }

  it("are in force from the start", async () => {
    const files = ["memory.max", "memory.swap.max", "cpu.max", "pids.max", "cpuset.cpus"];
    assert.deepEqual(await Promise.all(files.map((name) => file("web", name))), [
      ...[String(64 * MIB), String(64 * MIB), "150000 100000", "100", "0"],
    ]);
  });

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

  it("puts containers below the limit of a named group; an exec has limits of its own, and the container's score", async () => {
    await call("POST", "/ctr/limit-groups/shop", { Memory: 128 * MIB });
    await start("member", "exec sleep 1000", { CgroupParent: "shop", OomScoreAdj: 100 });
    assert.equal(await file("member", "..", "memory.max"), String(128 * MIB));
    const exec = { Cmd: ["sleep", "1000"], Resources: { PidsLimit: 7 } };
    const { Id } = await call<{ Id: string }>("POST", "/containers/member/exec", exec);
    await call("POST", `/exec/${Id}/start`, { Detach: true });
    // The first process has moved into a leaf, so that the exec's group may be beside it.
    assert.equal(await file("member", "..", Id, "pids.max"), "7");
    const [pid] = (await file("member", "..", Id, "cgroup.procs")).split("\n");
    assert.equal(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8"), "100\n");
    await call("DELETE", "/containers/member?force=1");
    await call("DELETE", "/ctr/limit-groups/shop");
  });

  it("kills all processes together where that is asked for, and explains it", async () => {
    const hog = "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done";
    await start("whole", `sh -c '${hog}'; sleep 1000`, { Memory: 16 * MIB, Swap: 0, OomGroup: true });
    await call("POST", "/containers/whole/wait");
    assert.deepEqual(await explained("whole"), ["oom-own-limit", "oom-whole-group"]);
  });

  it("refuses processes above their limit, and explains it", async () => {
    await start("forks", "(while :; do sleep 1000 & done); exec sleep 1000", { PidsLimit: 10 });
    await waitFor("a refusal", async () => Number(/max (\d+)/.exec(await file("forks", "pids.events"))?.[1]) > 0);
    assert.ok((await explained("forks")).includes("pids-limit"));
    await call("DELETE", "/containers/forks?force=1");
  });

  it("kills all processes of a container, with their group, and tells who asked for it", async () => {
    await start("killed", "sleep 1000 & sleep 1000 & wait", {});
    const group = await groupOf("killed");
    await call("POST", "/containers/killed/kill");
    await call("POST", "/containers/killed/wait");
    assert.deepEqual([await explained("killed"), existsSync(group)], [["killed-by-request"], false]);
  });

  it("tells of the kernel's own memory keys, as docker stats wants them on cgroup v2", async () => {
    type Stats = { readonly memory_stats: { readonly stats: Readonly<Record<string, number>> } };
    const { memory_stats } = await call<Stats>("GET", "/containers/web/stats?stream=0&one-shot=1");
    assert.ok("anon" in memory_stats.stats && !("total_inactive_file" in memory_stats.stats));
  });
});
