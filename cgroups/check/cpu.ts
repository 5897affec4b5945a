/** Values of CPU time, shares, realtime and sets. */
import { DEFAULT_CPU_PERIOD, MAX_SHARES, MIN_SHARES, quotaOfCpus } from "../convert.ts";
import type { CgroupHost } from "../host.ts";
import { formatList, parseList, whyNoList } from "../lists.ts";
import type { Limits } from "../types.ts";
import { bad, isWhole } from "./values.ts";

/** Microseconds: the kernel's own bound. */
const SMALLEST_QUOTA = 1000;

export function checkCpus({ cpus, cpuPeriod, cpuShares }: Limits, host: CgroupHost, asked: Limits = {}): void {
  checkShares(cpuShares, host);
  if (cpuPeriod !== undefined && !(isWhole(cpuPeriod) && cpuPeriod >= 1000 && cpuPeriod <= 1_000_000)) {
    throw bad("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  }
  if (cpus === undefined || cpus === "max") return;
  const available = host.cpus.length;
  const quota = quotaOfCpus(cpus, cpuPeriod ?? DEFAULT_CPU_PERIOD);
  if (cpuPeriod !== undefined && quota < SMALLEST_QUOTA) {
    throw bad("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  }
  // With a period it is a quota, which may be more than all CPUs can give.
  const isQuota = (cpuPeriod ?? asked.cpuPeriod) !== undefined;
  if (!(quota >= SMALLEST_QUOTA) || (!isQuota && cpus > available)) {
    throw bad(`range of CPUs is from 0.01 to ${available}.00, as there are only ${available} CPUs available`);
  }
}

/** v1 refuses what it would clamp, as runc does; on v2 the curve of weights ends there. */
function checkShares(shares: number | undefined, { controllers }: CgroupHost): void {
  if (shares === undefined) return;
  if (!Number.isInteger(shares) || shares < 0) {
    throw bad(`invalid CPU shares (${shares}): value must be a positive integer`);
  }
  if (shares === 0 || controllers.get("cpu")?.version !== 1) return;
  if (shares < MIN_SHARES) throw bad(`the minimum allowed cpu-shares is ${MIN_SHARES}`);
  if (shares > MAX_SHARES) throw bad(`the maximum allowed cpu-shares is ${MAX_SHARES}`);
}

export function checkRealtime(limits: Limits, asked: Limits = {}): void {
  const { cpuRealtimePeriod: period, cpuRealtimeRuntime: runtime } = limits;
  if (period !== undefined && !(isWhole(period) && period > 0)) {
    throw bad(`invalid CPU real-time period (${period}): value must be a positive integer`);
  }
  if (runtime !== undefined && !isWhole(runtime)) {
    throw bad(`invalid CPU real-time runtime (${runtime}): value must be a positive integer`);
  }
  if (period === undefined && runtime === undefined) return;
  const { cpuRealtimePeriod = 1_000_000, cpuRealtimeRuntime = 0 } = { ...asked, ...limits };
  if (cpuRealtimeRuntime > cpuRealtimePeriod) {
    throw bad("cpu real-time runtime cannot be higher than cpu real-time period");
  }
}

export function checkCpuset({ cpusetCpus, cpusetMems }: Limits, host: CgroupHost): void {
  checkList(cpusetCpus, host.cpus, "cpus", "CPUs");
  checkList(cpusetMems, host.memoryNodes, "mems", "memory nodes");
}

function checkList(text: string | undefined, available: readonly number[], field: string, what: string): void {
  if (text === undefined) return;
  const numbers = parseList(text);
  if (numbers === undefined) throw bad(`Invalid value ${text} for cpuset ${field}: ${whyNoList(text)}`);
  if (numbers.every((number) => available.includes(number))) return;
  throw bad(`Requested ${what} are not available - requested ${text}, available: ${formatList(available)}`);
}
