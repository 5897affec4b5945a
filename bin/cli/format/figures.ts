/** The figures of one container between two lines of usage: Docker's formulas, and those that Docker does not show. */
import {
  cpuPercent,
  memoryInUse,
  memoryLimitOf,
  networkIo,
  type PressureResource,
  throttledShare,
} from "../../../cgroups/index.ts";
import type { ContainerUsage, UsageLine, UsageStep } from "../client/usage.ts";

export interface Figures {
  readonly usage: ContainerUsage;
  /** Per cent of one CPU; undefined before the second line. */
  readonly cpu: number | undefined;
  /** The CPU limit as a number of CPUs; undefined for none. */
  readonly cpuLimit: number | undefined;
  /** Bytes without what the kernel can drop at once. */
  readonly memory: number;
  /** Bytes: its own limit, or the machine's memory. */
  readonly memoryLimit: number;
  readonly memoryPercent: number;
  /** Bytes; undefined where it is not counted. */
  readonly swap: number | undefined;
  readonly received: number;
  readonly sent: number;
  readonly read: number;
  readonly written: number;
  readonly pids: number;
  readonly pidsLimit: number | undefined;
  readonly oomKills: number;
  /** Part of the periods in which the CPU quota was used up, 0 … 1; undefined without a quota, or before the second line. */
  readonly throttled: number | undefined;
  /** Part of the time that some task waited, 0 … 1; undefined where it is not measured, or before the second line. */
  readonly pressure: Readonly<Record<PressureResource, number | undefined>>;
}

/** Of all containers of the newer line, in its order. */
export function figuresOf({ before, now }: UsageStep): Figures[] {
  const earlier = new Map(before?.Containers.map((container) => [container.Id, container]));
  return now.Containers.map((container) => {
    const former = earlier.get(container.Id);
    return figures(
      now,
      container,
      before !== undefined && former?.Stats !== undefined ? { line: before, former } : undefined,
    );
  });
}

interface Earlier {
  readonly line: UsageLine;
  readonly former: ContainerUsage;
}

function figures(now: UsageLine, usage: ContainerUsage, earlier: Earlier | undefined): Figures {
  const { Stats, Limits = {}, Networks = {} } = usage;
  const memory = Stats === undefined ? 0 : memoryInUse(Stats.memoryUsage, { inactive_file: Stats.memoryInactiveFile });
  const memoryLimit = Stats === undefined ? 0 : memoryLimitOf(Limits.memory, now.Host.Memory);
  return {
    usage,
    cpu: Stats === undefined ? 0 : cpuOf(now, usage, earlier),
    cpuLimit: limited(Limits.cpus),
    ...{ memory, memoryLimit, memoryPercent: memoryLimit === 0 ? 0 : (memory / memoryLimit) * 100 },
    swap: Stats?.swapUsage,
    ...networkIo(Networks),
    read: Stats?.io?.readBytes ?? 0,
    written: Stats?.io?.writeBytes ?? 0,
    pids: Stats?.pids ?? 0,
    pidsLimit: limited(Limits.pids),
    oomKills: Stats?.oomKills ?? 0,
    throttled:
      Stats === undefined || earlier?.former.Stats === undefined || limited(Limits.cpus) === undefined
        ? undefined
        : (throttledShare(periodsOf(Stats), periodsOf(earlier.former.Stats)) ?? 0),
    pressure: {
      cpu: pressureOf("cpu", now, usage, earlier),
      memory: pressureOf("memory", now, usage, earlier),
      io: pressureOf("io", now, usage, earlier),
    },
  };
}

/** Absent where they were not asked for. */
const periodsOf = ({ cpuPeriods = 0, cpuThrottledPeriods = 0 }: NonNullable<ContainerUsage["Stats"]>) => ({
  ...{ cpuPeriods, cpuThrottledPeriods },
});

const limited = (value: number | "max" | undefined): number | undefined =>
  typeof value === "number" ? value : undefined;

function cpuOf({ Host }: UsageLine, { Stats }: ContainerUsage, earlier: Earlier | undefined): number | undefined {
  const former = earlier?.former.Stats;
  if (Stats === undefined || former === undefined || earlier === undefined) return undefined;
  const sample = (usage: number, { CpuTime, Cpus }: UsageLine["Host"]) => ({
    ...{ totalUsage: usage, systemUsage: CpuTime, onlineCpus: Cpus },
  });
  return cpuPercent(sample(Stats.cpuUsage, Host), sample(former.cpuUsage, earlier.line.Host));
}

function pressureOf(
  resource: PressureResource,
  now: UsageLine,
  { Waited }: ContainerUsage,
  earlier: Earlier | undefined,
): number | undefined {
  const [total, former] = [Waited?.[resource], earlier?.former.Waited?.[resource]];
  if (total === undefined || former === undefined || earlier === undefined) return undefined;
  const passed = (now.Time - earlier.line.Time) * 1000;
  return passed <= 0 ? undefined : Math.min(1, Math.max(0, (total - former) / passed));
}
