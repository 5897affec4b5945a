/**
 * What the engine refuses, it refuses with Docker's text and exit code, and leaves the host exactly as it was: the same
 * links, rules, mounts, cgroups and files.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { TestEngine } from "../../support/engine.ts";
import { waitFor } from "../../support/wait.ts";

interface Refusal {
  readonly title: string;
  readonly argv: readonly string[];
  readonly exitCode: number;
  readonly text: RegExp;
}

const run = (...argv: readonly string[]): readonly string[] => ["run", "--rm", ...argv];

const REFUSALS: readonly Refusal[] = [
  {
    title: "an image that is nowhere",
    argv: run("127.0.0.1:1/nosuch", "true"),
    exitCode: 125,
    text: /Unable to find image '127\.0\.0\.1:1\/nosuch:latest' locally\n.*connection refused/s,
  },
  {
    title: "an unknown flag",
    argv: run("--no-such-flag", "busybox"),
    exitCode: 125,
    text: /unknown flag: --no-such-flag/,
  },
  {
    title: "a port that is none",
    argv: run("-p", "80:http", "busybox", "true"),
    exitCode: 125,
    text: /invalid containerPort: http/,
  },
  {
    title: "a memory limit below 6 MB",
    argv: run("-m", "5m", "busybox", "true"),
    exitCode: 125,
    text: /Minimum memory limit allowed is 6MB/,
  },
  {
    title: "more CPUs than there are",
    argv: run("--cpus", "1000", "busybox", "true"),
    exitCode: 125,
    text: /range of CPUs is from 0\.01 to \d+\.00, as there are only \d+ CPUs available/i,
  },
  {
    title: "a network that is not there",
    argv: run("--network", "nowhere", "busybox", "true"),
    exitCode: 125,
    text: /network nowhere not found/,
  },
  {
    title: "a command that is not there",
    argv: run("busybox", "no-such-command"),
    exitCode: 127,
    text: /exec: "no-such-command": executable file not found in \$PATH/,
  },
  {
    title: "a command that cannot be executed",
    argv: run("busybox", "/etc/passwd"),
    exitCode: 126,
    text: /exec: "\/etc\/passwd": permission denied/,
  },
  {
    title: "a user that is not there",
    argv: run("-u", "nobody-here", "busybox", "true"),
    exitCode: 125,
    text: /unable to find user nobody-here: no matching entries in passwd file/,
  },
  {
    title: "a capability that is none",
    argv: run("--cap-add", "NOPE", "busybox", "true"),
    exitCode: 125,
    text: /CAP_NOPE/,
  },
  {
    title: "a bad name",
    argv: run("--name", "no/good", "busybox", "true"),
    exitCode: 125,
    text: /Invalid container name \(no\/good\)/,
  },
  {
    title: "a bind mount to a relative path",
    argv: run("-v", "/tmp:inside", "busybox", "true"),
    exitCode: 125,
    text: /mount path must be absolute/,
  },
];

describe("bad input", () => {
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start();
    await engine.ctrOutput("run", "--rm", "busybox", "true");
  });
  after(() => engine[Symbol.asyncDispose]());

  /** Runs `body` and checks that nothing on the host has changed after it. */
  async function leavesNoTrace(body: () => Promise<void>): Promise<void> {
    const before = await engine.traces();
    await body();
    // An exit is reaped and torn down after the client was answered.
    await waitFor("the tear-down", async () => {
      assert.deepEqual(await engine.traces(), before);
      return true;
    });
    assert.equal(await engine.ctrOutput("ps", "--all", "--quiet"), "");
  }

  for (const { title, argv, exitCode, text } of REFUSALS) {
    it(`refuses ${title}`, () =>
      leavesNoTrace(async () => {
        const result = await engine.ctr(argv);
        assert.match(result.stderr, text);
        assert.equal(result.exitCode, exitCode);
      }));
  }

  it("refuses a port that another container holds, with Docker's text", async () => {
    await engine.ctrOutput("run", "-d", "--name", "holder", "-p", "8080:80", "busybox", "sleep", "60");
    const before = await engine.traces();
    const result = await engine.ctr(["run", "--rm", "-p", "8080:80", "busybox", "true"]);
    assert.equal(result.exitCode, 125);
    assert.match(result.stderr, /Bind for 0\.0\.0\.0:8080 failed: port is already allocated/);
    await waitFor("the tear-down", async () => {
      assert.deepEqual(await engine.traces(), before);
      return true;
    });
    await engine.ctrOutput("rm", "-f", "holder");
  });

  it("refuses a port that a process of the host listens on", () =>
    leavesNoTrace(async () => {
      const listener = engine.host.spawn(["busybox", "nc", "-l", "-p", "8081"]);
      try {
        await waitFor("the listener", async () => (await engine.host.output(["ss", "-ltn"])).includes(":8081"));
        const result = await engine.ctr(["run", "--rm", "-p", "8081:80", "busybox", "true"]);
        assert.equal(result.exitCode, 125);
        assert.match(result.stderr, /8081.*address already in use/);
      } finally {
        const gone = once(listener, "exit");
        listener.kill("SIGKILL");
        await gone;
      }
    }));

  it("refuses a name that is taken", async () => {
    await engine.ctrOutput("create", "--name", "taken", "busybox", "true");
    const before = await engine.traces();
    const result = await engine.ctr(["run", "--name", "taken", "busybox", "true"]);
    assert.equal(result.exitCode, 125);
    assert.match(
      result.stderr,
      /Conflict\. The container name "\/taken" is already in use by container "[0-9a-f]{64}"/,
    );
    assert.deepEqual(await engine.traces(), before);
    await engine.ctrOutput("rm", "taken");
  });

  it("refuses a broken archive", () =>
    leavesNoTrace(async () => {
      for (const input of [Buffer.from("this is no archive"), Buffer.alloc(10240)]) {
        const result = await engine.ctr(["load"], { input });
        assert.equal(result.exitCode, 1);
        assert.notEqual(result.stderr.trim(), "");
      }
    }));

  it("says what to do when no engine listens and the user may not start one", async () => {
    const result = await engine.host.run(["bin/ctr", "-H", "unix:///nowhere/ctr.sock", "ps"]);
    assert.equal(result.exitCode, 1);
    assert.match(result.stderr, /Cannot connect to the ctr engine at unix:\/\/\/nowhere\/ctr\.sock/);
  });
});
