import assert from "node:assert/strict";
import type { ContainerUsage, UsageLine } from "../../../bin/cli/client/usage.ts";
import { type Figures, figuresOf } from "../../../bin/cli/format/figures.ts";
import { statsRow } from "../../../bin/cli/format/stats.ts";
import { bar, column, lastOf, sparkline } from "../../../bin/cli/graph/blocks.ts";
import { History } from "../../../bin/cli/graph/history.ts";
import { drawPanel, drawPanels } from "../../../bin/cli/graph/panel.ts";
import { drawAll, drawOne, plainLine } from "../../../bin/cli/graph/views.ts";
import { type GroupStats, type Limits, NO_STATS } from "../../../cgroups/index.ts";

const ID = "8f67da5164bbb1b59e9c1e63729a77ef3dc3e5556dca771f3399d47b7f50358a";

const web = (stats: Partial<GroupStats>, waited: number, limits: Limits = {}): ContainerUsage => ({
  ...{ Id: ID, Name: "web", Image: "busybox", Status: "running", Limits: limits },
  Stats: { ...NO_STATS, ...stats },
  Waited: { cpu: waited },
  Networks: { eth0: { rx_bytes: 1000, tx_bytes: 2000 }, eth1: { rx_bytes: 500, tx_bytes: 0 } },
});

/** Seconds since the first; each second has 2 CPUs. */
const line = (second: number, ...Containers: readonly ContainerUsage[]): UsageLine => ({
  Time: 1000 * second,
  Host: { CpuTime: 2e9 * second, Cpus: 2, Memory: 1 << 30 },
  Containers,
});

const figures = (before: UsageLine | undefined, now: UsageLine): Figures => {
  const [one] = figuresOf({ before, now });
  assert.ok(one);
  return one;
};

describe("figures of usage", () => {
  const limits = { cpus: 0.5, memory: 64 << 20, pids: 10 } as const;
  const before = line(1, web({ cpuUsage: 1e9, cpuPeriods: 10, cpuThrottledPeriods: 2 }, 0, limits));
  const now = line(
    2,
    web(
      { cpuUsage: 1.5e9, cpuPeriods: 20, cpuThrottledPeriods: 7, memoryUsage: 3 << 20, memoryInactiveFile: 1 << 20 },
      250_000,
      limits,
    ),
  );

  it("are what happened between two lines", () => {
    const { cpu, throttled, pressure } = figures(before, now);
    assert.deepEqual([cpu, throttled, pressure.cpu, pressure.io], [50, 0.5, 0.25, undefined]);
  });

  it("begin with what one line tells", () => {
    const { cpu, throttled, memory, memoryPercent } = figures(undefined, now);
    assert.deepEqual([cpu, throttled, memory, memoryPercent], [undefined, undefined, 2 << 20, 3.125]);
  });

  it("take the machine's memory for the limit of a container without one", () => {
    const { memoryLimit, throttled } = figures(line(1, web({}, 0)), line(2, web({}, 0)));
    assert.deepEqual([memoryLimit, throttled], [1 << 30, undefined]);
  });

  it("are nothing for a container that does not run", () => {
    const stopped = { Id: ID, Name: "web", Image: "busybox", Status: "exited" };
    const row = statsRow(figures(undefined, line(1, stopped)), undefined, false);
    assert.deepEqual(
      [row["CPUPerc"], row["MemUsage"], row["NetIO"], row["PIDs"]],
      ["0.00%", "0B / 0B", "0B / 0B", "0"],
    );
  });

  it("become Docker's columns", () => {
    const row = statsRow(figures(before, now), "web", false);
    assert.deepEqual(
      [row["Container"], row["ID"], row["CPUPerc"], row["MemUsage"], row["MemPerc"], row["NetIO"], row["BlockIO"]],
      ["web", "8f67da5164bb", "50.00%", "2MiB / 64MiB", "3.13%", "1.5kB / 2kB", "0B / 0B"],
    );
    assert.equal(statsRow(figures(undefined, now), undefined, true)["CPUPerc"], "--");
  });

  it("fit in a plain line", () => {
    assert.equal(
      plainLine(now.Time, figures(before, now)),
      "1970-01-01T00:00:02.000Z web  cpu 50.0% of 0.5 CPUs  memory 2MiB of 64MiB (3.1%)  throttled 50%  waits cpu 25% memory - io -  pids 0  oom-kills 0",
    );
  });

  it("are drawn within the window, whatever its size", () => {
    const history = new History();
    const all = figuresOf({ before, now });
    for (let count = 0; count < 700; count++) history.add(all);
    assert.ok(history.of(ID).length <= 600);
    for (const [width, height] of [
      [100, 30],
      [40, 10],
      [200, 60],
      [10, 3],
    ] as const) {
      const [one] = all;
      assert.ok(one);
      for (const lines of [drawOne(one, history, { width, height }), drawAll(all, history, { width, height })]) {
        assert.ok(lines.length <= Math.max(height, 4), `${lines.length} lines in ${width} × ${height}`);
      }
    }
    history.add([]);
    assert.deepEqual(history.of(ID), []);
  });
});

describe("drawings", () => {
  it("draw bars", () => {
    assert.deepEqual([bar(0, 4), bar(0.5, 4), bar(7, 4), bar(-1, 4)], ["░░░░", "██░░", "████", "░░░░"]);
  });

  it("draw columns in eighths, and show whatever is above nothing", () => {
    assert.deepEqual(column(0, 1, 2), [" ", " "]);
    assert.deepEqual(column(0.0001, 1, 2), ["▁", " "]);
    assert.deepEqual(column(0.75, 1, 2), ["█", "▄"]);
    assert.deepEqual(column(9, 1, 2), ["█", "█"]);
    assert.deepEqual(column(undefined, 1, 1), [" "]);
  });

  it("keep the newest at the right", () => {
    assert.deepEqual(lastOf([1, 2, 3], 2), [2, 3]);
    assert.equal(sparkline([1, 2], 2, 4), "  ▄█");
  });

  it("put a scale beside a curve", () => {
    const curve = { title: "CPU", value: "50%", values: [0.5, 1], max: 1, maxText: "100%" };
    assert.equal(drawPanel({ ...curve, value: "50%, and more" }, { width: 10, height: 3 })[0], "CPU: 50%,…");
    assert.deepEqual(drawPanel(curve, { width: 10, height: 3 }), ["CPU: 50%  ", "100%│    █", "   0│   ██"]);
  });

  it("stand side by side where there is room", () => {
    const curve = { title: "CPU", value: "1", values: [], max: 1, maxText: "1" };
    assert.equal(
      drawPanels([curve, curve], { width: 60, height: 4 }).filter((text) => /CPU.*CPU/.test(text)).length,
      1,
    );
    assert.equal(drawPanels([curve, curve], { width: 30, height: 8 }).filter((text) => /CPU/.test(text)).length, 2);
  });
});
