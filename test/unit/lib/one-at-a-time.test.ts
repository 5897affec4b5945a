import assert from "node:assert/strict";
import { oneAtATime } from "../../../lib/one-at-a-time.ts";

describe("one at a time", () => {
  it("runs at once, and once more for all that was asked meanwhile", async () => {
    const begun: PromiseWithResolvers<void>[] = [];
    const ask = oneAtATime(() => {
      const one = Promise.withResolvers<void>();
      begun.push(one);
      return one.promise;
    });
    ask();
    assert.equal(begun.length, 1);
    ask();
    ask();
    assert.equal(begun.length, 1, "never twice at once");
    begun[0]?.resolve();
    await turn();
    assert.equal(begun.length, 2);
    begun[1]?.resolve();
    await turn();
    assert.equal(begun.length, 2, "once for both");
    ask();
    assert.equal(begun.length, 3);
  });
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
