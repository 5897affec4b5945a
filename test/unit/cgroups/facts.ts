/** Facts of a container that is well, to which a test adds its fault. */
import type { Facts, GroupStats, LimitReading, OomVictim, Pressure, Rates } from "../../../cgroups/index.ts";

export const MIB = 2 ** 20;

export const reading = (
  limit: LimitReading["limit"],
  enforced: LimitReading["enforced"],
  more: Partial<LimitReading> = {},
): LimitReading => ({
  limit,
  asked: enforced,
  enforced,
  origin: "flag",
  file: `/sys/fs/cgroup/ctr/web/${limit}`,
  value: String(enforced),
  ...more,
});

const calm: Pressure = {
  some: { avg10: 0, avg60: 0, avg300: 0, total: 0 },
  full: { avg10: 0, avg60: 0, avg300: 0, total: 0 },
};

export const stats: GroupStats = {
  cpuUsage: 5e9,
  cpuUser: 3e9,
  cpuSystem: 2e9,
  cpuPeriods: 100,
  cpuThrottledPeriods: 1,
  cpuThrottledTime: 1e7,
  memoryUsage: 30 * MIB,
  memoryPeak: 40 * MIB,
  memoryInactiveFile: 5 * MIB,
  swapUsage: 0,
  pids: 4,
  oomKills: 0,
};

export const rates: Rates = {
  seconds: 10,
  cpus: 0.2,
  throttledShare: 0.01,
  throttledTime: 0.01,
  pressure: { cpu: { some: 0.05, full: 0 }, memory: { some: 0, full: 0 }, io: { some: 0.02, full: 0.01 } },
  oomKills: 0,
  memoryMax: 0,
  memoryHigh: 0,
  pidsMax: 0,
  io: { readBytes: 10, writeBytes: 20, reads: 1, writes: 2 },
};

export const healthy: Facts = {
  id: "web",
  name: "web",
  path: "/ctr/web",
  time: 1e12,
  host: {
    mode: "unified",
    cpus: 4,
    memoryTotal: 4096 * MIB,
    memoryAvailable: 2048 * MIB,
    swapTotal: 0,
    pressure: { cpu: calm, memory: calm, io: calm },
  },
  limits: [
    reading("memory", 64 * MIB, { usage: 30 * MIB, peak: 40 * MIB }),
    reading("cpus", 0.5),
    reading("pids", 50, { usage: 4, peak: 6 }),
    reading("cpuShares", "weight 100", { asked: 1024 }),
    reading("cpusetCpus", "", { asked: undefined }),
  ],
  stats,
  signals: { oomKills: 0, memoryMax: 0, memoryHigh: 0, groupKills: 0, pidsMax: 0, populated: true, frozen: false },
  pressure: { cpu: calm, memory: calm, io: calm },
  rates,
  victims: [],
  processes: [],
  above: [],
  files: {
    cpuStat: "/sys/fs/cgroup/ctr/web/cpu.stat",
    memoryEvents: "/sys/fs/cgroup/ctr/web/memory.events",
    pidsEvents: "/sys/fs/cgroup/ctr/web/pids.events",
    groupEvents: "/sys/fs/cgroup/ctr/web/cgroup.events",
    pressure: "/sys/fs/cgroup/ctr/web",
  },
};

export const victim: OomVictim = {
  time: 5e6,
  sequence: 7,
  pid: 41,
  name: "worker",
  reason: "group",
  limitGroup: "/ctr/web",
  group: "/ctr/web",
  virtualSize: 100 * MIB,
  anonymous: 50 * MIB,
  file: MIB,
  shared: 0,
  oomScoreAdj: 0,
  withGroup: false,
  invokedBy: "worker",
  candidates: [{ pid: 41, name: "worker", rss: 51 * MIB, swap: 0, oomScoreAdj: 0 }],
};

/** The facts with other limits besides, or instead. */
export const withLimits = (facts: Facts, ...limits: readonly LimitReading[]): Facts => ({
  ...facts,
  limits: [...facts.limits.filter(({ limit }) => !limits.some((other) => other.limit === limit)), ...limits],
});

export const withPressure = (facts: Facts, pressure: Rates["pressure"], more: Partial<Rates> = {}): Facts => ({
  ...facts,
  rates: { ...rates, ...facts.rates, ...more, pressure: { ...rates.pressure, ...pressure } },
});
