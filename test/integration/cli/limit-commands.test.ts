/** `ctr update`, `ctr limit set`, `unset`, `groups`, and limits of an exec, as users see them. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { readResourceLimit } from "../../../lib/system/rlimits.ts";
import { TestEngine } from "../../support/engine.ts";

describe("changing limits by ctr", () => {
  let engine: TestEngine;
  const ctr = (...argv: readonly string[]) => engine.ctr(argv);
  const output = (...argv: readonly string[]) => engine.ctrOutput(...argv);

  before(async () => {
    engine = await TestEngine.start();
    for (const name of ["one", "two"]) {
      await output("run", "-d", "--name", name, "--network", "none", "-m", "64m", "busybox", "sleep", "1000");
    }
    await output("create", "--name", "new", "--network", "none", "busybox", "true");
  });
  after(() => engine?.[Symbol.asyncDispose]());

  const limitOf = async (name: string, limit: string): Promise<unknown> => {
    const lines = (await output("limit", "show", "--format", "json", name)).split("\n");
    const readings = lines.map((line) => JSON.parse(line) as { limit: string; enforced: unknown });
    return readings.find((reading) => reading.limit === limit)?.enforced;
  };

  it("update prints the names of those that went well, and ends with 1 when one did not", async () => {
    const { stdout, stderr, exitCode } = await ctr("update", "--pids-limit", "50", "one", "no", "two");
    assert.deepEqual([stdout, exitCode], ["one\ntwo\n", 1]);
    assert.match(stderr, /^Error response from daemon: No such container: no/);
    assert.deepEqual([await limitOf("one", "pids"), await limitOf("two", "pids")], [50, 50]);
  });

  it("update is quiet when it is told to be, and takes containers that do not run", async () => {
    assert.equal(await output("update", "-q", "--cpus", "0.5", "one", "new"), "");
    assert.equal(await output("inspect", "-f", "{{.HostConfig.NanoCpus}}", "new"), "500000000");
  });

  it("update wants at least one flag", async () => {
    for (const argv of [
      ["update", "one"],
      ["update", "-q", "one"],
      ["limit", "set", "one"],
    ]) {
      const { stderr, exitCode } = await ctr(...argv);
      assert.deepEqual([stderr, exitCode], ["you must provide one or more flags when using this command\n", 1]);
    }
  });

  it("limit set shows what was and what is, and with --verbose the file", async () => {
    const lines = (await output("limit", "set", "one", "-m", "128m", "--verbose")).split("\n");
    assert.match(lines[0] ?? "", /^NAME +LIMIT +BEFORE +AFTER +FILE$/);
    assert.match(lines[1] ?? "", /^one +memory +64MiB +128MiB +\S*memory\.(max|limit_in_bytes)$/);
    assert.equal(await output("limit", "set", "one", "-m", "128m"), "one: already so");
  });

  it("limit set gives JSON lines", async () => {
    const [line = ""] = (await output("limit", "set", "one", "--cpus", "1.5", "--format", "json")).split("\n");
    const { Name, Limit, Before, After } = JSON.parse(line) as Record<string, string>;
    assert.deepEqual([Name, Limit, Before, After], ["one", "cpus", "0.5", "1.5"]);
  });

  it("limits are taken away by -1, by zero, and by unset", async () => {
    await output("limit", "set", "one", "-m", "-1", "--cpu-shares", "0");
    assert.equal(await limitOf("one", "memory"), "max");
    const shown = await output("limit", "unset", "one", "cpus", "pids-limit");
    assert.match(shown, /^one +cpus +1\.5 +unlimited$/m);
    assert.match(shown, /^one +pids-limit +50 +unlimited$/m);
    assert.equal(await limitOf("one", "pids"), "max");
  });

  it("limits of processes, /dev/shm and interfaces are taken away by unset, of several containers at once", async () => {
    // A hard limit that is lowered cannot be raised again everywhere.
    const { hard } = readResourceLimit(process.pid, "core");
    await output("limit", "set", "one", "two", "--shm-size", "8m", "--ulimit", `core=0:${hard}`);
    const shown = await output("limit", "unset", "one", "two", "core", "--", "--shm-size");
    assert.match(shown, /^one +ulimit core +0:\S+ +default$/m);
    assert.match(shown, /^two +shm-size +8MiB +64MiB$/m);
    const { stderr } = await ctr("limit", "unset", "--group", "shop", "shm-size");
    assert.match(stderr, /^a group has no shm-size/);
  });

  it("limit unset says which limits there are", async () => {
    const { stderr, exitCode } = await ctr("limit", "unset", "one", "memroy");
    assert.equal(exitCode, 1);
    assert.match(stderr, /^no such limit: memroy\ndid you mean memory\? else name one of memory, /);
    assert.match((await ctr("limit", "unset", "one")).stderr, /^name the limits to take away/);
    assert.match((await ctr("limit", "unset", "memory")).stderr, /^name the container, too: .* CONTAINER memory$/m);
    assert.match((await ctr("limit", "unset", "one", "cpuz")).stderr, /^no such limit: cpuz\n.*cpus.*such as nofile$/m);
  });

  it("what cannot be leaves everything as it is", async () => {
    const before = await output("limit", "show", "--format", "json", "two");
    for (const [flags, text] of [
      [["-m", "1m"], "Minimum memory limit allowed is 6MB"],
      [["--cpuset-cpus", "999"], "Requested CPUs are not available"],
      [["--pids-limit", "9", "--swap", "1m", "--memory-swap", "80m"], "Swap and MemorySwap cannot both be set"],
      [["--pids-limit", "9", "--cgroup-conf", "pids.max=3"], "is set by --pids-limit"],
    ] as const) {
      const { stderr, exitCode } = await ctr("limit", "set", "two", ...flags);
      assert.deepEqual([exitCode, stderr.includes(text)], [1, true], stderr);
    }
    const readings = (text: string) => text.split("\n").map((line) => ({ ...JSON.parse(line), usage: 0, peak: 0 }));
    assert.deepEqual(readings(await output("limit", "show", "--format", "json", "two")), readings(before));
  });

  it("groups are made, joined, listed, and removed when nobody is in them", async () => {
    assert.match(await output("limit", "set", "--group", "shop", "-m", "256m"), /^shop +memory +unlimited +256MiB$/m);
    await output(
      "run",
      "-d",
      "--name",
      "web",
      "--network",
      "none",
      "--cgroup-parent",
      "shop",
      "busybox",
      "sleep",
      "99",
    );
    assert.match(
      await output("limit", "groups"),
      /^shop +1 +memory 256MiB, memory-swap 512MiB +\S+ +[1-9]\d* +\S*shop\.group$/m,
    );
    const used = await ctr("limit", "groups", "rm", "shop");
    assert.deepEqual([used.exitCode, /the group shop is used by 1 container/.test(used.stderr)], [1, true]);
    assert.match(await output("limit", "unset", "--group", "shop", "memory"), /^shop +memory +256MiB +unlimited$/m);
    await output("rm", "-f", "web");
    assert.equal(await output("limit", "groups", "rm", "shop"), "shop");
    assert.equal(await output("limit", "groups", "-q"), "");
  });

  it("a group gets its limits back by the names that flags have", async () => {
    await output("limit", "set", "--group", "bent", "--cpu-shares", "512");
    const readings = (await output("limit", "show", "--format", "json", "bent")).split("\n");
    const { file = "" } =
      readings
        .map((line) => JSON.parse(line) as { limit: string; file: string })
        .find(({ limit }) => limit === "cpuShares") ?? {};
    writeFileSync(file, "300");
    assert.match(await output("limit", "set", "--group", "bent", "--repair"), /^bent +cpu-shares +300 +\d+$/m);
    assert.equal(await output("limit", "groups", "rm", "bent"), "bent");
  });

  it("a group has only limits of groups", async () => {
    const wrong = async (...argv: readonly string[]) => (await ctr("limit", "set", ...argv)).stderr;
    assert.match((await ctr("limit", "unset", "--group", "none", "cpus")).stderr, /no such limit group: none/);
    assert.match(await wrong("--group", "shop", "--ulimit", "nofile=5"), /^a group has no --ulimit/);
    assert.match(await wrong("--group", "shop", "one", "-m", "64m"), /^conflicting arguments/);
    assert.match(await wrong("-m", "64m"), /^name a container, or a group with --group$/m);
    assert.match(await wrong("one", "--repair", "-m", "64m"), /^conflicting options: --repair and --memory$/m);
  });

  it("an exec has limits of its own", async () => {
    // They last longer than a busy machine takes to make them all.
    const forks = (count: number): string =>
      `n=0; while [ $n -lt ${count} ]; do sleep 60 >/dev/null 2>&1 & n=$((n+1)); done; echo all`;
    // More than may be there while the program starts.
    const limited = await ctr("exec", "--pids-limit", "8", "two", "sh", "-c", forks(60));
    assert.match(limited.stderr, /can't fork/);
    assert.equal((await ctr("exec", "two", "sh", "-c", forks(10))).stdout, "all\n");
  });
});
