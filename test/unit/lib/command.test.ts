import assert from "node:assert/strict";
import { CommandError, runCommand } from "../../../lib/command.ts";

describe("runCommand", () => {
  it("passes input and returns output", async () => {
    const result = await runCommand(["cat"], { input: "hello" });
    assert.equal(result.stdout, "hello");
  });

  it("fails with argv, exit code and what the program said", async () => {
    const argv = ["sh", "-c", "echo no such bridge >&2; exit 3"];
    await assert.rejects(runCommand(argv), (error) => {
      assert.ok(error instanceof CommandError);
      assert.deepEqual(error.result.argv, argv);
      assert.equal(error.result.exitCode, 3);
      assert.match(error.message, /exit code 3: no such bridge$/);
      return true;
    });
  });

  it("takes expected exit codes as results", async () => {
    assert.equal((await runCommand(["sh", "-c", "exit 3"], { expect: [3] })).exitCode, 3);
  });

  it("names a program that is not there", async () => {
    await assert.rejects(runCommand(["no-such-program"]), /no-such-program: .*ENOENT/);
  });

  it("ends a program that outlives its time", async () => {
    await assert.rejects(runCommand(["sleep", "60"], { timeout: 50 }), /killed by SIGKILL/);
  });

  it("reports the exit code of a program that does not read its input", async () => {
    await assert.rejects(runCommand(["sh", "-c", "exit 7"], { input: "x".repeat(1 << 20) }), /exit code 7/);
  });
});
