/** Each verdict by its fault: containers get into trouble, and `ctr limit explain` says why. Healthy ones get no verdict. */
import assert from "node:assert/strict";
import { readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { waitFor } from "../../support/wait.ts";
import { diskPath, ExplainedEngine, HOG, SPIN } from "./explained-engine.ts";

describe("ctr limit explain", () => {
  const resources = new AsyncDisposableStack();
  let explained: ExplainedEngine;
  before(async () => {
    explained = resources.use(await ExplainedEngine.start());
  });
  after(() => resources.disposeAsync());

  const ctr = (...argv: readonly string[]): Promise<string> => explained.engine.ctrOutput(...argv);

  describe("why it was killed", () => {
    it("its own limit", async () => {
      await explained.run("hog", ["-m", "20m", "--swap", "0"], HOG);
      await explained.ended("hog");
      const [headline, title, ...rest] = (await explained.told("hog", "oom-own-limit")).split("\n");
      assert.equal(headline, "hog was killed (exit code 137).");
      assert.equal(title, "It was killed at its own memory limit of 20MiB.");
      const text = rest.join("\n");
      assert.match(text, /oom_kill 1: .*\n.*\/memory\.(oom_control|events)\n/);
      assert.match(text, /\n {6}ctr limit set hog --memory \d+m\n/);
      assert.match(text, /PID +NAME +MEMORY +OOM_SCORE_ADJ\n +\d+ +sh \(killed\)/);
    });

    it("a part of it, and the rest goes on", async () => {
      await explained.run("part", ["-m", "20m", "--swap", "0"], `(${HOG}); exec sleep 300`);
      const text = await explained.told("part", "oom-survivor");
      assert.match(text, /^part runs, but a process in it was killed\.\nA process in it was killed at its own/);
      assert.match(text, /\nAlso: It goes on without a process/);
      // What was killed under a former limit is told with that one.
      await ctr("limit", "set", "part", "-m", "64m");
      assert.match(await ctr("limit", "explain", "part"), /memory limit of 20MiB\.[\s\S]*Its limit is 64MiB now\./);
    });

    it("the limit of a group that it shares", async () => {
      await ctr("limit", "set", "--group", "shop", "-m", "24m", "--swap", "0");
      await explained.run("shopper", ["--cgroup-parent", "shop"], HOG);
      await explained.ended("shopper");
      assert.match(await explained.told("shopper", "oom-group-above"), /the group \/\S+\/shop\.group, which it shares/);
    });

    it("its score, and not its size", async function () {
      const script = "(echo 900 > /proc/self/oom_score_adj; x=$(head -c 6000000 /dev/zero | tr '\\0' a); touch /ready";
      const wait = "while :; do sleep 300; done) & until [ -e /ready ]; do sleep 0.1; done";
      await explained.run("scored", ["-m", "60m", "--swap", "0"], `${script}; ${wait}; ${HOG}`);
      await waitFor("a kill", async () => (await explained.explain("scored")).verdicts.length > 0);
      if ((await explained.explain("scored")).notes.length > 0) this.skip();
      assert.match(await explained.told("scored", "oom-score"), /The smaller process sh died instead of sh/);
    });

    it("all together, as --oom-group asks", async function () {
      if (explained.host.mode !== "unified") this.skip();
      await explained.run("all", ["-m", "24m", "--swap", "0", "--oom-group"], `sleep 300 & ${HOG}`);
      await explained.ended("all");
      assert.match(await explained.told("all", "oom-whole-group"), /All its processes were killed together/);
    });

    it("somebody on the machine, a client, or a stop that it did not heed", async () => {
      for (const name of ["outside", "asked", "stopped"]) await explained.run(name, [], "exec sleep 300");
      process.kill((await explained.state("outside")).Pid, "SIGKILL");
      await explained.post("asked", "kill");
      await explained.post("stopped", "stop?t=1");
      await explained.ended("outside");
      assert.match(await explained.told("outside", "killed-from-outside"), /^outside was killed \(exit code 137\)/);
      assert.match(await explained.told("asked", "killed-by-request"), /^asked was killed, as a client asked/);
      assert.match(await explained.told("stopped", "stop-timeout"), /did not heed the stop signal for 1 s/);
      for (const name of ["outside", "asked", "stopped"]) assert.equal((await explained.codes(name)).length, 1, name);
    });

    it("its own fault, and limits of its processes, by how it ended and what it said", async () => {
      const endings = [
        ["program-signal", [], 'sh -c "kill -SEGV \\$\\$"; exit $?', /It used memory that is not its own \(SIGSEGV\)/],
        ["command-missing", [], "nosuch", /sh: nosuch: not found: its last words/],
        ["ulimit-fsize", ["--ulimit", "fsize=1000"], "head -c 9999 /dev/zero >/f; exit $?", /--ulimit fsize=2000/],
        [
          "disk-full",
          ["--shm-size", "1m"],
          "exec dd if=/dev/zero of=/dev/shm/f bs=1M count=9",
          /No space left on device/,
        ],
        ["read-only", ["--read-only"], "echo a >/a", /ctr run --read-only --tmpfs \/tmp/],
      ] as const;
      for (const [code, flags, script] of endings) await explained.run(code, flags, script);
      for (const [code, , , text] of endings) {
        assert.match(await explained.told(code, code), text);
      }
      await explained.run("loops", ["--restart", "always"], "exit 5");
      assert.match(await explained.told("loops", "restart-loop"), /has started it anew \d+ times/);
      await explained.remove("loops");
    });

    it("files in memory, which no process holds", async () => {
      const fill = "exec head -c 60000000 /dev/zero >/dev/shm/f";
      await explained.run("files", ["-m", "20m", "--swap", "0"], fill);
      const text = await explained.told("files", "oom-own-limit");
      if (!text.includes("which cannot be read here"))
        assert.match(text, /files\s+in\s+\/dev\/shm\s+or\s+on\s+a\s+tmpfs/);
    });

    it("is told when it runs again", async () => {
      await explained.run(
        "again",
        ["-m", "20m", "--swap", "0"],
        `[ -e /second ] || { touch /second; ${HOG}; }; sleep 300`,
      );
      await explained.ended("again");
      await explained.post("again", "start");
      const { verdicts, previous } = await explained.explain("again");
      assert.deepEqual(verdicts, []);
      assert.deepEqual(
        previous?.verdicts.map(({ code }) => code),
        ["oom-own-limit"],
      );
      assert.match(
        await ctr("limit", "explain", "again"),
        /^again is well[\s\S]*Its run before this one ended .* ago \(exit/,
      );
      await explained.remove("again");
    });
  });

  describe("why it fails or is slow", () => {
    it("its limit of processes, until there is room again", async () => {
      const script = "for i in 1 2 3 4 5 6 7 8 9; do sleep 300 & done; wait";
      await explained.run("forks", ["--pids-limit", "6"], script);
      await explained.ended("forks");
      assert.match(
        await explained.told("forks", "pids-limit"),
        /not have more than 6 processes.*\n[\s\S]*--pids-limit \d+/,
      );
      const trap = "(for i in 1 2 3 4 5 6 7 8 9; do sleep 300 & done); exec sleep 300";
      await explained.run("full", ["--pids-limit", "6"], trap);
      await explained.told("full", "pids-limit");
      await ctr("limit", "set", "full", "--pids-limit", "200");
      assert.deepEqual(await explained.codes("full"), []);
    });

    it("the limit of processes of a group", async () => {
      await ctr("limit", "set", "--group", "crowd", "--pids-limit", "8");
      await explained.run("member", ["--cgroup-parent", "crowd"], "(while :; do sleep 300 & done); exec sleep 300");
      assert.match(await explained.told("member", "pids-limit-above"), /The group \/\S+\/crowd\.group may not have/);
    });

    it("it is paused", async function () {
      if (explained.host.unified === undefined) this.skip();
      await explained.run("paused", [], "exec sleep 300");
      const freeze = await explained.fileOf("paused", "cgroup.freeze");
      writeFileSync(freeze, "1");
      assert.match(await explained.told("paused", "frozen"), /^paused stands still\.\nIt is paused/);
      writeFileSync(freeze, "0");
      await waitFor("it to go on", async () => (await explained.codes("paused")).length === 0);
    });

    it("its quota of CPU time, and that of a group", async function () {
      await ctr("limit", "set", "--group", "slow", "--cpus", "0.1");
      await explained.run("quota", ["--cpus", "0.1"], SPIN);
      await explained.run("shared", ["--cgroup-parent", "slow"], SPIN);
      const text = await explained.told("quota", "cpu-throttled");
      assert.match(text, /^quota is slow\.\nIt is slowed down by its limit of 0\.1 CPUs/);
      assert.match(text, /nr_throttled \d+ of nr_periods \d+/);
      if (explained.host.unified === undefined) this.skip();
      assert.match(await explained.told("shared", "cpu-throttled-above"), /the limit of 0\.1 CPUs that the group/);
      await explained.remove("quota", "shared");
    });

    it("the CPUs that it may use", async function () {
      if (explained.host.unified === undefined) this.skip();
      await explained.run("pinned", ["--cpuset-cpus", "0"], `(${SPIN}) & (${SPIN}) & ${SPIN}`);
      // On a busy machine others use that CPU as well, which is the other verdict on the same wait.
      await waitFor("the verdict", async () =>
        (await explained.codes("pinned")).some((code) => code === "cpuset-full" || code === "cpu-contended"),
      );
      await explained.remove("pinned");
    });

    it("it waits for memory, as nobody may be killed", async function () {
      if (explained.host.controllers.get("memory")?.version !== 1) this.skip();
      await explained.run("waits", ["-m", "16m", "--swap", "0", "--oom-kill-disable"], HOG);
      assert.match(await explained.told("waits", "oom-waiting"), /^waits stands still\./);
      await explained.remove("waits");
    });

    it("its soft limit of memory", async function () {
      if (explained.host.mode !== "unified") this.skip();
      await explained.run("soft", ["--memory-high", "16m", "-m", "200m"], HOG);
      await explained.told("soft", "memory-high");
      await explained.remove("soft");
    });

    it("its disk limits", async function () {
      const device = diskPath();
      if (device === undefined || explained.host.unified === undefined) this.skip();
      const flags = ["--device-write-bps", `${device}:1mb`, "--device-read-bps", `${device}:1mb`];
      await explained.run("disk", flags, "dd if=/dev/zero of=/file bs=256k count=400 oflag=direct; sleep 300");
      const isLimited = await waitFor("it to write or end", async () => {
        const { verdicts, looked } = await explained.explain("disk");
        if (verdicts.some(({ code }) => code === "io-throttled")) return "yes";
        // A file system in memory has no disk to wait for.
        return looked.some(({ what, text }) => what === "disk" && text.startsWith("reads 0B/s, writes 0B/s")) && "no";
      });
      if (isLimited === "yes") await explained.told("disk", "io-throttled");
      await explained.remove("disk");
      if (isLimited === "no") this.skip();
    });

    it("a limit that was changed behind the engine, and is repaired", async () => {
      await explained.run("drift", ["--pids-limit", "50"], "exec sleep 300");
      const file = await explained.fileOf("drift", "pids.max");
      writeFileSync(file, "9");
      const text = await explained.told("drift", "limit-drift");
      assert.match(text, /--pids-limit was asked as 50 and is 9\./);
      assert.match(text, /ctr limit set drift --repair/);
      await ctr("limit", "set", "drift", "--repair");
      assert.equal(readFileSync(file, "utf8").trim(), "50");
      assert.deepEqual(await explained.codes("drift"), []);
    });
  });

  describe("when somebody removed its group", () => {
    it("its limits do not hold", async () => {
      await explained.run("gone", ["-m", "64m"], "exec sleep 300");
      const { Pid } = await explained.state("gone");
      const group = dirname(await explained.fileOf("gone", "pids.max"));
      const [hierarchy = ""] = group.split("/ctr-");
      writeFileSync(join(hierarchy, "cgroup.procs"), String(Pid));
      rmdirSync(group);
      const text = await explained.told("gone", "group-gone");
      assert.match(text, /^gone runs, but not within its limits\.\n/);
      assert.ok(text.includes(group), text);
      assert.match(await ctr("limit", "show", "gone"), /its cgroup is gone/);
      await explained.post("gone", "restart?t=0");
      assert.deepEqual(await explained.codes("gone"), []);
    });
  });

  describe("when it is well", () => {
    const limits = ["-m", "64m", "--cpus", "1", "--pids-limit", "50"];

    it("says what was looked at: idle, with work and room for it, full of file cache", async () => {
      await explained.run("idle", limits, "exec sleep 300");
      const work = "x=$(head -c 10000000 /dev/zero | tr '\\0' a); while :; do sleep 0.2; done";
      await explained.run("works", limits, work);
      await explained.run(
        "reads",
        ["-m", "24m"],
        "head -c 60000000 /dev/zero > /file; cat /file > /dev/null; sleep 300",
      );
      const { verdicts, looked } = await explained.explain("idle");
      assert.deepEqual(verdicts, []);
      assert.ok(looked.length >= 7 && looked.every((figure) => !/undefined|NaN/.test(figure.text)));
      const text = await ctr("limit", "explain", "idle");
      assert.match(
        text,
        /^idle is well: no limit holds it back\.\n\n {2}Looked at, over \d+ s\n {4}memory +\S+ of 64MiB/,
      );
      // They began with work, for which a busy machine lets them wait.
      for (const name of ["works", "reads"]) {
        await waitFor(`${name} to be well`, async () => (await explained.codes(name)).length === 0);
      }
      await explained.remove("idle", "works", "reads");
    });

    it("tells of all containers that are there, and fails for one that is not", async () => {
      const { stdout, stderr, exitCode } = await explained.engine.ctr(["limit", "explain", "--json", "hog", "nobody"]);
      assert.equal(exitCode, 1);
      assert.equal(stderr, "Error response from daemon: No such container: nobody\n");
      assert.equal(JSON.parse(stdout).name, "hog");
    });

    it("says how it ended: well, with an error, by a signal, as asked", async () => {
      await explained.run("fine", limits, "exit 0");
      await explained.run("wrong", limits, "exit 3");
      await explained.run("heeds", [], "trap 'exit 0' TERM; while :; do sleep 0.1; done");
      await waitFor("it to run", async () => (await explained.state("heeds")).Status === "running");
      await explained.post("heeds", "stop");
      const expected = {
        fine: "fine ended by itself, and says that all went well (exit code 0). No limit had to do with it.",
        wrong: "wrong ended by itself, and says that something was wrong (exit code 3). No limit had to do with it.",
        heeds: "heeds was stopped, as a client asked (exit code 0).",
      };
      for (const [name, headline] of Object.entries(expected)) {
        await explained.ended(name);
        const explanation = await explained.explain(name);
        assert.deepEqual([explanation.headline, explanation.verdicts], [headline, []]);
      }
      await ctr("create", "--name", "new", "busybox", "true");
      assert.equal(await ctr("limit", "explain", "new"), "new has not been started yet.");
    });
  });
});
