import { deepEqual, equal, rejects } from "node:assert/strict";
import { KeyedLock } from "../../../lib/keyed-lock.ts";
import { Waiters } from "../../../runtime/container/waiters.ts";

describe("those who wait for a container", () => {
  /** What has resolved so far. */
  const watch = (waiters: Waiters) => {
    const told: string[] = [];
    for (const condition of ["not-running", "next-exit", "standstill", "removed"] as const) {
      void waiters.wait("c", condition).then(({ exitCode }) => told.push(`${condition} ${exitCode}`));
    }
    return async () => {
      await new Promise(setImmediate);
      return told;
    };
  };

  it("for its end are told when it has ended, for its removal later", async () => {
    const waiters = new Waiters();
    const told = watch(waiters);
    waiters.exited("other", { exitCode: 1 }, false);
    deepEqual(await told(), []);
    waiters.exited("c", { exitCode: 3 }, false);
    deepEqual(await told(), ["not-running 3", "next-exit 3", "standstill 3"]);
    waiters.removed("c", { exitCode: 3 });
    deepEqual(await told(), ["not-running 3", "next-exit 3", "standstill 3", "removed 3"]);
  });

  it("for its standstill are not told by an end after which it is restarted", async () => {
    const waiters = new Waiters();
    const told = watch(waiters);
    waiters.exited("c", { exitCode: 3 }, true);
    deepEqual(await told(), ["not-running 3", "next-exit 3"]);
  });

  it("may leave", async () => {
    const waiters = new Waiters();
    const aborter = new AbortController();
    let told = false;
    void waiters.wait("c", "next-exit", aborter.signal).then(() => {
      told = true;
    });
    aborter.abort();
    waiters.exited("c", { exitCode: 0 }, false);
    await new Promise(setImmediate);
    equal(told, false);
  });
});

describe("the lock of a container", () => {
  it("lets one through at a time, in the order of asking, and others beside", async () => {
    const lock = new KeyedLock();
    const done: string[] = [];
    const first = Promise.withResolvers<void>();
    const all = [
      lock.run("a", () => first.promise.then(() => done.push("a1"))),
      lock.run("a", async () => done.push("a2")),
      lock.run("b", async () => done.push("b")),
    ];
    await all[2];
    deepEqual(done, ["b"]);
    first.resolve();
    await Promise.all(all);
    deepEqual(done, ["b", "a1", "a2"]);
  });

  it("lets the next through after a failure", async () => {
    const lock = new KeyedLock();
    await rejects(
      lock.run("a", async () => {
        throw new Error("no");
      }),
      /no/,
    );
    equal(await lock.run("a", async () => 1), 1);
    await lock.idle();
  });
});
