import assert from "node:assert/strict";
import { conflict, hasCode, invalid, messageOf, notFound, toCtrError } from "../../../lib/errors.ts";
import { teardown } from "../../../lib/teardown.ts";

describe("CtrError", () => {
  it("carries code, hint, cause and the Engine API's status", () => {
    const cause = new Error("EEXIST");
    const error = conflict("name taken", { code: "CTR_NAME_TAKEN", hint: "choose another", cause });
    assert.deepEqual(
      [error.status, error.code, error.hint, error.cause, error.message],
      [409, "CTR_NAME_TAKEN", "choose another", cause, "name taken"],
    );
  });

  it("keeps its kind through toCtrError, and makes anything else a 500", () => {
    const missing = notFound("No such container: web", "CTR_CONTAINER_NOT_FOUND");
    assert.equal(toCtrError(missing), missing);
    assert.deepEqual([toCtrError(new Error("boom")).status, toCtrError("boom").message], [500, "boom"]);
  });

  it("is told from system errors by its code", () => {
    assert.ok(hasCode(invalid("bad", "CTR_BAD"), "CTR_BAD"));
    assert.ok(!hasCode(new Error("plain"), "CTR_BAD"));
    assert.equal(messageOf(42), "42");
  });
});

describe("teardown", () => {
  it("runs every step and reports all failures at the end", async () => {
    const done: string[] = [];
    const failing = (what: string) => ({
      what,
      run: () => {
        done.push(what);
        throw new Error(`${what} is busy`);
      },
    });
    const steps = [failing("veth"), { what: "mount", run: async () => void done.push("mount") }, failing("cgroup")];
    await assert.rejects(teardown("web", steps), {
      code: "CTR_TEARDOWN_INCOMPLETE",
      message: "could not clean up all of web: veth: veth is busy; cgroup: cgroup is busy",
    });
    assert.deepEqual(done, ["veth", "mount", "cgroup"]);
  });

  it("is silent when all went well", () => teardown("web", [{ what: "veth", run: () => {} }]));
});
