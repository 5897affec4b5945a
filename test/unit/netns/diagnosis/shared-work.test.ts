import assert from "node:assert/strict";
import { SharedWork } from "../../../../netns/diagnosis/snapshot/shared-work.ts";

describe("what threads share out", () => {
  it("gives each piece to one of them", () => {
    const one = new SharedWork();
    const other = new SharedWork(one.memory);
    assert.deepEqual([one.take(), other.take(), one.take()], [0, 1, 2]);
  });

  it("lets in the next one after the former, also when that has failed", () => {
    const one = new SharedWork();
    const other = new SharedWork(one.memory);
    assert.throws(
      () =>
        one.exclusively(() => {
          throw new Error("failed");
        }),
      /failed/,
    );
    assert.equal(
      other.exclusively(() => 7),
      7,
    );
  });

  it("knows of what was handed over before it waits", () => {
    const one = new SharedWork();
    const before = one.handedOver;
    new SharedWork(one.memory).handOver();
    assert(one.waitForMore(before));
  });
});
