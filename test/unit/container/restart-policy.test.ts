import { deepEqual, equal, throws } from "node:assert/strict";
import {
  checkRestartPolicy,
  nextDelay,
  type RestartPolicyName,
  shouldRestart,
  shouldStartWithEngine,
} from "../../../runtime/container/restart-policy.ts";

const policy = (Name: RestartPolicyName, MaximumRetryCount = 0) => ({ Name, MaximumRetryCount });
const ended = (exitCode: number, restartCount = 0, stoppedByUser = false) => ({
  exitCode,
  restartCount,
  stoppedByUser,
});

describe("the restart policy", () => {
  it("is «no» when nothing is asked", () => {
    deepEqual(checkRestartPolicy(undefined, false), policy("no"));
    deepEqual(checkRestartPolicy({ Name: "" }, true), policy("no"));
  });

  it("is refused with Docker's texts", () => {
    const check =
      (Name: string, MaximumRetryCount: number, autoRemove = false) =>
      () =>
        checkRestartPolicy({ Name, MaximumRetryCount }, autoRemove);
    throws(
      check("sometimes", 0),
      /unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'/,
    );
    throws(check("always", 3), /maximum retry count can only be used with 'on-failure'/);
    throws(check("on-failure", -1), /maximum retry count cannot be negative/);
    throws(check("always", 0, true), /can't create 'AutoRemove' container with restart policy/);
  });

  it("restarts always, on failure, or never", () => {
    equal(shouldRestart(policy("no"), ended(1)), false);
    equal(shouldRestart(policy("always"), ended(0)), true);
    equal(shouldRestart(policy("unless-stopped"), ended(0)), true);
    equal(shouldRestart(policy("on-failure"), ended(0)), false);
    equal(shouldRestart(policy("on-failure"), ended(1, 1000)), true);
  });

  it("restarts no more often than the maximum", () => {
    equal(shouldRestart(policy("on-failure", 2), ended(1, 1)), true);
    equal(shouldRestart(policy("on-failure", 2), ended(1, 2)), false);
  });

  it("respects a user's stop, but «always» starts again with the engine", () => {
    for (const name of ["always", "unless-stopped", "on-failure"] as const) {
      equal(shouldRestart(policy(name), ended(1, 0, true)), false, name);
      equal(shouldStartWithEngine(policy(name), ended(1, 0, true)), name === "always", name);
    }
    equal(shouldStartWithEngine(policy("no"), ended(1)), false);
    equal(shouldStartWithEngine(policy("on-failure"), ended(1)), true);
  });

  it("waits 100 ms, twice as long each time, a minute at most, and begins anew after a run of ten seconds", () => {
    const delays: number[] = [];
    for (let delay = 0; delays.length < 12; delays.push(delay)) delay = nextDelay(delay, 50);
    deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000]);
    equal(nextDelay(60000, 10_000), 100);
  });
});
