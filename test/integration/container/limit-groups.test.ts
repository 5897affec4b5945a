/** Limits of several containers together, parents of containers' groups, and execs with limits of their own. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { detectHost, type LimitReading } from "../../../cgroups/index.ts";
import { signalProcess } from "../../../lib/system/process.ts";
import type { LimitGroup } from "../../../runtime/limits/index.ts";
import { waitFor } from "../../support/wait.ts";
import { EngineHost } from "./engine-host.ts";

const MIB = 2 ** 20;
const SLEEP = ["sleep", "1000"];

describe("groups of containers", function () {
  this.timeout(180_000);
  let engine: EngineHost;
  const foreign = `/ctr-test-${process.pid}`;
  const hierarchies = detectHost().hierarchies.map(({ directory }) => directory);

  before(async () => {
    engine = await EngineHost.start();
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    for (const path of [`${foreign}/pods`, foreign]) {
      for (const hierarchy of hierarchies) if (existsSync(hierarchy + path)) rmdirSync(hierarchy + path);
    }
  });
  afterEach(async () => {
    for (const { id } of await engine.call<{ id: string }[]>("list")) await engine.call("remove", id, { force: true });
    for (const { name } of await groups()) await engine.call("removeLimitGroup", name);
    deepEqual(below(hierarchies[0] ?? "", foreign), []);
  });

  const groups = () => engine.call<LimitGroup[]>("limitGroups");
  const below = (hierarchy: string, path: string): string[] =>
    existsSync(hierarchy + path)
      ? readdirSync(hierarchy + path, { withFileTypes: true, recursive: true })
          .filter((entry) => entry.isDirectory() && entry.name.length === 64)
          .map(({ name }) => name)
      : [];
  const container = (parent: string, name?: string, further: object = {}) =>
    engine.background({ Cmd: SLEEP, HostConfig: { CgroupParent: parent, CgroupnsMode: "host", ...further } }, name);
  const pathOf = (id: string) => engine.call<string>("groupPath", id);
  const text = async (id: string, command: string): Promise<string> =>
    (await engine.call<{ stdout: string }>("exec", id, ["sh", "-c", command])).stdout.trim();
  const limit = async (name: string, field: string): Promise<unknown> =>
    (await engine.call<LimitReading[]>("groupLimits", name)).find((reading) => reading.limit === field)?.enforced;
  /** What a start with the test's own container is bound by. */
  const bound = async (id: string, field: string): Promise<LimitReading["boundBy"]> =>
    (await engine.call<LimitReading[]>("limits", id)).find((reading) => reading.limit === field)?.boundBy;

  it("limit their containers together, and each is told so", async () => {
    await engine.call("limitGroup", "shop", { PidsLimit: 12, Memory: 64 * MIB });
    const [one, two] = [await container("shop", "one"), await container("shop", "two")];
    match(await pathOf(one), new RegExp(`^/ctr-[0-9a-f]{8}/shop\\.group/${one}$`));
    match(await text(one, "cat /proc/self/cgroup"), new RegExp(`/shop\\.group/${one}`));
    equal((await bound(two, "pids"))?.value, 12);
    const forks = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1000 & done 2>&1; true";
    // The shell of one and its sleeps fill the group; a fork of two is then refused.
    match(await text(one, forks), /can't fork/);
    deepEqual(await groups(), [
      {
        name: "shop",
        path: (await pathOf(one)).replace(/\/[0-9a-f]{64}$/, ""),
        resources: { PidsLimit: 12, Memory: 64 * MIB, MemorySwap: 128 * MIB },
        containers: [two, one],
      },
    ]);
    await rejects(engine.call("removeLimitGroup", "shop"), { status: 409, message: /used by 2 containers/ });
  });

  it("change live, and are made again by the next engine", async () => {
    await engine.call("limitGroup", "shop", { PidsLimit: 100 });
    await engine.call("limitGroup", "ctr", { PidsLimit: 500 });
    const one = await container("shop");
    deepEqual(await engine.call("limitGroup", "shop", { PidsLimit: 50, CpuShares: 512 }, ["memory"]), [
      { limit: "cpu-shares", before: "1024", after: "512", file: await fileOf("shop", "cpuShares") },
      { limit: "pids-limit", before: "100", after: "50", file: await fileOf("shop", "pids") },
    ]);
    await engine.kill();
    // A crash between the kernel and the store leaves this.
    await engine.host.output(["sh", "-c", `echo 77 >${await fileAbove(one)}`]);
    await engine.open();
    deepEqual([await limit("shop", "pids"), await limit("ctr", "pids")], [50, 500]);
    await engine.call("remove", one, { force: true });
    await engine.close();
    deepEqual(engine.cgroups(), []);
    await engine.open();
    deepEqual([await limit("shop", "pids"), await limit("ctr", "pids")], [50, 500]);
    const again = await container("shop");
    equal((await bound(again, "pids"))?.value, 50);
    await engine.call("limitGroup", "shop", {}, ["pids-limit"]);
    equal((await bound(again, "pids"))?.value, 500);
  });

  const fileOf = async (name: string, field: string): Promise<string | undefined> =>
    (await engine.call<LimitReading[]>("groupLimits", name)).find((reading) => reading.limit === field)?.file;
  const fileAbove = async (id: string): Promise<string> => {
    const [pids] = engine.cgroups().filter((path) => path.endsWith(id) && existsSync(join(path, "pids.max")));
    return join(pids ?? "", "../pids.max");
  };

  it("have their limits again when somebody removed them", async () => {
    await engine.call("limitGroup", "shop", { PidsLimit: 40 });
    for (const path of engine.cgroups().filter((path) => path.endsWith("/shop.group"))) rmdirSync(path);
    deepEqual(await engine.call("groupLimits", "shop"), []);
    equal((await bound(await container("shop"), "pids"))?.value, 40);
  });

  it("refuse what they cannot have, and stay as they are", async () => {
    await engine.call("limitGroup", "shop", { PidsLimit: 40 });
    await rejects(engine.call("limitGroup", "shop", { Memory: 5 }), /Minimum memory limit allowed is 6MB/);
    await rejects(engine.call("limitGroup", "shop", { OomScoreAdj: 5 }), /a group has no oom_score_adj/);
    await rejects(engine.call("limitGroup", "../up", { PidsLimit: 5 }), /invalid group name: "\.\.\/up"/);
    await rejects(engine.call("removeLimitGroup", "none"), { status: 404, message: "no such limit group: none" });
    equal(await limit("shop", "pids"), 40);
  });

  it("that only a container names go with the last one in them", async () => {
    const [one, two] = [await container("brief"), await container("brief")];
    const there = () => engine.cgroups().filter((path) => path.endsWith("/brief.group")).length;
    ok(there() > 0);
    await engine.call("remove", one, { force: true });
    ok(there() > 0);
    await engine.call("stop", two, { timeout: 0 });
    equal(there(), 0);
  });

  it("may be any of the machine's, which is then not ours to take away", async () => {
    const id = await container(`${foreign}/pods`);
    equal(await pathOf(id), `${foreign}/pods/${id}`);
    await engine.kill();
    await engine.open();
    equal((await engine.find(id)).status, "running");
    equal(await text(id, "echo here"), "here");
    await engine.call("stop", id, { timeout: 0 });
    ok(hierarchies.every((hierarchy) => existsSync(`${hierarchy}${foreign}/pods`)));
    for (const step of ["start:cgroup", "start:recorded"]) {
      await engine.kill();
      await engine.open(step);
      await engine.call("start", id).catch(() => {});
      await engine.crashed();
      await engine.open();
      for (const hierarchy of hierarchies) deepEqual(below(hierarchy, foreign), []);
    }
  });

  it("are refused where no group can be", async () => {
    for (const parent of ["../up", "/", "/a/../b", "a b"]) {
      await rejects(container(parent), { status: 400 }, parent);
    }
  });

  it("are not seen in a cgroup namespace of the container's own", async () => {
    const id = await container("shop", undefined, { CgroupnsMode: "private" });
    match(await text(id, "cat /proc/1/cgroup"), /^(?:\d+:[^:]*:\/\n?)+$/);
    match(readFileSync(`/proc/${(await engine.find(id)).pid}/cgroup`, "utf8"), new RegExp(`/shop\\.group/${id}`));
  });

  describe("of one exec", () => {
    interface Output {
      readonly stdout: string;
      readonly stderr: string;
    }
    const LIMITS = { Memory: 16 * MIB, PidsLimit: 8, NanoCpus: 2e8, OomScoreAdj: 700 };
    const children = (id: string) =>
      engine.cgroups().filter((path) => /\/[0-9a-f]{64}\/[0-9a-f]{64}$/.test(path) && path.includes(id));

    /** Of the programs in groups of their own. */
    const execPids = (id: string): string[] => {
      const [group = ""] = children(id);
      return readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean);
    };

    it("limit its program inside of the container's limits, and go with it", async () => {
      const id = await container("", undefined, { PidsLimit: 100 });
      const script =
        "cat /proc/self/cgroup /proc/self/oom_score_adj; for i in 1 2 3 4 5 6 7 8 9; do sleep 4 & done; true";
      const { stdout, stderr } = await engine.call<Output>("exec", id, ["sh", "-c", script], undefined, LIMITS);
      match(stdout, new RegExp(`/${id}/[0-9a-f]{64}\n`));
      match(stdout, /\n700\n$/);
      match(stderr, /can't fork/);
      equal(await text(id, "echo free"), "free");
      await waitFor("its group to go", () => children(id).length === 0);
    });

    it("hold from its first instruction on, however few tasks are allowed", async () => {
      const id = await container("");
      const forks = "for i in 1 2 3 4 5 6 7 8 9; do sleep 100 >/dev/null 2>&1 & echo $i; done";
      for (const PidsLimit of [1, 3]) {
        const { stdout, stderr } = await engine.call<Output>("exec", id, ["sh", "-c", forks], undefined, { PidsLimit });
        equal(stdout.trim().split("\n").filter(Boolean).length, PidsLimit - 1, stdout);
        match(stderr, /can't fork/);
      }
      equal(await text(id, "echo free"), "free");
    });

    it("are judged before it is made", async () => {
      const id = await container("");
      await rejects(engine.call("exec", id, ["true"], undefined, { Memory: 5 }), /Minimum memory limit allowed is 6MB/);
      await rejects(engine.call("exec", id, ["nosuch"], undefined, LIMITS), /executable file not found/);
      deepEqual(children(id), []);
    });

    it("are found by the next engine", async () => {
      const id = await container("");
      void engine.call("exec", id, ["sleep", "1000"], undefined, LIMITS).catch(() => {});
      await waitFor("its group", () => children(id).length > 0);
      await waitFor("the program", async () => /sleep 1000.*sleep 1000/s.test(await text(id, "ps")));
      await engine.kill();
      await engine.open();
      ok(children(id).length > 0);
      const [program] = execPids(id);
      signalProcess(Number(program), "SIGKILL");
      await waitFor("its end", () => execPids(id).length === 0);
      await engine.kill();
      await engine.open();
      deepEqual(children(id), []);
      equal((await engine.find(id)).status, "running");
    });
  });
});
