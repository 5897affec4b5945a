import assert from "node:assert/strict";
import fc from "fast-check";
import { distanceOf, nearest } from "../../../lib/nearest.ts";

describe("the nearest word", () => {
  const WORDS = ["memory", "memory-swap", "name", "network", "ps"];

  it("is one change away for every three letters", () => {
    assert.equal(nearest("memroy", WORDS), "memory");
    assert.equal(nearest("mem-swap", WORDS), undefined);
    assert.equal(nearest("nmae", WORDS), "name");
    assert.equal(nearest("pss", WORDS), "ps");
    assert.equal(nearest("NETWORK", WORDS), "network");
    assert.equal(nearest("entirely", WORDS), undefined);
    assert.equal(nearest("x", []), undefined);
  });

  it("counts letters added, left out, replaced and exchanged", () => {
    const CASES = [
      ["", "abc", 3],
      ["abc", "abc", 0],
      ["abc", "abd", 1],
      ["abc", "acb", 1],
      ["abc", "ac", 1],
      ["kitten", "sitting", 3],
    ] as const;
    for (const [from, to, distance] of CASES) assert.equal(distanceOf(from, to), distance, `${from} ${to}`);
  });

  it("is as far one way as the other", () => {
    const word = fc.stringMatching(/^[ab]{0,6}$/);
    fc.assert(
      fc.property(word, word, (from, to) => {
        assert.equal(distanceOf(from, to), distanceOf(to, from));
        assert.equal(distanceOf(from, to) === 0, from === to);
        assert.ok(distanceOf(from, to) <= Math.max(from.length, to.length));
      }),
    );
  });
});
