import assert from "node:assert/strict";
import { type Outcome, reportOf, reportOfFailure, reportOfSkipping } from "../../host-v2/report.ts";

const counted = (passes: number, failures: number, pending: number): string =>
  `${JSON.stringify({ passes, failures, pending })}\n`;

const WELL: Outcome = {
  ...{ output: "2 passing\n", counts: counted(2, 0, 0) },
  ...{ succeeded: true, cutAfter: undefined, console: "Linux\r\n" },
};

describe("the report of a machine with cgroup v2", () => {
  it("is what the tests wrote and counted", () => {
    assert.deepEqual(reportOf(WELL, 900, true), { text: "2 passing\n", counts: counted(2, 0, 0), succeeded: true });
  });

  it("shows the end of the console when a test failed", () => {
    const console = `first\n${"line\r\n".repeat(59)}last\r\n`;
    const report = reportOf({ ...WELL, counts: counted(1, 1, 0), succeeded: false, console }, 900, true);
    assert.deepEqual([report.counts, report.succeeded], [counted(1, 1, 0), false]);
    assert.match(report.text, /^2 passing\n\nThe last lines of the machine's console:\n {2}\| line\n/);
    assert.match(report.text, / {2}\| last\n$/);
  });

  it("counts a machine that did not end its tests as one failure, and tells when its time was over", () => {
    const cut = { ...WELL, counts: "", succeeded: false };
    assert.equal(reportOf(cut, 900, true).counts, counted(0, 1, 0));
    assert.doesNotMatch(reportOf(cut, 900, true).text, /turned off/);
    assert.match(
      reportOf({ ...cut, cutAfter: 600 }, 900, true).text,
      /turned off after 900 s, before its tests had ended/,
    );
  });

  it("counts a machine that got too little of the CPUs as skipped, where it may be and no test had failed", () => {
    const starved = { ...WELL, counts: "", succeeded: false, cutAfter: 80 };
    const { text, counts, succeeded } = reportOf(starved, 900, true);
    assert.deepEqual([counts, succeeded], [counted(0, 0, 1), true]);
    assert.match(text, /Skipped, for this computer is too busy: 80 s of CPU time in 900 s\.\n$/);
    assert.equal(reportOf(starved, 900, false).counts, counted(0, 1, 0));
    assert.equal(reportOf({ ...starved, output: "    1) is killed\n" }, 900, true).succeeded, false);
  });

  it("counts a machine that could not be started as failed, one that cannot be had as skipped", () => {
    assert.deepEqual(
      [reportOfFailure("no disk"), reportOfSkipping("no QEMU")].map(({ counts, succeeded }) => [counts, succeeded]),
      [
        [counted(0, 1, 0), false],
        [counted(0, 0, 1), true],
      ],
    );
    assert.match(reportOfSkipping("no QEMU").text, /Skipped.*: no QEMU\n$/);
  });
});
