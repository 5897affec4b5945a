import assert from "node:assert/strict";
import type { ContainerLimits } from "../../../bin/cli/client/types.ts";
import { useRow, useTable } from "../../../bin/cli/format/limit-use.ts";
import {
  askedReadings,
  LIMIT_COLUMNS,
  LIMIT_HEADINGS,
  limitNotes,
  limitRow,
  otherRow,
} from "../../../bin/cli/format/limits.ts";
import { renderRows } from "../../../bin/cli/format/rows.ts";
import { NO_STATS } from "../../../cgroups/index.ts";

const MEMORY = {
  limit: "memory",
  origin: "flag",
  asked: 67_108_864,
  enforced: 67_108_864,
  usage: 1_048_576,
  peak: 2_097_152,
  file: "/sys/fs/cgroup/memory/ctr/x/memory.limit_in_bytes",
  value: "67108864",
} as const;
const PIDS = {
  limit: "pids",
  origin: "default",
  asked: undefined,
  enforced: "max",
  usage: 2,
  file: "/sys/fs/cgroup/pids/ctr/x/pids.max",
  value: "max",
} as const;
const CPUS = {
  limit: "cpus",
  origin: "flag",
  asked: 0.5,
  enforced: 0.5,
  file: "/sys/fs/cgroup/ctr/x/cpu.max",
  value: "50000 100000",
} as const;
const GROUP = { group: "/ctr/shop.group", value: 33_554_432, file: "/sys/fs/cgroup/memory/ctr/shop.group/m" } as const;

describe("ctr limit show", () => {
  it("tells what was asked, what holds, whose it is, what is used, and where it stands", () => {
    const list = { format: undefined, columns: LIMIT_COLUMNS, headings: LIMIT_HEADINGS };
    const lines = renderRows([MEMORY, PIDS, CPUS].map(limitRow), list).trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => line.split(/ {2,}/)),
      [
        ["LIMIT", "ASKED", "ENFORCED", "FROM", "USE", "PEAK", "FILE"],
        ["memory", "64MiB", "64MiB", "flag", "1MiB", "2MiB", "memory.limit_in_bytes = 67108864"],
        ["pids-limit", "-", "unlimited", "default", "2", "-", "pids.max = max"],
        ["cpus", "0.5", "0.5", "flag", "-", "-", "cpu.max = 50000 100000"],
      ],
    );
  });

  it("names the group above that has less", () => {
    const bound = { ...MEMORY, boundBy: GROUP };
    assert.equal(limitRow(bound)["From"], "group");
    assert.deepEqual(limitNotes("web", [bound]), [
      "memory: the group /ctr/shop.group has less, 32MiB (/sys/fs/cgroup/memory/ctr/shop.group/m)",
    ]);
  });

  it("says when somebody changed a limit behind the engine, and not of what the kernel rounds", () => {
    assert.deepEqual(limitNotes("web", [{ ...MEMORY, asked: 67_108_865 }, CPUS, PIDS]), []);
    const [note = ""] = limitNotes("web", [
      { ...MEMORY, enforced: "max" },
      { ...CPUS, enforced: 0.6 },
    ]);
    assert.match(note, /^not as asked: memory, cpus;.*ctr limit set web --repair$/);
  });

  it("knows of a container that does not run what it asks for", () => {
    assert.deepEqual(askedReadings({ pids: 5, memory: 64, oomScoreAdj: 0 }), [
      { limit: "memory", asked: 64, origin: "flag" },
      { limit: "pids", asked: 5, origin: "flag" },
    ]);
  });

  it("shows what no cgroup keeps in words", () => {
    const row = (other: Parameters<typeof otherRow>[0]) => {
      const { Asked, Enforced, From } = otherRow(other);
      return [Asked, Enforced, From];
    };
    assert.deepEqual(row({ limit: "ulimit core", asked: "0:-1", enforced: "0:-1" }), [
      ...["0:unlimited", "0:unlimited", "flag"],
    ]);
    assert.deepEqual(row({ limit: "net-rate egress", asked: 1e6 }), ["1 Mbit/s", "-", "flag"]);
    assert.deepEqual(row({ limit: "shm-size", enforced: 64 << 20 }), ["-", "64MiB", "default"]);
  });
});

describe("ctr limit ls", () => {
  const container = (...Limits: ContainerLimits["Limits"]): ContainerLimits => ({
    ...{ Id: "8f67da5164bbb1b59e9c1e63729a77ef", Name: "web", Status: "running", Driver: "cgroup v2" },
    ...{ Asked: {}, Limits, Others: [], Stats: NO_STATS },
  });
  const figures = {
    ...{ cpu: 25, cpuLimit: 0.5, memory: 16 << 20, memoryLimit: 64 << 20, memoryPercent: 25, swap: undefined },
    ...{ received: 0, sent: 0, read: 0, written: 0, pids: 2, pidsLimit: undefined, oomKills: 1, throttled: 0.5 },
    pressure: { cpu: 0.5, memory: 0, io: undefined },
    usage: {
      ...{ Id: "x", Name: "web", Image: "busybox", Status: "running" },
      Stats: { ...NO_STATS, cpuPeriods: 8, cpuThrottledPeriods: 2 },
    },
  } as const;

  it("sets limits against use", () => {
    assert.deepEqual(useRow(container(MEMORY, PIDS, CPUS), figures, false), {
      ID: "8f67da5164bb",
      Name: "web",
      Memory: "16MiB / 64MiB",
      MemoryBar: "███░░░░░░░ 25%",
      CPUs: "0.25 / 0.5",
      CPUBar: "█████░░░░░ 50%",
      Throttled: "25%",
      Pids: "2 / unlimited",
      Pressure: "50%/0%/-",
      OOMKills: "1",
    });
  });

  it("measures against the group above where that has less", () => {
    const { Memory } = useRow(container({ ...MEMORY, boundBy: GROUP }), figures, false);
    assert.equal(Memory, "16MiB / 32MiB");
  });

  it("fits in the terminal: without bars, closer, with fewer columns; names stay whole", () => {
    const rows = [useRow(container(MEMORY, PIDS, CPUS), figures, false)];
    const table = (width: number): string => useTable(rows, width);
    const widest = (text: string): number => Math.max(...text.split("\n").map((line) => [...line].length));
    for (const width of [140, 100, 80, 70, 60, 50]) assert.ok(widest(table(width)) <= width, `${width}`);
    assert.match(table(140), /25%.*50%.*WAITS|███/s);
    assert.doesNotMatch(table(100), /█/);
    assert.match(table(80), /WAITS C\/M\/IO/);
    assert.equal(
      table(60),
      "NAME  MEMORY/LIMIT  CPUS/LIMIT  THROTTLED  PIDS/LIMIT  OOM\nweb   16MiB/64MiB   0.25/0.5    25%        2/max       1\n",
    );
    assert.equal(table(20), "NAME  MEMORY/LIMIT  CPUS/LIMIT  OOM\nweb   16MiB/64MiB   0.25/0.5    1\n");
  });
});
