/** `ctr run`, `exec` and `attach`: streams of every kind, terminals, signals and exit codes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { TestEngine } from "../../support/engine.ts";
import { waitFor } from "../../support/wait.ts";

const program = join(import.meta.dirname, "../../../bin/ctr");

describe("ctr run", () => {
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start();
  });
  after(() => engine[Symbol.asyncDispose]());
  afterEach(async () => {
    const ids = await engine.ctrOutput("ps", "-aq");
    if (ids !== "") await engine.ctrOutput("rm", "-f", ...ids.split("\n"));
  });

  /** A shell line in which `ctr` is this engine's client. */
  const shell = (line: string) =>
    engine.host.run(["bash", "-c", `ctr() { ${program} -H unix://${engine.socket} "$@"; }; ${line}`]);

  /** `ctr` on a terminal of 30 rows and 100 columns; each text is typed when the one before it was printed. */
  async function onTerminal(command: string, turns: readonly (readonly [printed: string, typed: string])[]) {
    const line = `stty rows 30 cols 100; exec ${program} -H unix://${engine.socket} ${command}`;
    const child = engine.host.spawn(["script", "-qec", line, "/dev/null"]);
    const gone = once(child, "exit");
    let output = "";
    child.stdout?.on("data", (data: Buffer) => {
      output += data.toString();
    });
    try {
      for (const [printed, typed] of turns) {
        await waitFor(`«${printed}» on the terminal`, () => output.includes(printed), 60_000);
        child.stdin?.write(typed);
      }
      const [exitCode] = (await gone) as [number | null];
      return { exitCode, output };
    } finally {
      child.kill("SIGKILL");
    }
  }

  describe("streams", () => {
    const inputs: readonly (readonly [what: string, line: string, stdout: string])[] = [
      ["/dev/null", "ctr run --rm -i busybox cat </dev/null", ""],
      ["a closed stdin", "ctr run --rm -i busybox cat <&-", ""],
      ["a file", "ctr run --rm -i busybox cat <<<file", "file\n"],
      ["a pipe", "echo pipe | ctr run --rm -i busybox cat", "pipe\n"],
      ["a pipe that stays open", "ctr run --rm -i busybox echo over < <(exec sleep 1000 >&- 2>&-)", "over\n"],
      ["no -i, from a pipe that stays open", "ctr run --rm busybox echo over < <(exec sleep 1000 >&- 2>&-)", "over\n"],
      ["no -i, from /dev/null", "ctr run --rm busybox echo over </dev/null", "over\n"],
      ["no -i, closed", "ctr run --rm busybox echo over <&-", "over\n"],
    ];
    for (const [what, line, expected] of inputs) {
      it(`takes input from ${what}`, async () => {
        const { exitCode, stdout, stderr } = await shell(line);
        assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 0, stdout: expected, stderr: "" });
      });
    }

    it("keeps stdout and stderr apart", async () => {
      const { stdout, stderr } = await engine.ctr(["run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2"]);
      assert.deepEqual([stdout, stderr], ["out\n", "err\n"]);
    });

    it("loses nothing of much output, and of much input", async () => {
      const { stdout } = await shell("head -c 3000000 /dev/zero | ctr run --rm -i busybox cat | wc -c");
      assert.equal(stdout.trim(), "3000000");
    });

    it("ends quietly with its reader", async () => {
      const { stdout, stderr } = await shell("ctr run --rm busybox yes | head -n 1");
      assert.deepEqual([stdout, stderr], ["y\n", ""]);
    });
  });

  describe("exit codes", () => {
    const endings: readonly (readonly [what: string, code: number, argv: readonly string[]])[] = [
      ["the program's own", 7, ["busybox", "sh", "-c", "exit 7"]],
      ["128 and the number of the signal that ended it", 143, ["--init", "busybox", "sh", "-c", "kill -TERM $$"]],
      ["127 for a command that is not there", 127, ["busybox", "nosuch"]],
      ["126 for one that is not executable", 126, ["busybox", "/etc/passwd"]],
      ["125 for an unknown flag", 125, ["--nosuch", "busybox"]],
      ["125 for a value that is none", 125, ["-m", "much", "busybox"]],
      ["125 for a request that the engine refuses", 125, ["--network", "nowhere", "busybox", "true"]],
    ];
    for (const [what, code, argv] of endings) {
      it(`has ${what}`, async () => {
        const { exitCode, stderr } = await engine.ctr(["run", "--rm", ...argv]);
        assert.equal(exitCode, code, stderr);
        assert.equal(await engine.ctrOutput("ps", "-aq"), "");
      });
    }
  });

  describe("terminals", () => {
    it("has the user's size and the program's exit code", async () => {
      const { exitCode, output } = await onTerminal("run --rm -it busybox sh", [["/ # ", "tty; stty size; exit 5\n"]]);
      assert.match(output, /\/dev\/pts\/0/);
      assert.match(output, /30 100/);
      assert.equal(exitCode, 5);
    });

    it("is left by the detach keys, attached again, and left by keys of one's own", async () => {
      const left = await onTerminal("run -it --name shell busybox sh -c 'echo ready; cat'", [["ready", "\x10\x11"]]);
      assert.equal(left.exitCode, 0);
      const again = await onTerminal("attach --detach-keys x,y shell", [
        ["", "words\n"],
        ["words", "xy"],
      ]);
      assert.match(again.output, /words/);
      assert.equal(await engine.ctrOutput("inspect", "-f", "{{.State.Running}}", "shell"), "true");
    });

    it("is there for exec", async () => {
      await engine.ctrOutput("run", "-d", "--name", "host", "busybox", "sleep", "1000");
      const { exitCode, output } = await onTerminal("exec -it host sh", [["/ # ", "stty size; exit 6\n"]]);
      assert.match(output, /30 100/);
      assert.equal(exitCode, 6);
    });

    it("is refused without one", async () => {
      const { exitCode, stderr } = await engine.ctr(["run", "--rm", "-it", "busybox"]);
      assert.match(stderr, /the input device is not a TTY/);
      assert.equal(exitCode, 1);
      assert.equal(await engine.ctrOutput("ps", "-aq"), "");
    });
  });

  it("passes signals on", async () => {
    const script = "trap 'echo got; exit 4' TERM; echo ready; while :; do sleep 0.05; done";
    const argv = ["run", "--name", "sig", "busybox", "sh", "-c", script];
    const child = engine.host.spawn([program, "-H", `unix://${engine.socket}`, ...argv]);
    let output = "";
    child.stdout?.on("data", (data: Buffer) => {
      output += data.toString();
    });
    const gone = once(child, "close");
    await waitFor("the program", () => output.includes("ready"));
    child.kill("SIGTERM");
    assert.equal((await gone)[0], 4);
    assert.equal(output, "ready\ngot\n");
  });

  it("-d prints the id; logs -f follows to the end, wait tells the code", async () => {
    const script = "for i in 1 2 3; do echo line $i; sleep 0.1; done; exit 3";
    const id = await engine.ctrOutput("run", "-d", "--name", "job", "busybox", "sh", "-c", script);
    assert.match(id, /^[0-9a-f]{64}$/);
    const [logs, code] = await Promise.all([engine.ctrOutput("logs", "-f", "job"), engine.ctrOutput("wait", "job")]);
    assert.deepEqual([logs, code], ["line 1\nline 2\nline 3", "3"]);
  });
});
