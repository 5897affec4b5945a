/** The formulas between what people ask, cgroup v1 and cgroup v2. Pure. */
import type { Maximum } from "./types.ts";

/** The kernel's own default, and Docker's, in microseconds. */
export const DEFAULT_CPU_PERIOD = 100_000;
export const DEFAULT_CPU_SHARES = 1024;

export const MIN_SHARES = 2;
export const MAX_SHARES = 262_144;
const MIN_WEIGHT = 1;
const MAX_WEIGHT = 10_000;

/**
 * Shares of cgroup v1 (2 … 262144) as a weight of v2 (1 … 10000). The curve of runc 1.3.2 and crun 1.23, which meets
 * the two defaults: 1024 shares are weight 100. Not reversible, so what was asked is kept beside it.
 */
export function weightOfShares(shares: number): number {
  if (shares <= MIN_SHARES) return MIN_WEIGHT;
  if (shares >= MAX_SHARES) return MAX_WEIGHT;
  const log = Math.log2(shares);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

/** What v1 keeps of a number of shares: the kernel clamps. */
export const clampShares = (shares: number): number => Math.min(Math.max(shares, MIN_SHARES), MAX_SHARES);

/**
 * CPUs as microseconds of quota in each period. Rounded to the nearest: 0.29 × 100000 is 28999.999… in floating point.
 */
export const quotaOfCpus = (cpus: number, period: number): number => Math.round(cpus * period);

/**
 * Memory and swap together (v1, Docker) as swap alone (v2's memory.swap.max).
 * @param total bytes, not less than `memory` (checked before)
 */
export function swapOfTotal(total: Maximum, memory: Maximum): Maximum {
  if (total === "max" || memory === "max") return "max";
  return total - memory;
}

/** The way back, for reading. Without a memory limit there is no bound on both together. */
export function totalOfSwap(swap: Maximum, memory: Maximum): Maximum {
  if (swap === "max" || memory === "max") return "max";
  return swap + memory;
}

/** Swap alone beside a memory limit, as the total that v1 counts. */
export function totalWithSwap(swap: Maximum, memory: Maximum): Maximum {
  if (swap === "max" || memory === "max") return "max";
  return memory + swap;
}

/** The kernel rounds limits down to whole pages; two values this near are the same wish. */
const PAGES_APART = 4 * 4096;

/**
 * The total of memory and swap that goes with a new memory limit when no total was asked for. Docker's default is
 * twice the memory; a total that is in force and is not that default was asked for, and stays.
 * @param memory the new limit, bytes
 * @param inForce both limits as the kernel has them now
 * @returns bytes; may be less than `memory` when an asked total does not leave room: the caller judges
 */
export function totalForMemory(
  memory: Maximum,
  inForce: { readonly memory: Maximum; readonly memorySwap: Maximum },
): Maximum {
  if (memory === "max") return "max";
  if (inForce.memory === "max") return memory * 2;
  if (inForce.memorySwap === "max") return "max";
  const isDefault = Math.abs(inForce.memorySwap - inForce.memory * 2) <= PAGES_APART;
  return isDefault ? memory * 2 : inForce.memorySwap;
}

/** As numbers that compare: `max` is above all. */
export const toNumber = (value: Maximum): number => (value === "max" ? Number.POSITIVE_INFINITY : value);
