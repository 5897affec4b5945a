import assert from "node:assert/strict";
import { invalid } from "../../../lib/errors.ts";
import { type Logger, silentLogger } from "../../../lib/log.ts";
import { runSteps, type Step } from "../../../netns/steps.ts";

describe("runSteps", () => {
  const log: string[] = [];
  const step = (name: string, failure?: Error): Step => ({
    name,
    run: () => {
      log.push(`run ${name}`);
      if (failure !== undefined) throw failure;
    },
    undo: () => log.push(`undo ${name}`),
  });
  beforeEach(() => {
    log.length = 0;
  });

  it("runs all and says how long each took", () => {
    const times = runSteps("it", [step("a"), step("b")], silentLogger);
    assert.deepEqual(log, ["run a", "run b"]);
    assert.deepEqual(Object.keys(times), ["a", "b"]);
  });

  it("undoes those before the failed one, backwards", () => {
    assert.throws(
      () => runSteps("the sandbox of web", [step("a"), step("b", new Error("no")), step("c")], silentLogger),
      {
        message: "cannot set up the sandbox of web: b: no",
        code: "CTR_SETUP_FAILED",
      },
    );
    assert.deepEqual(log, ["run a", "run b", "undo a"]);
  });

  it("passes our own errors on as they are", () => {
    const error = invalid("port is already allocated", "CTR_PORT_ALLOCATED");
    assert.throws(() => runSteps("it", [step("a", error)], silentLogger), error);
  });

  it("goes on undoing when an undo fails, and logs that", () => {
    const logged: unknown[] = [];
    const logger: Logger = { ...silentLogger, error: (text, fields) => logged.push([text, fields]) };
    const stuck: Step = {
      name: "stuck",
      run: () => {},
      undo: () => {
        throw new Error("busy");
      },
    };
    assert.throws(() => runSteps("it", [step("a"), stuck, step("b", new Error("no"))], logger), /b: no/);
    assert.deepEqual(log, ["run a", "run b", "undo a"]);
    assert.deepEqual(logged, [['Undoing "stuck" of it failed.', { error: "busy" }]]);
  });
});
