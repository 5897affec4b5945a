/** `ctr run` with every kind of standard input. An input that goes on must not keep it, a missing one not disturb it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { TestEngine } from "../../support/engine.ts";

const program = join(import.meta.dirname, "../../../bin/ctr");

describe("input of ctr run", () => {
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start();
  });
  after(() => engine[Symbol.asyncDispose]());

  // Its outputs are closed: the test would wait for them, too.
  const endless = "< <(exec sleep 1000 >&- 2>&-)";
  const inputs: readonly (readonly [what: string, line: string, stdout: string])[] = [
    ["-i from /dev/null", "ctr run --rm -i busybox cat </dev/null", ""],
    ["-i, closed", "ctr run --rm -i busybox cat <&-", ""],
    ["-i from a file", "ctr run --rm -i busybox cat <<<file", "file\n"],
    ["-i from a pipe", "echo pipe | ctr run --rm -i busybox cat", "pipe\n"],
    ["-i from a pipe that stays open", `ctr run --rm -i busybox echo over ${endless}`, "over\n"],
    ["no -i, from a pipe that stays open", `ctr run --rm busybox echo over ${endless}`, "over\n"],
    ["no -i, from /dev/null", "ctr run --rm busybox echo over </dev/null", "over\n"],
    ["no -i, closed", "ctr run --rm busybox echo over <&-", "over\n"],
  ];
  for (const [what, line, expected] of inputs) {
    it(`may be ${what}`, async () => {
      const ctr = `ctr() { ${program} -H unix://${engine.socket} "$@"; }`;
      const { exitCode, stdout, stderr } = await engine.host.run(["bash", "-c", `${ctr}; ${line}`]);
      assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 0, stdout: expected, stderr: "" });
    });
  }
});
