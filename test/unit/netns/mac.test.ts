import assert from "node:assert/strict";
import fc from "fast-check";
import { generateMac, macFromBytes, parseMac } from "../../../netns/ipam/mac.ts";

describe("MAC addresses", () => {
  it("are made locally administered and for one station, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        const first = Number.parseInt(macFromBytes(bytes).slice(0, 2), 16);
        assert.equal(first & 0b11, 0b10);
        assert.equal(parseMac(macFromBytes(bytes)), macFromBytes(bytes));
      }),
    );
    assert.notEqual(generateMac(), generateMac());
  });

  it("are read in either case, with colons or dashes", () => {
    assert.equal(parseMac("02-42-AC-11-00-02"), "02:42:ac:11:00:02");
  });

  for (const text of ["", "02:42:ac:11:00", "02:42:ac:11:00:02:03", "0242ac110002", "02:42:ac:11:00:0g"]) {
    it(`refuse ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseMac(text), { message: `${text} is not a valid mac address`, status: 400 });
    });
  }

  it("refuse a multicast address", () => {
    assert.throws(() => parseMac("01:00:5e:00:00:01"), { code: "CTR_MAC_INVALID", message: /multicast/ });
  });
});
