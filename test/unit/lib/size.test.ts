import assert from "node:assert/strict";
import fc from "fast-check";
import { messageOf } from "../../../lib/errors.ts";
import { formatBinarySize, formatSize, parseSize } from "../../../lib/units/size.ts";

describe("parseSize", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["0", 0],
    ["1048576", 1048576],
    ["64m", 64 * 2 ** 20],
    ["64M", 64 * 2 ** 20],
    ["64mb", 64 * 2 ** 20],
    ["64MiB", 64 * 2 ** 20],
    ["1.5g", 1.5 * 2 ** 30],
    ["512 kb", 512 * 2 ** 10],
    ["12b", 12],
  ];
  for (const [text, bytes] of cases) {
    it(`reads ${text} as ${bytes} bytes`, () => assert.equal(parseSize(text), bytes));
  }

  for (const text of ["", "m", "-1", "1x", "1mm", "1e3", "0x10", "1.2.3", "999999999999p"]) {
    it(`refuses «${text}»`, () => assert.throws(() => parseSize(text), { code: "CTR_SIZE_INVALID", status: 400 }));
  }

  it("says in Docker's words why", () => {
    const messageFor = (text: string): string => {
      try {
        return String(parseSize(text));
      } catch (error) {
        return messageOf(error);
      }
    };
    assert.deepEqual(["", "lots", "-1", "1x", "64 mm", "1.2.3m", "0x10"].map(messageFor), [
      "invalid size: ''",
      "invalid size: 'lots'",
      "invalid size: '-1'",
      "invalid suffix: 'x'",
      "invalid suffix: 'mm'",
      'strconv.ParseFloat: parsing "1.2.3": invalid syntax',
      'strconv.ParseFloat: parsing "0x10": invalid syntax',
    ]);
  });

  it("reads back every whole number of a unit", () => {
    const units = ["", "k", "m", "g"] as const;
    fc.assert(
      fc.property(fc.nat(4096), fc.constantFrom(...units), (count, unit) => {
        assert.equal(parseSize(`${count}${unit}`), count * 1024 ** units.indexOf(unit));
      }),
    );
  });
});

describe("formatSize", () => {
  it("prints decimal units with three digits, as docker images does", () => {
    assert.deepEqual(
      [0, 999, 1000, 4_260_000, 1_234_567_890].map((bytes) => formatSize(bytes)),
      ["0B", "999B", "1kB", "4.26MB", "1.23GB"],
    );
  });

  it("prints binary units with four digits, as docker stats does", () => {
    assert.deepEqual([1023, 67_108_864, 67_083_000].map(formatBinarySize), ["1023B", "64MiB", "63.98MiB"]);
  });
});
