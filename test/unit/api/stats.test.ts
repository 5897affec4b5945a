import assert from "node:assert/strict";
import { type KernelStats, NO_STATS } from "../../../cgroups/index.ts";
import { noStatsView, type StatsSample, statsView } from "../../../runtime/api/views/stats.ts";
import { hybridHost, unifiedHost } from "../cgroups/fake-kernel.ts";
import { CONTAINER_ID } from "./records.ts";

const WEB = { id: CONTAINER_ID, name: "web" };
const SECOND = Date.parse("2026-01-01T00:00:02Z");
const ENTRY = { major: 8, minor: 0, op: "Read", value: 10 };

const KERNEL: KernelStats = {
  memory: { cache: 1, total_inactive_file: 40 },
  memoryFailures: 0,
  ioBytes: [ENTRY],
  ioOperations: [{ ...ENTRY, value: 1 }],
  cpuUsagePerCpu: [3, 4],
};

const SAMPLE: StatsSample = {
  time: SECOND,
  host: { time: 100e9, cpus: 2 },
  container: {
    stats: { ...NO_STATS, cpuUsage: 5e9, memoryUsage: 100, pids: 2 },
    networks: {},
    limits: {},
  },
  kernel: KERNEL,
};

describe("statsView", () => {
  const hybrid = hybridHost().host;
  const unified = unifiedHost().host;

  it("gives clients what they compute percentages from", () => {
    const { container } = SAMPLE;
    const previous = {
      ...{ ...SAMPLE, time: SECOND - 1000, host: { time: 98e9, cpus: 2 } },
      container: { ...container, stats: { ...container.stats, cpuUsage: 4e9 } },
    };
    const view = statsView(WEB, SAMPLE, previous, hybrid);
    assert.deepEqual([view.cpu_stats.cpu_usage.total_usage, view.precpu_stats.cpu_usage.total_usage], [5e9, 4e9]);
    assert.deepEqual([view.read, view.preread], ["2026-01-01T00:00:02.000000000Z", "2026-01-01T00:00:01.000000000Z"]);
  });

  it("has the machine's memory as the limit of a container without one", () => {
    const { memoryTotal } = hybrid;
    const limited = { ...SAMPLE, container: { ...SAMPLE.container, limits: { memory: 1000, pids: 50 } } };
    assert.equal(statsView(WEB, SAMPLE, undefined, hybrid).memory_stats.limit, memoryTotal);
    const view = statsView(WEB, limited, undefined, hybrid);
    assert.deepEqual([view.memory_stats.limit, view.pids_stats], [1000, { current: 2, limit: 50 }]);
  });

  it("leaves away what there is none of, as Docker does", () => {
    const text = JSON.stringify(statsView(WEB, SAMPLE, undefined, hybrid));
    for (const absent of ["networks", "failcnt", "max_usage", '"limit":null'])
      assert.equal(text.includes(absent), false, absent);
  });

  it("has v1's lists of block I/O, empty ones too, and the time of each CPU", () => {
    const view = statsView(WEB, SAMPLE, undefined, hybrid);
    assert.deepEqual(view.blkio_stats.io_service_bytes_recursive, [ENTRY]);
    assert.deepEqual(view.blkio_stats.io_queue_recursive, []);
    assert.deepEqual(view.cpu_stats.cpu_usage, {
      ...{ total_usage: 5e9, percpu_usage: [3, 4], usage_in_kernelmode: 0, usage_in_usermode: 0 },
    });
  });

  it("has v2's single list, and null for the others", () => {
    const kernel = { ...KERNEL, ioBytes: [], ioOperations: [], cpuUsagePerCpu: [] };
    const view = statsView(WEB, { ...SAMPLE, kernel }, undefined, unified);
    assert.deepEqual(new Set(Object.values(view.blkio_stats)), new Set([null]));
    assert.equal("percpu_usage" in view.cpu_stats.cpu_usage, false);
  });

  it("is empty for a container that does not run", () => {
    const view = noStatsView(WEB);
    assert.deepEqual([view.name, view.read, view.memory_stats], ["/web", "0001-01-01T00:00:00Z", {}]);
  });
});
