import { deepEqual, equal, match, notEqual, ok, rejects } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { generateId } from "../../../lib/ids.ts";
import { identifyProcess, isAlive, signalProcess } from "../../../lib/system/process.ts";
import { type Attachment, findMonitored } from "../../../runtime/monitor/index.ts";
import { waitFor } from "../../support/wait.ts";
import { MonitorHost, outputOf, processOf } from "./bundle.ts";

describe("the monitor", function () {
  this.timeout(60_000);
  let host: MonitorHost;

  before(() => {
    host = new MonitorHost();
  });

  after(() => host[Symbol.asyncDispose]());

  it("makes a container whose program waits for the start", async () => {
    const options = host.prepare(["sh", "-c", "echo run"]);
    const { init, conmon } = await host.monitor.create(options);
    ok(isAlive(init) && isAlive(conmon));
    ok(host.monitor.state.isWaiting(options.id));
    equal(readFileSync(options.logPath ?? "", "utf8"), "");
    await host.monitor.start(options.id, init);
    equal(await host.exitCode(options.id), 0);
    match(readFileSync(options.logPath ?? "", "utf8"), / stdout F run\n$/);
  });

  it("tells the exit code of a program and of a signal", async () => {
    const five = host.prepare(["sh", "-c", "exit 5"]);
    await host.start(five);
    equal(await host.exitCode(five.id), 5);
    const killed = host.prepare(["sleep", "1000"]);
    const { init } = await host.start(killed);
    signalProcess(init.pid, "SIGKILL");
    equal(await host.exitCode(killed.id), 128 + 9);
  });

  it("hands on the runtime's reason and leaves nothing when a container cannot be made", async () => {
    const options = host.prepare(["nonsense"]);
    await rejects(host.monitor.create(options), /exec: "nonsense": executable file not found in \$PATH/);
    ok(!host.monitor.state.knows(options.id));
    await waitFor("conmon to end", () => findMonitored(options.bundle, options.id) === undefined);
  });

  it("says what is missing when conmon cannot be started", async () => {
    const options = host.prepare(["true"]);
    const runtime = { name: "runc", path: "/usr/sbin/runc" };
    const { Monitor } = await import("../../../runtime/monitor/index.ts");
    using monitor = new Monitor({ runtime, runDir: join(host.directory, "other"), conmon: "/nowhere/conmon" });
    await rejects(monitor.create(options), { code: "CTR_CONMON_MISSING", hint: "install the package conmon" });
  });

  it("starts and deletes as runc would: runc agrees with what it sees", async () => {
    const options = host.prepare(["sleep", "1000"]);
    const { init } = await host.start(options);
    equal(await runcStatus(options.id), "running");
    signalProcess(init.pid, "SIGKILL");
    await host.exitCode(options.id);
    equal(await runcStatus(options.id), "stopped");
    await host.monitor.state.delete(options.id, init);
    equal(await runcStatus(options.id), undefined);
    deepEqual(readdirSync(host.monitor.state.root).includes(options.id), false);
  });

  it("has started a container when its program runs, no longer the runtime's init", async () => {
    const containers = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const options = host.prepare(["sleep", "1000"]);
        const { init } = await host.start(options);
        return { init, name: readFileSync(`/proc/${init.pid}/comm`, "utf8") };
      }),
    );
    deepEqual(
      containers.map(({ name }) => name),
      containers.map(() => "sleep\n"),
    );
    for (const { init } of containers) signalProcess(init.pid, "SIGKILL");
  });

  it("kills what still runs when it deletes", async () => {
    const options = host.prepare(["sleep", "1000"]);
    const { init } = await host.start(options);
    await host.monitor.state.delete(options.id, init);
    equal(await host.exitCode(options.id), 137);
    equal(await runcStatus(options.id), undefined);
  });

  it("does not wait for ever for a process that ended before its start", async () => {
    const options = host.prepare(["true"]);
    const { init } = await host.monitor.create(options);
    signalProcess(init.pid, "SIGKILL");
    await host.exitCode(options.id);
    await rejects(host.monitor.start(options.id, init), /ended before it was started/);
  });

  it("puts conmon in a session of its own", async () => {
    const options = host.prepare(["sleep", "1000"]);
    const { conmon } = await host.start(options);
    const fields = readFileSync(`/proc/${conmon.pid}/stat`, "utf8").split(" ");
    const own = readFileSync("/proc/self/stat", "utf8").split(" ");
    equal(fields[5], String(conmon.pid), "session");
    notEqual(fields[4], own[4], "process group");
    const held = readdirSync(`/proc/${conmon.pid}/fd`);
    ok(held.length < 20, `conmon holds ${held.length} descriptors`);
  });

  it("leaves streams, log and exit code in order when its own process is killed", async () => {
    const options = host.prepare(["sh", "-c", "read line; echo got $line; exit 9"], { stdin: true });
    // Another process makes the container and is killed, as an engine might be.
    const script = `
      import { Monitor } from ${JSON.stringify(join(import.meta.dirname, "../../../runtime/monitor/index.ts"))};
      const monitor = new Monitor({ runtime: { name: "runc", path: "/usr/sbin/runc" }, runDir: ${JSON.stringify(join(host.directory, "run"))} });
      const options = ${JSON.stringify(options)};
      monitor.attach(options, undefined, { stdin: true });
      const { init } = await monitor.create(options);
      await monitor.start(options.id, init);
      console.log("started");`;
    const engine = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(engine.stdout, "data");
    engine.kill("SIGKILL");
    await once(engine, "exit");
    const found = findMonitored(options.bundle, options.id);
    ok(found !== undefined && isAlive(found.init));
    const attachment = host.attach(options, true);
    const output = outputOf(attachment);
    await attachment.write(Buffer.from("it\n"));
    equal((await output).stdout, "got it\n");
    equal(await host.exitCode(options.id), 9);
    match(readFileSync(options.logPath ?? "", "utf8"), / stdout F got it\n$/);
  });

  describe("runs programs in a container", () => {
    const run = async (
      containerId: string,
      command: readonly string[],
      how: { tty?: boolean; input?: string } = {},
    ) => {
      const execId = generateId();
      const directory = join(host.bundle(containerId), "execs", execId);
      let attachment: Attachment | undefined;
      const tty = how.tty ?? false;
      const session = await host.monitor.exec(
        {
          containerId,
          execId,
          directory,
          process: JSON.stringify(processOf(command, tty)),
          tty,
          stdin: how.input !== undefined,
        },
        (console) => {
          attachment = console.attach({ stdin: how.input !== undefined });
          if (how.input === undefined) return;
          void attachment.write(Buffer.from(how.input));
          attachment.endInput();
        },
      );
      ok(attachment !== undefined);
      return { session, directory, output: await outputOf(attachment) };
    };

    it("with output, input and exit code", async () => {
      const options = host.prepare(["sleep", "1000"]);
      await host.start(options);
      const script = "cat; echo err >&2; readlink /proc/self/fd/1 | head -c 4; exit 4";
      const { session, directory, output } = await run(options.id, ["sh", "-c", script], { input: "in\n" });
      deepEqual(output, { stdout: "in\npipe", stderr: "err\n" });
      equal(await session.exited, 4);
      await waitFor("the exec's directory to go", () => !existsSync(directory));
      equal(host.monitor.exits.codeOf(options.id), undefined);
    });

    it("at a terminal", async () => {
      const options = host.prepare(["sleep", "1000"]);
      await host.start(options);
      const { session, output } = await run(options.id, ["sh", "-c", "echo hi; exit 2"], { tty: true });
      equal(output.stdout, "hi\r\n");
      equal(await session.exited, 2);
    });

    it("and says why one cannot be run", async () => {
      const options = host.prepare(["sleep", "1000"]);
      await host.start(options);
      await rejects(run(options.id, ["nonsense"]), /exec: "nonsense": executable file not found/);
      deepEqual(readdirSync(join(options.bundle, "execs")), []);
    });
  });

  async function runcStatus(id: string): Promise<string | undefined> {
    const { runCommand } = await import("../../../lib/command.ts");
    const argv = ["/usr/sbin/runc", "--root", host.monitor.state.root, "state", id];
    const { exitCode, stdout } = await runCommand(argv, { expect: [0, 1] });
    return exitCode === 0 ? (JSON.parse(stdout) as { status: string }).status : undefined;
  }

  it("finds no container in a bundle whose conmon is gone, although another process has its pid", async () => {
    const options = host.prepare(["true"]);
    await host.start(options);
    await host.exitCode(options.id);
    await waitFor("conmon to end", () => findMonitored(options.bundle, options.id) === undefined);
    ok(identifyProcess(process.pid) !== undefined);
  });
});
