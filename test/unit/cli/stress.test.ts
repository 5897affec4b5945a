/** What `ctr limit verify` and `ctr limit stress` make of what they measure. */
import assert from "node:assert/strict";
import { cpusOf } from "../../../bin/cli/stress/machine.ts";
import { reportSvg } from "../../../bin/cli/stress/report/svg.ts";
import { headText, reportText, valueText } from "../../../bin/cli/stress/report/text.ts";
import type { StressReport } from "../../../bin/cli/stress/report/types.ts";
import { resourcesOf, without } from "../../../bin/cli/stress/resources.ts";
import { judgeCpus } from "../../../bin/cli/stress/trials/cpu-time.ts";
import { judgeHigh } from "../../../bin/cli/stress/trials/memory.ts";
import { judged } from "../../../bin/cli/stress/trials/trial.ts";
import { outcomeLine } from "../../../bin/cli/stress/verify-report.ts";
import type { CpuWindow } from "../../../bin/cli/stress/window.ts";

const window = (cpus: number, throttledPeriods: number): CpuWindow => ({
  ...{ seconds: 10, cpus, periods: 100, throttledPeriods, throttledShare: 0.5 },
});

const MIB = 2 ** 20;

describe("the verdict on a quota of CPU time", () => {
  const cases: readonly (readonly [string, CpuWindow, string])[] = [
    ["all periods used up, within 3 % and one of 100 periods", window(0.519, 100), "pass"],
    ["more than that above, however the periods were", window(0.521, 100), "fail"],
    ["above without throttling", window(0.6, 0), "fail"],
    ["all periods used up, and yet too little", window(0.4, 100), "fail"],
    ["half of the periods used up, the machine busy in the others", window(0.4, 50), "pass"],
    ["never used up: nothing can be said", window(0.4, 0), "not measurable"],
  ];
  for (const [what, measured, verdict] of cases) {
    it(what, () => assert.equal(judgeCpus(0.5, measured).verdict, verdict));
  }

  it("says why less than allowed is no fault of the limit", () => {
    assert.match(judgeCpus(0.5, window(0.4, 50)).why ?? "", /CPUs are busy/);
    assert.equal(judgeCpus(0.5, window(0.4, 100)).why, undefined);
  });
});

describe("the verdict on a soft limit of memory", () => {
  const HIGH = 64 * MIB;
  const SEEN = { wanted: 112 * MIB, peak: 80 * MIB, level: 65 * MIB, kills: 0, slowdowns: 7, swapFree: 999 * MIB };

  it("is about the level in the end, however high it was for a moment", () => {
    const { measured, verdict } = judgeHigh(HIGH, { ...SEEN, peak: 100 * MIB });
    assert.equal(verdict, "pass");
    assert.equal(measured, "65MiB in the end, 100MiB at most; slowed down 7 times, nobody killed");
  });

  for (const [what, seen, verdict] of [
    ["a kill", { kills: 1 }, "fail"],
    ["that nobody was slowed down", { slowdowns: 0 }, "fail"],
    ["that the load has all it wants", { level: 112 * MIB }, "fail"],
    ["that a busy machine has not taken memory back yet", { level: 90 * MIB }, "not measurable"],
    ["that the load is held back where no swap takes its memory", { level: 90 * MIB, swapFree: MIB }, "pass"],
  ] as const) {
    it(`tells ${what}`, () => assert.equal(judgeHigh(HIGH, { ...SEEN, ...seen }).verdict, verdict));
  }
});

describe("the words of a measurement", () => {
  it("a deviation is judged on both sides", () => {
    assert.deepEqual(
      [0.01, -0.01, 0.011].map((deviation) => judged(deviation, 0.01).verdict),
      ["pass", "pass", "fail"],
    );
  });

  it("values have their units", () => {
    assert.deepEqual(
      [
        valueText(0.4987, "CPUs"),
        valueText(2 ** 26, "bytes"),
        valueText(0.333, "share"),
        valueText(-0.0123, "deviation"),
        valueText(12.345, "ms"),
      ],
      ["0.5", "64MiB", "33%", "-1.2%", "12.3ms"],
    );
  });

  it("a line a limit, with the reason behind the figure", () => {
    const line = outcomeLine({
      limit: "swap",
      set: "32MiB",
      verdict: "not measurable",
      why: "the machine has no swap",
    });
    assert.equal(line, "swap                32MiB             -          not measurable  the machine has no swap\n");
  });
});

