import assert from "node:assert/strict";
import { generateId, isFullId, shortId } from "../../../lib/ids.ts";
import { checkName, randomName } from "../../../lib/names.ts";

describe("ids", () => {
  it("are 64 hex digits and never the same", () => {
    const ids = Array.from({ length: 100 }, generateId);
    assert.ok(ids.every(isFullId));
    assert.equal(new Set(ids).size, ids.length);
  });

  it("shorten to twelve digits, of a digest those after the colon", () => {
    assert.equal(shortId("sha256:0123456789abcdef"), "0123456789ab");
    assert.equal(shortId("0123456789abcdef"), "0123456789ab");
  });
});

describe("names", () => {
  it("of our own making pass Docker's rule", () => {
    for (let i = 0; i < 100; i++) assert.doesNotThrow(() => checkName(randomName(i % 3)));
  });

  it("lose one leading slash", () => assert.equal(checkName("/web"), "web"));

  for (const name of ["", "a", "-web", "we b", "wéb", "//web", ".web"]) {
    it(`refuse «${name}» with Docker's text`, () => {
      assert.throws(() => checkName(name), {
        status: 400,
        message: `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
      });
    });
  }
});
