import assert from "node:assert/strict";
import fc from "fast-check";
import { readCollection } from "../../../../../netns/diagnosis/model/nft/collections.ts";
import { number, text } from "../../../../../netns/diagnosis/model/rules/scalar.ts";

describe("the model's sets", () => {
  it("of intervals have what lies in one of them", () => {
    // Borders in order make intervals that do not overlap, as the kernel wants them.
    const borders = fc.uniqueArray(fc.integer({ min: 0, max: 65_535 }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(borders, fc.integer({ min: 0, max: 65_535 }), (given, port) => {
        const sorted = given.toSorted((one, other) => one - other);
        const ranges = sorted.flatMap((low, index) => {
          const high = sorted[index + 1];
          return index % 2 === 0 && high !== undefined ? [[low, high] as const] : [];
        });
        const set = readCollection(
          ranges.map((range) => ({ range })),
          ["port"],
          false,
        );
        const expected = ranges.some(([low, high]) => port >= low && port <= high);
        assert.equal(set.find([number(port)]).holds, expected ? "yes" : "no");
      }),
    );
  });

  it("of concatenations have what fits in all parts", () => {
    const part = fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 7 }));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(part, part), { maxLength: 12 }),
        fc.integer({ min: 0, max: 7 }),
        fc.integer({ min: 0, max: 7 }),
        (given, one, other) => {
          const ordered = given.map(([a, b]) => [a.toSorted(), b.toSorted()] as const);
          const elements = ordered.map(([a, b]) => ({ concat: [{ range: a }, { range: b }] }));
          const set = readCollection(elements, ["port", "port"], false);
          const expected = ordered.some(
            ([[a = 0, b = 0], [c = 0, d = 0]]) => one >= a && one <= b && other >= c && other <= d,
          );
          assert.equal(set.find([number(one), number(other)]).holds, expected ? "yes" : "no");
        },
      ),
    );
  });

  it("leave open what is not known, and only that", () => {
    const set = readCollection(
      [{ concat: ["tcp", 80] }, { concat: ["tcp", { range: [1000, 2000] }] }],
      ["protocol", "port"],
      false,
    );
    assert.equal(set.find([number(6), { low: 32_768n, high: 60_999n }]).holds, "no");
    assert.equal(set.find([number(6), { low: 0n, high: 65_535n }]).holds, "unknown");
    assert.equal(set.find([number(17), "unknown"]).holds, "no");
    assert.equal(set.find([number(6), { low: 1200n, high: 1300n }]).holds, "yes");
  });

  it("know names with an open end, elements with counters, and maps", () => {
    assert.equal(readCollection(["veth*", "eth0"], ["link"], false).find([text("veth12")]).holds, "yes");
    const counted = readCollection([{ elem: { val: 80, counter: { packets: 1, bytes: 2 } } }], ["port"], false);
    assert.equal(counted.find([number(80)]).holds, "yes");
    const map = readCollection(
      [[{ elem: { val: { concat: ["tcp", 8080] } } }, { concat: ["10.0.0.2", 80] }]],
      ["protocol", "port"],
      true,
    );
    assert.deepEqual(map.find([number(6), number(8080)]).data, { concat: ["10.0.0.2", 80] });
  });
});