describe("the limits of a container", () => {
  it("are the fields of its HostConfig that limit, as they are", () => {
    const limits = { Memory: 1, CpuQuota: 2, CgroupParent: "shop", Ulimits: [], OomGroup: true };
    assert.deepEqual(resourcesOf({ ...limits, Binds: ["/:/host"], Privileged: true }), limits);
    assert.deepEqual(without(limits, "Memory", "Ulimits"), { CpuQuota: 2, CgroupParent: "shop", OomGroup: true });
  });

  it("lists of CPUs are read", () => assert.deepEqual(cpusOf("0-2,4"), [0, 1, 2, 4]));
});

const REPORT: StressReport = {
  ...{ profile: "memory", summary: "hogs", seconds: 10, image: "ctr/stress-ng:1" },
  host: { cpus: 1, kernel: "6.1", cgroups: "v2" },
  findings: [{ limit: "memory", set: "64MiB", measured: "64MiB at most", deviation: 0, verdict: "pass" }],
  latencies: [{ phase: "quiet", of: "service", count: 10, p50: 1.25, p95: 2, p99: 3, max: 4 }],
  victims: [
    { seconds: 1, container: "a<b", oomScoreAdj: 900 },
    { seconds: 1.5, container: "a<b", oomScoreAdj: 900 },
    { seconds: 2, container: "other" },
  ],
  phases: [{ name: "own & shared", from: 0, to: 10 }],
  plots: [
    {
      title: "Memory",
      unit: "bytes",
      series: [
        {
          name: "a<b",
          points: [
            [0, 0],
            [5, 2 ** 26],
            [10, 2 ** 25],
          ],
          limit: 2 ** 26,
        },
      ],
    },
    {
      title: "Error",
      unit: "deviation",
      kind: "bars",
      series: [
        {
          name: "error",
          points: [
            [1, -0.1],
            [2, -0.2],
          ],
        },
      ],
    },
  ],
};

describe("a report of a stress test", () => {
  it("as text: latencies, who was killed in which order, and a curve for each container", () => {
    assert.equal(
      `${headText(REPORT)}${reportText(REPORT)}`,
      [
        "memory: hogs",
        "10 s of load from ctr/stress-ng:1 on 1 CPU, Linux 6.1, cgroup v2",
        "",
        "PHASE     ANSWERS OF   MEDIAN    P95       P99       LONGEST   ANSWERS",
        "quiet     service      1.3ms     2.0ms     3.0ms     4.0ms     10",
        "",
        "KILLED AFTER   CONTAINER   OOM_SCORE_ADJ   PROCESSES",
        "1.0s           a<b         900             2",
        "2.0s           other       unknown         1",
        "",
        "Memory    a<b        █▄       at most 64MiB of 64MiB",
        "",
      ].join("\n"),
    );
  });

  it("as a drawing: a panel a plot, with limits, phases, kills and bars; names cannot break it", () => {
    const svg = reportSvg(REPORT);
    assert.equal(svg.match(/<g>/g)?.length, 2);
    assert.equal(svg.match(/<polyline /g)?.length, 1);
    assert.equal(svg.match(/stroke-dasharray="6 4"/g)?.length, 1);
    assert.equal(svg.match(/stroke="#b00020"/g)?.length, 3);
    assert.match(svg, /own &amp; shared/);
    assert.doesNotMatch(svg, /a<b|NaN|Infinity|undefined/);
  });

  it("draws one without any points", () => {
    const empty = {
      ...REPORT,
      plots: [{ title: "Memory", unit: "bytes" as const, series: [{ name: "a", points: [] }] }],
    };
    assert.doesNotMatch(reportSvg({ ...empty, phases: [], victims: [] }), /NaN|Infinity/);
  });
});
