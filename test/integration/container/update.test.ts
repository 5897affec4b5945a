/** Limits of containers that exist: changed while they run, kept, rolled back, and made whole after every crash. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import type { LimitReading } from "../../../cgroups/index.ts";
import { signalProcess } from "../../../lib/system/process.ts";
import { readResourceLimit } from "../../../lib/system/rlimits.ts";
import type { HostConfig, LifeStep, UpdateRequest, UpdateResult } from "../../../runtime/index.ts";
import { waitFor } from "../../support/wait.ts";
import { EngineHost } from "./engine-host.ts";

const MIB = 2 ** 20;
const SLEEP = ["sleep", "1000"];
const START: HostConfig = {
  ...{ Memory: 64 * MIB, NanoCpus: 5e8, PidsLimit: 50, ShmSize: 16 * MIB, OomScoreAdj: 200 },
  Ulimits: [{ Name: "nofile", Soft: 100, Hard: 200 }],
};

describe("the limits of a container that exists", function () {
  this.timeout(180_000);
  let engine: EngineHost;
  let id: string;

  before(async () => {
    engine = await EngineHost.start();
  });
  after(() => engine[Symbol.asyncDispose]());
  beforeEach(async () => {
    id = await engine.background({ Cmd: SLEEP, HostConfig: START });
  });
  afterEach(() => engine.call("remove", id, { force: true }));

  const update = (request: UpdateRequest): Promise<UpdateResult> => engine.call("update", id, request);
  const stored = async (): Promise<HostConfig> => (await engine.find(id)).hostConfig;

  /** What the kernel enforces. */
  async function enforced(): Promise<Record<string, unknown>> {
    const { pid } = await engine.find(id);
    const readings = await engine.call<LimitReading[]>("limits", id);
    const value = (name: string) => readings.find(({ limit }) => limit === name)?.enforced;
    return {
      ...{ memory: value("memory"), cpus: value("cpus"), pids: value("pids"), score: value("oomScoreAdj") },
      files: /Max open files +(\d+ +\d+)/.exec(readFileSync(`/proc/${pid}/limits`, "utf8"))?.[1]?.replace(/ +/, ":"),
      shm: await sharedMemory(),
      rates: await rates(),
    };
  }

  async function sharedMemory(): Promise<number> {
    const { stdout } = await engine.call<{ stdout: string }>("exec", id, ["df", "-k", "/dev/shm"]);
    return Number(/\nshm +(\d+)/.exec(stdout)?.[1]) / 1024;
  }

  /** Of the cable's end on the host. */
  async function rates(): Promise<string[]> {
    const shapes = await engine.host.output(["tc", "qdisc", "show"]);
    return [...shapes.matchAll(/\brate (\S+)/g)].map(([, rate = ""]) => rate).sort();
  }

  const AT_START = { memory: 64 * MIB, cpus: 0.5, pids: 50, score: 200, files: "100:200", shm: 16, rates: [] };
  const CHANGE: UpdateRequest = {
    ...{ Memory: 96 * MIB, NanoCpus: 15e8, PidsLimit: 60, OomScoreAdj: 300, ShmSize: 24 * MIB },
    Ulimits: [{ Name: "nofile", Soft: 90, Hard: 190 }],
    NetworkRate: { Egress: 8_000_000 },
  };
  const CHANGED = { memory: 96 * MIB, cpus: 1.5, pids: 60, score: 300, files: "90:190", shm: 24, rates: ["8Mbit"] };

  it("change at once, and stay over restarts of container and engine", async () => {
    deepEqual(await enforced(), AT_START);
    const { changes } = await update(CHANGE);
    deepEqual(
      changes.map(({ limit }) => limit).filter((limit) => limit !== "memory-swap"),
      ["memory", "cpus", "pids-limit", "oom-score-adj", "ulimit nofile", "shm-size", "net-rate egress"],
    );
    ok(existsSync(changes[0]?.file ?? ""));
    deepEqual(await enforced(), CHANGED);
    ok((await engine.call<string[]>("events")).includes("container update"));
    await engine.kill();
    await engine.open();
    deepEqual(await enforced(), CHANGED);
    await engine.call("restart", id, { timeout: 0 });
    deepEqual(await enforced(), CHANGED);
  });

  it("can be taken away", async () => {
    await update({ Unset: ["memory", "cpus", "pids-limit", "oom-score-adj"], NetworkRate: { Egress: 0 } });
    const { memory, cpus, pids } = await enforced();
    deepEqual([memory, cpus, pids], ["max", "max", "max"]);
    await engine.call("restart", id, { timeout: 0 });
    equal((await enforced())["memory"], "max");
  });

  it("can be put back to what they are without flags", async () => {
    // A hard limit that is lowered cannot be raised again everywhere.
    const { soft, hard } = readResourceLimit(process.pid, "nofile");
    const former = id;
    id = await engine.background({
      Cmd: SLEEP,
      HostConfig: {
        ...START,
        Ulimits: [{ Name: "nofile", Soft: 100, Hard: hard }],
        NetworkRate: { Egress: 8_000_000 },
      },
    });
    await engine.call("remove", former, { force: true });
    await update({ Unset: ["nofile", "shm-size", "net-rate"] });
    const { files, shm, rates: left } = await enforced();
    deepEqual([files, shm, left], [`${soft}:${hard}`, 64, []]);
    deepEqual((await stored()).Ulimits, []);
  });

  it("change for all processes of the container", async () => {
    const program = "sleep 1000 & sleep 1000 & wait";
    const other = await engine.background({ Cmd: ["sh", "-c", program] });
    try {
      await waitFor("its processes", async () => (await processes(other)).length === 3);
      await engine.call("update", other, { OomScoreAdj: 400, Ulimits: [{ Name: "core", Soft: 0, Hard: 0 }] });
      for (const pid of await processes(other)) {
        equal(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8").trim(), "400");
        match(readFileSync(`/proc/${pid}/limits`, "utf8"), /Max core file size +0 +0 /);
      }
    } finally {
      await engine.call("remove", other, { force: true });
    }
  });

  const processes = async (reference: string): Promise<string[]> => {
    const { pid } = await engine.find(reference);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
    return [String(pid), ...children];
  };

  it("of one that does not run are judged and kept for its start", async () => {
    await engine.call("stop", id, { timeout: 0 });
    await rejects(update({ Memory: 1000 }), { status: 400, message: "Minimum memory limit allowed is 6MB" });
    await rejects(update({ NanoCpus: 1e15 }), /range of CPUs is from 0.01 to/);
    deepEqual((await update({ Memory: 32 * MIB })).changes[0], { limit: "memory", before: "64MiB", after: "32MiB" });
    await engine.call("start", id);
    equal((await enforced())["memory"], 32 * MIB);
  });

  const REFUSED: readonly (readonly [string, UpdateRequest, RegExp])[] = [
    ["of a value out of range", { ...CHANGE, PidsLimit: 70, CpuShares: -5 }, /invalid CPU shares \(-5\)/],
    ["of a limit that nobody knows", { ...CHANGE, Unset: ["colour"] }, /no such limit: colour/],
    ["of a hard limit that cannot be", { ...CHANGE, Ulimits: [{ Name: "nofile", Soft: 9, Hard: 8 }] }, /soft limit/],
    [
      "of a device that is not there",
      { ...CHANGE, BlkioDeviceReadBps: [{ Path: "/dev/none", Rate: 1 }] },
      /\/dev\/none/,
    ],
    ["of a rate below nothing", { ...CHANGE, NetworkRate: { Egress: -1 } }, /invalid rate -1/],
  ];
  for (const [what, request, message] of REFUSED) {
    it(`stay as they are because ${what}`, async () => {
      await rejects(update(request), { message });
      deepEqual([await enforced(), (await stored()).Memory], [AT_START, START.Memory]);
    });
  }

  it("are rolled back when a part of the change fails", async () => {
    const fill = "head -c 12m /dev/zero >/dev/shm/full";
    await engine.call("exec", id, ["sh", "-c", fill]);
    // After the network's rate was changed, and before the rest.
    await rejects(update({ ...CHANGE, ShmSize: MIB }), {
      status: 409,
      message: /cannot make \/dev\/shm .*: it holds more/,
    });
    deepEqual(await enforced(), AT_START);
    // After rate and shared memory: without swap what is in shared memory cannot be taken back.
    await rejects(update({ ...CHANGE, Memory: 8 * MIB, MemorySwap: 8 * MIB }), {
      status: 409,
      message: /^Cannot update container [0-9a-f]{64}: /,
    });
    deepEqual([await enforced(), await stored()], [AT_START, { ...(await stored()), ...START }]);
  });

  const CRASHES: readonly (readonly [LifeStep, object])[] = [
    ["update:begun", AT_START],
    ["update:applied", AT_START],
    ["update:recorded", CHANGED],
  ];
  for (const [step, expected] of CRASHES) {
    it(`are what is recorded after an engine was killed at ${step}`, async () => {
      await engine.kill();
      await engine.open(step);
      // A hard limit that was lowered can be raised again only with CAP_SYS_RESOURCE.
      const change = { ...CHANGE, Ulimits: [{ Name: "nofile", Soft: 90, Hard: 200 }] };
      await update(change).catch(() => {});
      await engine.crashed();
      await engine.open();
      deepEqual(await enforced(), { ...expected, ...(expected === CHANGED ? { files: "90:200" } : {}) });
      await update({ Memory: 80 * MIB });
      equal((await enforced())["memory"], 80 * MIB);
    });
  }

  it("may change while the container ends", async () => {
    const { pid } = await engine.find(id);
    signalProcess(pid, "SIGKILL");
    const outcome = await update(CHANGE).then(
      () => "changed",
      (error: unknown) => String(error),
    );
    match(outcome, /^changed$|container [0-9a-f]{64} is not running$/);
    await waitFor("its end", async () => (await engine.find(id)).status === "exited");
    await engine.call("start", id);
    ok([64 * MIB, 96 * MIB].includes(Number((await enforced())["memory"])));
  });

  it("that somebody wrote behind the engine are put back", async () => {
    const [memory] = await engine.call<LimitReading[]>("limits", id);
    await engine.host.output(["sh", "-c", `echo ${48 * MIB} >${memory?.file}`]);
    equal((await enforced())["memory"], 48 * MIB);
    const changes = await engine.call<UpdateResult["changes"]>("repairLimits", id);
    deepEqual(changes, [{ limit: "memory", before: String(48 * MIB), after: String(64 * MIB), file: memory?.file }]);
    equal((await enforced())["memory"], 64 * MIB);
    deepEqual(await engine.call("repairLimits", id), []);
  });

  it("stay where the cgroup file system is read-only, with the reason", async () => {
    const mounts = (await engine.host.output(["findmnt", "-rno", "TARGET", "-t", "cgroup,cgroup2"])).split("\n");
    const remount = async (access: "ro" | "rw") => {
      for (const mount of mounts) await engine.host.output(["mount", "-o", `remount,bind,${access}`, mount]);
    };
    await remount("ro");
    try {
      await rejects(update({ Memory: 96 * MIB }), /read-only/);
      await rejects(engine.background({ Cmd: SLEEP }), /read-only/);
    } finally {
      await remount("rw");
    }
    for (const { id: other } of await engine.call<{ id: string }[]>("list")) {
      if (other !== id) await engine.call("remove", other, { force: true });
    }
    deepEqual([(await enforced())["memory"], (await stored()).Memory], [64 * MIB, 64 * MIB]);
    await update({ Memory: 96 * MIB });
  });

  it("stay when somebody has removed the group, with the reason", async function () {
    const pids = (await engine.call<LimitReading[]>("limits", id)).find(({ limit }) => limit === "pids");
    const directory = pids?.file.replace(/\/pids\.max$/, "") ?? "";
    // With cgroup v2 alone a group that has a process cannot be taken from it.
    if (!directory.startsWith("/sys/fs/cgroup/pids/")) return this.skip();
    const { pid } = await engine.find(id);
    const script = `echo ${pid} >"${directory}/../../cgroup.procs" && rmdir "${directory}"`;
    await engine.host.output(["sh", "-c", script]);
    await rejects(update({ PidsLimit: 9 }), /the kernel has no such file/);
    equal((await stored()).PidsLimit, 50);
    // The others can be changed still.
    await update({ Memory: 96 * MIB });
  });
});
