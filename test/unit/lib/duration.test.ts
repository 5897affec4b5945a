import assert from "node:assert/strict";
import fc from "fast-check";
import { formatDuration, humanDuration, parseDuration } from "../../../lib/units/duration.ts";

describe("parseDuration", () => {
  it("reads Go's syntax", () => {
    assert.deepEqual(
      ["0", "300ms", "10s", "1h30m", "1.5s", "1m2s3ms"].map(parseDuration),
      [0, 300, 10_000, 5_400_000, 1500, 62_003],
    );
  });

  for (const text of ["", "10", "s", "-1s", "1 s", "1d", "1s2"]) {
    it(`refuses «${text}»`, () => assert.throws(() => parseDuration(text), { code: "CTR_DURATION_INVALID" }));
  }

  it("adds the parts up, whatever they are", () => {
    fc.assert(
      fc.property(fc.nat(99), fc.nat(59), fc.nat(59), (hours, minutes, seconds) => {
        assert.equal(parseDuration(`${hours}h${minutes}m${seconds}s`), ((hours * 60 + minutes) * 60 + seconds) * 1000);
      }),
    );
  });
});

describe("formatDuration", () => {
  it("writes as Go does", () => {
    assert.deepEqual([0, 300, 1000, 1500, 90_000, 3_600_000, 3_661_500].map(formatDuration), [
      "0s",
      "300ms",
      "1s",
      "1.5s",
      "1m30s",
      "1h0m0s",
      "1h1m1.5s",
    ]);
  });
});

describe("humanDuration", () => {
  const second = 1000;
  const minute = 60 * second;
  const hour = 60 * minute;
  const day = 24 * hour;
  // The words and borders of Docker's go-units.
  const cases: readonly (readonly [number, string])[] = [
    [450, "Less than a second"],
    [second, "1 second"],
    [47 * second, "47 seconds"],
    [minute, "About a minute"],
    [3 * minute, "3 minutes"],
    [hour, "About an hour"],
    [3 * hour, "3 hours"],
    [47 * hour, "47 hours"],
    [2 * day, "2 days"],
    [13 * day, "13 days"],
    [14 * day, "2 weeks"],
    [61 * day, "2 months"],
    [365 * day, "12 months"],
    [730 * day, "2 years"],
  ];
  for (const [milliseconds, words] of cases) {
    it(`says «${words}»`, () => assert.equal(humanDuration(milliseconds), words));
  }
});
