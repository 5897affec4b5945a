/**
 * The figures of `docker stats`, from two samples of the Engine API. Docker's client computes them in
 * cli/command/container/stats_helpers.go; ours must show the same numbers.
 */

export interface CpuSample {
  /** Nanoseconds that the group has run. */
  readonly totalUsage: number;
  /** Nanoseconds that all CPUs of the host have spent, idle too; 0 when not known. */
  readonly systemUsage: number;
  readonly onlineCpus: number;
}

/** Per cent of one CPU: 200 is two CPUs. 0 while there is no earlier sample. */
export function cpuPercent(current: CpuSample, previous: CpuSample): number {
  const used = current.totalUsage - previous.totalUsage;
  const passed = current.systemUsage - previous.systemUsage;
  if (used <= 0 || passed <= 0) return 0;
  return (used / passed) * current.onlineCpus * 100;
}

/**
 * Memory without what the kernel can drop at once. v1 names it `total_inactive_file`, v2 `inactive_file`; a figure that
 * is not below the usage is not believed.
 */
export function memoryInUse(usage: number, stat: Readonly<Record<string, number>>): number {
  const v1 = stat["total_inactive_file"];
  if (v1 !== undefined && v1 < usage) return usage - v1;
  const v2 = stat["inactive_file"] ?? 0;
  return v2 < usage ? usage - v2 : usage;
}

/** 0 when there is no limit, not even the host's. */
export const memoryPercent = (inUse: number, limit: number): number => (limit === 0 ? 0 : (inUse / limit) * 100);

/** What a container may have: its own limit, or the machine's memory when that is less. */
export const memoryLimitOf = (own: number | "max" | undefined, total: number): number =>
  typeof own === "number" ? Math.min(own, total) : total;

/** All interfaces together. */
export function networkIo(
  networks: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>>,
): {
  readonly received: number;
  readonly sent: number;
} {
  const all = Object.values(networks);
  return {
    received: all.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0),
    sent: all.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0),
  };
}

/** Operations that begin with r or w, whatever their case: `Read` of v1, `read` of v2. */
export function blockIo(entries: readonly { readonly op: string; readonly value: number }[] | null): {
  readonly read: number;
  readonly written: number;
} {
  let read = 0;
  let written = 0;
  for (const { op, value } of entries ?? []) {
    const first = op[0]?.toLowerCase();
    if (first === "r") read += value;
    if (first === "w") written += value;
  }
  return { read, written };
}

/** The part of the periods with something to run in which the quota was used up; undefined without any such period. */
export function throttledShare(
  current: { readonly cpuPeriods: number; readonly cpuThrottledPeriods: number },
  previous: { readonly cpuPeriods: number; readonly cpuThrottledPeriods: number },
): number | undefined {
  const periods = current.cpuPeriods - previous.cpuPeriods;
  if (periods <= 0) return undefined;
  return (current.cpuThrottledPeriods - previous.cpuThrottledPeriods) / periods;
}
