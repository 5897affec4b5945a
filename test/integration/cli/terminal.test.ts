/** `ctr` on a terminal: keys, size, detaching, and the terminal as it was afterwards. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { TestEngine } from "../../support/engine.ts";
import { waitFor } from "../../support/wait.ts";
import { TerminalSession } from "./terminal-session.ts";

const root = join(import.meta.dirname, "../../..");

describe("ctr on a terminal", () => {
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start();
  });
  after(() => engine[Symbol.asyncDispose]());

  const ctr = (command: string): string => `${join(root, "bin/ctr")} -H unix://${engine.socket} ${command}`;
  const on = (command: string) => new TerminalSession(engine.host, command);

  it("runs a shell, as large as the window, and ends with its code", async () => {
    await using terminal = on(`${ctr("run --rm -it busybox")}; echo "code $?"`);
    await terminal.shows("/ #");
    terminal.type("stty size\n");
    await terminal.shows("30 100");
    terminal.type("tty; exit 5\n");
    await terminal.shows("/dev/pts/0");
    await terminal.shows("code 5");
    assert.equal(await terminal.exitCode(), 0);
  });

  it("follows the size of the window", async () => {
    const script = "trap 'stty size' WINCH; echo ready; while :; do sleep 0.1; done";
    await using terminal = on(`tty; ${ctr(`run --rm -it --name sized busybox sh -c "${script}"`)}`);
    await terminal.shows("ready");
    await engine.host.output(["stty", "-F", deviceOf(terminal), "rows", "41", "cols", "117"]);
    await terminal.shows("41 117");
    await engine.ctrOutput("kill", "sized");
    assert.equal(await terminal.exitCode(), 137);
  });

  it("gives the keys to the container, ctrl-c too", async () => {
    await using terminal = on(
      ctr(`run --rm -it busybox sh -c 'trap "echo interrupted; exit 3" INT; echo ready; sleep 60'`),
    );
    await terminal.shows("ready");
    terminal.type("\x03");
    await terminal.shows("interrupted");
    assert.equal(await terminal.exitCode(), 3);
  });

  it("leaves a container with the detach keys, and comes back", async () => {
    await using first = on(`${ctr("run -it --name left busybox")}; echo "code $?"`);
    await first.shows("/ #");
    first.type("\x10\x11");
    await first.shows("read escape sequence");
    await first.shows("code 0");
    assert.equal(await engine.ctrOutput("inspect", "-f", "{{.State.Running}}", "left"), "true");
    await using second = on(`${ctr("attach --detach-keys ctrl-x left")}; echo "code $?"`);
    await waitFor("the attached shell", () => {
      second.type("echo he''re\n");
      return second.screen.includes("here");
    });
    second.type("\x18");
    await second.shows("code 0");
    await engine.ctrOutput("rm", "-f", "left");
  });

  it("sets the terminal back, also when a signal ends it", async () => {
    const client = `sh -c 'echo pid=$$; exec ${ctr("run -it --name raw --sig-proxy=false busybox")}'`;
    await using terminal = on(`tty; before=$(stty -g); ${client}; [ "$(stty -g)" = "$before" ] && echo same`);
    await terminal.shows("/ #");
    assert.match(await engine.host.output(["stty", "-a", "-F", deviceOf(terminal)]), /-icanon/);
    process.kill(Number(/pid=(\d+)/.exec(terminal.screen)?.[1]), "SIGTERM");
    await terminal.shows("same");
    await engine.ctrOutput("rm", "-f", "raw");
  });

  it("refuses a terminal for input that is none", async () => {
    const { stderr, exitCode } = await engine.ctr(["run", "--rm", "-it", "busybox", "true"], { input: "" });
    assert.deepEqual([stderr, exitCode], ["the input device is not a TTY\n", 1]);
  });

  it("loses no output of an exec that has ended before its input arrives", async () => {
    await engine.ctrOutput("run", "-d", "--name", "brief", "busybox", "sleep", "600");
    for (let round = 0; round < 12; round++) {
      const command = ctr("exec -it brief sh -c 'echo hi; exit 9'");
      const { stdout, exitCode } = await engine.host.run(["script", "-qec", command, "/dev/null"]);
      assert.match(stdout, /hi\r/);
      assert.equal(exitCode, 9);
    }
    await engine.ctrOutput("rm", "-f", "brief");
  });

  it("gives an exec a terminal of its own", async () => {
    await engine.ctrOutput("run", "-d", "--name", "base", "busybox", "sleep", "300");
    await using terminal = on(`${ctr("exec -it base sh")}; echo "code $?"`);
    await terminal.shows("/ #");
    terminal.type("stty size; exit 4\n");
    await terminal.shows("30 100");
    await terminal.shows("code 4");
    await engine.ctrOutput("rm", "-f", "base");
  });
});

/** The terminal's device, which the command printed first. */
const deviceOf = ({ screen }: TerminalSession): string => /\/dev\/pts\/\d+/.exec(screen)?.[0] ?? "";
