import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { advise, type Limits, type Moment, summarize } from "../../../cgroups/index.ts";
import { Threshold } from "../../../cgroups/watch/threshold.ts";
import { MIB, stats } from "./facts.ts";

const host = { cpus: 4, memoryTotal: 8192 * MIB };

interface Figures {
  readonly memory: number;
  readonly cpus: number;
  readonly pids?: number;
  readonly throttled?: number;
  readonly oomKills?: number;
  readonly pidsMax?: number;
  /** Part of the time that it waited for memory. */
  readonly waited?: number;
}

/** A sample each second; CPU time adds up. */
function record(seconds: number, at: (second: number) => Figures): Moment[] {
  let cpuUsage = 0;
  return Array.from({ length: seconds + 1 }, (_, second): Moment => {
    const { memory, cpus, pids = 5, throttled = 0, oomKills = 0, pidsMax = 0, waited = 0 } = at(second);
    cpuUsage += cpus * 1e9;
    const total = waited * second * 1e6;
    const stall = { avg10: 0, avg60: 0, avg300: 0, total };
    return {
      time: 1e12 + second * 1000,
      stats: {
        ...stats,
        cpuUsage,
        memoryUsage: memory,
        memoryInactiveFile: 0,
        memoryPeak: memory,
        pids,
        cpuPeriods: second * 10,
        cpuThrottledPeriods: second * 10 * throttled,
        cpuThrottledTime: second * throttled * 5e8,
        oomKills: oomKills * second,
      },
      signals: { oomKills: oomKills * second, pidsMax: pidsMax * second },
      pressure: { memory: { some: stall, full: stall } },
    };
  });
}

const proposal = (moments: readonly Moment[], limits: Limits, limit: keyof Limits) =>
  advise(moments, { limits, host })?.proposals.find((one) => one.limit === limit);

describe("advise", () => {
  it("leaves room above what was used, and says with which figures", () => {
    const moments = record(600, (second) => ({ memory: (second === 300 ? 100 : 60) * MIB, cpus: 0.4 }));
    const memory = proposal(moments, {}, "memory");
    assert.ok(
      memory !== undefined && memory.proposed >= 120 * MIB && memory.proposed <= 140 * MIB,
      `${memory?.proposed}`,
    );
    assert.match(memory.reasons[0] ?? "", /held 100MiB at most and 60MiB in 95 %/);
    assert.equal(memory.confidence, "high");
    assert.equal(proposal(moments, {}, "cpus")?.proposed, 0.5);
    assert.equal(proposal(moments, {}, "pids")?.proposed, 64);
  });

  it("does not take the limit for the need: who was held back gets more than he had", () => {
    const limits: Limits = { memory: 64 * MIB, cpus: 0.5, pids: 20 };
    const short = record(600, () => ({
      memory: 63 * MIB,
      cpus: 0.5,
      throttled: 0.9,
      oomKills: 1,
      pids: 20,
      pidsMax: 1,
    }));
    assert.ok((proposal(short, limits, "memory")?.proposed ?? 0) >= 96 * MIB);
    assert.ok((proposal(short, limits, "cpus")?.proposed ?? 0) > 0.6);
    assert.ok((proposal(short, limits, "pids")?.proposed ?? 0) >= 40);
    const waiting = record(600, () => ({ memory: 60 * MIB, cpus: 0.1, waited: 0.3 }));
    assert.match(proposal(waiting, limits, "memory")?.reasons.join(" ") ?? "", /waited for memory in 30 %/);
  });

  it("proposes nothing where the limits fit, and less where they are far too wide", () => {
    const moments = record(600, () => ({ memory: 100 * MIB, cpus: 0.4, pids: 30 }));
    assert.deepEqual(advise(moments, { limits: { memory: 128 * MIB, cpus: 0.5, pids: 64 }, host })?.proposals, []);
    const wide = advise(moments, { limits: { memory: 4096 * MIB, cpus: 4, pids: 5000 }, host });
    assert.deepEqual(Object.keys(wide?.change ?? {}), ["memory", "cpus"], "a wide fence of tasks harms nobody");
    assert.ok(Number(wide?.change.memory) < 200 * MIB);
  });

  it("says when too little was seen", () => {
    assert.equal(advise([], { limits: {}, host }), undefined);
    assert.equal(
      advise(
        record(0, () => ({ memory: MIB, cpus: 0 })),
        { limits: {}, host },
      ),
      undefined,
    );
    assert.equal(
      proposal(
        record(30, () => ({ memory: 90 * MIB, cpus: 1 })),
        {},
        "memory",
      )?.confidence,
      "low",
    );
  });

  it("is never above the machine nor below the use, whatever was recorded", () => {
    const figures = fc.record({
      memory: fc.integer({ min: 0, max: 8000 * MIB }),
      cpus: fc.double({ min: 0, max: 4, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(figures, { minLength: 2, maxLength: 30 }), (all) => {
        const moments = record(all.length - 1, (second) => all[second] ?? { memory: 0, cpus: 0 });
        const { proposals = [], summary } = advise(moments, { limits: {}, host }) ?? {};
        for (const { limit, proposed } of proposals) {
          assert.ok(Number.isFinite(proposed) && proposed > 0);
          if (limit === "memory") assert.ok(proposed <= host.memoryTotal && proposed >= (summary?.memory.peak ?? 0));
          if (limit === "cpus") assert.ok(proposed <= host.cpus);
        }
      }),
    );
  });

  it("summarizes: median, 95 %, peak", () => {
    const moments = record(99, (second) => ({ memory: (second + 1) * MIB, cpus: 1 }));
    const summary = summarize(moments);
    assert.equal(summary?.memory.median, 51 * MIB);
    assert.equal(summary?.memory.p95, 96 * MIB);
    assert.equal(summary?.memory.peak, 100 * MIB);
    assert.equal(summary?.seconds, 99);
    assert.equal(Math.round((summary?.rates.cpus ?? 0) * 100), 100);
  });
});

describe("a threshold", () => {
  it("tells when it is crossed, over whole windows, and once", () => {
    const threshold = new Threshold(0.5, 1000);
    const told = [
      [0, 0],
      [900, 500], // Not a whole window.
      [900, 1000], // 90 %.
      [1800, 2000], // Still.
      [2250, 3000], // 45 %: not well below.
      [2260, 4000], // 1 %.
      [2270, 5000],
    ].map(([lost = 0, time = 0]) => threshold.take(lost, time, time)?.state);
    assert.deepEqual(told, [undefined, undefined, "above", undefined, undefined, "below", undefined]);
  });
});
