/** What `ctrd` is configured with for the limits of all containers: flags, daemon.json, the cgroup driver. */
import { equal, match, rejects } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { detectHost } from "../../../cgroups/index.ts";
import { TestEngine } from "../../support/engine.ts";

describe("ctrd's settings of limits", () => {
  const resources = new AsyncDisposableStack();
  let engine: TestEngine;
  let directory: string;
  let file: string;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "ctr-keys-"));
    resources.defer(() => rmSync(directory, { recursive: true }));
    file = join(directory, "daemon.json");
    writeFileSync(file, JSON.stringify({ "default-shm-size": "12m", "default-cgroupns-mode": "private" }));
    engine = resources.use(
      await TestEngine.start({
        flags: ["--default-ulimit", "nofile=111:222", "--cgroup-parent", "shop", "--config-file", file],
      }),
    );
  });
  after(() => resources.disposeAsync());

  const say = (script: string, ...flags: readonly string[]): Promise<string> =>
    engine.ctrOutput("run", "--rm", ...flags, "busybox", "sh", "-c", script);

  it("give containers what they do not ask for, and nothing over what they ask for", async () => {
    match(await say("grep 'open files' /proc/1/limits"), /files +111 +222 /);
    match(await say("grep 'open files' /proc/1/limits", "--ulimit", "nofile=50:60"), /files +50 +60 /);
    match(
      await say("grep -e 'open files' -e 'core file' /proc/1/limits", "--ulimit", "core=0"),
      /core.* 0 .*111 +222/s,
    );
    match(await say("cat /proc/self/cgroup; df -k /dev/shm"), /^\d*:[^:]*:\/\n.*\nshm +12288 /s);
  });

  it("put containers below the parent that is configured, unless they name another", async () => {
    const cgroup = ["--cgroupns", "host"];
    match(await say("cat /proc/self/cgroup", ...cgroup), /:\/ctr-[0-9a-f]{8}\/shop\.group\/[0-9a-f]{64}/);
    match(await say("cat /proc/self/cgroup", ...cgroup, "--cgroup-parent", "other"), /\/other\.group\//);
    match(await say("cat /proc/self/cgroup", ...cgroup, "--cgroup-parent", "ctr"), /:\/ctr-[0-9a-f]{8}\/[0-9a-f]{64}/);
  });

  /** @returns what ctrd writes when it does not start */
  const refusal = async (...flags: readonly string[]): Promise<string> => {
    const roots = ["--data-root", join(engine.host.directory, "d2"), "--exec-root", join(engine.host.directory, "r2")];
    const argv = [join(import.meta.dirname, "../../../bin/ctrd"), ...roots, ...flags];
    const { exitCode, stderr } = await engine.host.run([...argv, "-H", `unix://${engine.host.directory}/2.sock`]);
    equal(exitCode, 1, stderr);
    return stderr;
  };

  it("are refused at the start when no host, or this one, can keep them", async () => {
    match(await refusal("--exec-opt", "native.cgroupdriver=cgroupd"), /invalid native.cgroupdriver: "cgroupd"/);
    match(await refusal("--cgroup-parent", "../up"), /invalid (cgroup parent|group name): "\.\.\/up"/);
    writeFileSync(file, '{\n "default-ulimits": {"nofile": {"Soft": 9, "Hard": 8}} }');
    match(await refusal("--config-file", file), /daemon\.json:2:21: "default-ulimits" .*soft limit must be less than/);
    if (detectHost().mode === "unified") return;
    match(
      await refusal("--exec-opt", "native.cgroupdriver=systemd"),
      /the cgroup driver systemd needs a host with cgroup/,
    );
  });

  it("put containers below slices with the driver systemd", async function () {
    if (detectHost().mode !== "unified") return this.skip();
    await using other = await TestEngine.start({ flags: ["--exec-opt", "native.cgroupdriver=systemd"] });
    const path = "cat /proc/self/cgroup";
    const run = (...flags: readonly string[]) =>
      other.ctrOutput("run", "--rm", "--cgroupns", "host", ...flags, "busybox", "sh", "-c", path);
    match(await run(), /^0::\/ctr\.slice\/ctr-[0-9a-f]{8}\.slice\/[0-9a-f]{64}$/);
    match(await run("--cgroup-parent", "a-b.slice"), /^0::\/a\.slice\/a-b\.slice\/[0-9a-f]{64}$/);
    await rejects(run("--cgroup-parent", "shop"), /should be a valid slice named as "xxx\.slice"/);
    equal(await other.ctrOutput("info", "--format", "{{.CgroupDriver}}"), "systemd");
  });
});
