/** An OCI runtime places its process into groups that we made: our limits must be the ones that hold. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "mocha";
import { detectHost, type Limits, limitRunning, limitWaiting, startingLimits } from "../../../cgroups/index.ts";
import { runCommand } from "../../../lib/command.ts";
import { waitFor } from "../../support/wait.ts";
import { MIB, TestGroups } from "./support.ts";

const LIMITS: Limits = {
  memory: 64 * MIB,
  memorySwap: 64 * MIB,
  memoryReservation: 32 * MIB,
  cpus: 0.5,
  cpuPeriod: 50_000,
  cpuShares: 512,
  cpusetCpus: "0",
  cpusetMems: "0",
  pids: 30,
};

/** A container of busybox, by an OCI runtime alone. */
class Bundle implements AsyncDisposable {
  readonly #runtime: string;
  readonly directory = mkdtempSync(join(tmpdir(), "ctr-oci-"));
  readonly id = `ctr-test-${process.pid}-${this.directory.slice(-6)}`;

  constructor(runtime: string, cgroupsPath: string, script: string) {
    this.#runtime = runtime;
    for (const name of ["bin", "dev", "proc"]) mkdirSync(join(this.directory, "rootfs", name), { recursive: true });
    copyFileSync("/bin/busybox", join(this.directory, "rootfs/bin/busybox"));
    const spec = {
      ociVersion: "1.0.2",
      process: {
        user: { uid: 0, gid: 0 },
        args: ["/bin/busybox", "sh", "-c", script],
        env: ["PATH=/bin"],
        cwd: "/",
        oomScoreAdj: 100,
      },
      root: { path: "rootfs", readonly: true },
      mounts: [{ destination: "/proc", type: "proc", source: "proc" }],
      linux: {
        cgroupsPath,
        namespaces: [{ type: "pid" }, { type: "mount" }, { type: "ipc" }, { type: "uts" }],
        resources: { devices: [{ allow: false, access: "rwm" }] },
      },
    };
    writeFileSync(join(this.directory, "config.json"), JSON.stringify(spec));
  }

  run(...words: readonly string[]): ReturnType<typeof runCommand> {
    return runCommand([this.#runtime, "--root", join(this.directory, "state"), ...words]);
  }

  /** With output to nowhere: the container would hold our pipes open. */
  async create(): Promise<void> {
    const argv = ["--root", join(this.directory, "state"), "create", "-b", this.directory, this.id];
    const [code] = await once(spawn(this.#runtime, argv, { stdio: "ignore" }), "exit");
    assert.equal(code, 0, `${this.#runtime} create`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("delete", "-f", this.id);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

// crun refuses hybrid hosts.
const RUNTIMES = detectHost().mode === "unified" ? ["runc", "crun"] : ["runc"];

for (const runtime of RUNTIMES)
  describe(`${runtime} in a group of ours`, () => {
    it("keeps every limit and joins every hierarchy; after it all is gone", async () => {
      await using groups = new TestGroups();
      const { cgroups } = groups;
      cgroups.create("box", LIMITS);
      const values = (): string[] =>
        cgroups.read("box").flatMap(({ limit, file, value }) => (limit === "oomScoreAdj" ? [] : [`${file}=${value}`]));
      const before = values();
      await using bundle = new Bundle(runtime, cgroups.pathOf("box"), "busybox sleep 300");
      await bundle.create();
      await bundle.run("start", bundle.id);
      const [pid] = await waitFor("the program alone", () => {
        const pids = cgroups.processes("box");
        return pids.length === 1 && readFileSync(`/proc/${pids[0]}/comm`, "utf8") === "busybox\n" ? pids : undefined;
      });
      assert.deepEqual(values(), before);
      assert.equal(cgroups.read("box").at(-1)?.enforced, 100);
      const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n");
      assert.equal(lines.length, groups.host.hierarchies.length);
      for (const line of lines) assert.ok(line.endsWith(`:${cgroups.pathOf("box")}`), line);

      await cgroups.kill("box");
      await waitFor("the runtime to see the end", async () =>
        (await bundle.run("state", bundle.id)).stdout.includes("stopped"),
      );
      await bundle.run("delete", bundle.id);
      await cgroups.remove("box");
      assert.equal(cgroups.exists("box"), false);
    });

    it("starts under limits too small for the runtime itself, which hold for the program", async () => {
      await using groups = new TestGroups();
      const { cgroups } = groups;
      const limits: Limits = { memory: 6 * MIB, memorySwap: 6 * MIB, cpus: 0.05, pids: 1 };
      cgroups.create("tiny", startingLimits(limits));
      await using bundle = new Bundle(runtime, cgroups.pathOf("tiny"), "busybox true & exec busybox sleep 300");
      await bundle.create();
      const isDone = limitWaiting(cgroups, "tiny", limits);
      await bundle.run("start", bundle.id);
      if (!isDone) assert.ok(await limitRunning(cgroups, "tiny", limits));
      await waitFor("the fork to fail and the shell to end", () => cgroups.processes("tiny").length === 0);
      const enforced = groups.enforced("tiny");
      assert.deepEqual([enforced["memory"], enforced["cpus"], enforced["pids"]], [6 * MIB, 0.05, 1]);
      assert.equal(cgroups.oomKills("tiny"), 0);
    });

    it("an OOM kill of the program is counted before the group goes away", async () => {
      await using groups = new TestGroups();
      const { cgroups } = groups;
      cgroups.create("hog", { memory: 16 * MIB, memorySwap: 16 * MIB });
      await using bundle = new Bundle(runtime, cgroups.pathOf("hog"), "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done");
      await bundle.create();
      await bundle.run("start", bundle.id);
      await waitFor("the end", () => cgroups.processes("hog").length === 0);
      assert.ok(cgroups.oomKills("hog") >= 1);
    });
  });
