/**
 * Judges limits before anything is touched: out of range, contradictory, or not to be had on this host. Texts and order
 * are Docker's (clients match on them); what Docker would discard with a warning is an error here, because a limit that
 * silently does not hold is worse than none.
 */
import { type CtrError, invalid, unsupported } from "../lib/errors.ts";
import { DEFAULT_CPU_PERIOD, quotaOfCpus } from "./convert.ts";
import type { CgroupHost, LimitController } from "./host.ts";
import { LIMIT_ROWS } from "./limits.ts";
import { formatList, parseList } from "./lists.ts";
import type { Limits } from "./types.ts";

const SMALLEST_MEMORY = 6 * 2 ** 20;
const SMALLEST_QUOTA = 1000;

export interface CheckOptions {
  /** A change of a group that exists: a total of memory and swap may then come without the memory limit. */
  readonly isUpdate?: boolean;
}

/**
 * @returns what is not as asked although nothing the user gave is at fault: sentences for the user
 * @throws `invalid` with Docker's text for a value that no host takes; `unsupported`, with the reason and the way out,
 * for a limit that this host cannot enforce
 */
export function checkLimits(limits: Limits, host: CgroupHost, options: CheckOptions = {}): { warnings: string[] } {
  const warnings: string[] = [];
  checkMemory(limits, host, warnings);
  checkMemorySwap(limits, host, options);
  checkReservation(limits, host);
  checkPids(limits, host);
  checkCpus(limits, host);
  checkCpuset(limits, host);
  checkOomScoreAdj(limits, host);
  return { warnings };
}

function checkMemory({ memory, memorySwap }: Limits, host: CgroupHost, warnings: string[]): void {
  if (memory === undefined) return;
  if (memory !== "max" && !(isWhole(memory) && memory >= SMALLEST_MEMORY)) {
    throw bad("Minimum memory limit allowed is 6MB");
  }
  demand("memory", host, "Your kernel does not support memory limit capabilities or the cgroup is not mounted");
  if (memory !== "max" && memorySwap === undefined && !host.swapAccounting) {
    warnings.push(
      "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.",
    );
  }
}

function checkMemorySwap({ memory, memorySwap }: Limits, host: CgroupHost, { isUpdate }: CheckOptions): void {
  if (memorySwap === undefined) return;
  if (memorySwap !== "max") {
    if (!isWhole(memorySwap) || (typeof memory === "number" && memorySwap < memory)) {
      throw bad("Minimum memoryswap limit should be larger than memory limit, see usage");
    }
    if (memory === "max" || (memory === undefined && isUpdate !== true)) {
      throw bad("You should always set the Memory limit when using Memoryswap limit, see usage");
    }
  }
  const text = "Your kernel does not support swap limit capabilities or the cgroup is not mounted";
  demand("memory", host, text);
  if (host.swapAccounting || memorySwap === "max") return;
  throw unsupported(`${text}: swap is not counted (swapaccount=0, or a kernel without CONFIG_SWAP)`, {
    code: "CTR_LIMIT_UNSUPPORTED",
    hint: "leave --memory-swap away, or boot the kernel with swapaccount=1",
  });
}

function checkReservation({ memory, memoryReservation }: Limits, host: CgroupHost): void {
  if (memoryReservation === undefined) return;
  demand("memory", host, "Your kernel does not support memory soft limit capabilities or the cgroup is not mounted");
  if (!isWhole(memoryReservation) || (memoryReservation !== 0 && memoryReservation < SMALLEST_MEMORY)) {
    throw bad("Minimum memory reservation allowed is 6MB");
  }
  if (typeof memory === "number" && memory < memoryReservation) {
    throw bad("Minimum memory limit can not be less than memory reservation limit, see usage");
  }
}

function checkPids({ pids }: Limits, host: CgroupHost): void {
  if (pids === undefined) return;
  if (pids !== "max" && !(isWhole(pids) && pids >= 1))
    throw bad(`invalid pids limit (${pids}): value must be positive`);
  demand("pids", host, "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted");
}

function checkCpus({ cpus, cpuPeriod, cpuShares }: Limits, host: CgroupHost): void {
  if (cpus !== undefined || cpuPeriod !== undefined) {
    const text =
      "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted";
    demand("cpu", host, text);
    if (!host.cpuQuota) throw lacking(text, "the kernel was built without CONFIG_CFS_BANDWIDTH", "--cpus");
  }
  if (cpuShares !== undefined) {
    demand("cpu", host, "Your kernel does not support CPU shares or the cgroup is not mounted");
    if (!isWhole(cpuShares) || cpuShares < 0) {
      throw bad(`invalid CPU shares (${cpuShares}): value must be a positive integer`);
    }
  }
  if (cpuPeriod !== undefined && !(isWhole(cpuPeriod) && cpuPeriod >= 1000 && cpuPeriod <= 1_000_000)) {
    throw bad("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  }
  if (cpus === undefined || cpus === "max") return;
  const available = host.cpus.length;
  const quota = quotaOfCpus(cpus, cpuPeriod ?? DEFAULT_CPU_PERIOD);
  if (cpuPeriod !== undefined && quota < SMALLEST_QUOTA) {
    throw bad("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  }
  if (!(quota >= SMALLEST_QUOTA) || (cpuPeriod === undefined && cpus > available)) {
    throw bad(`range of CPUs is from 0.01 to ${available}.00, as there are only ${available} CPUs available`);
  }
}

function checkCpuset({ cpusetCpus, cpusetMems }: Limits, host: CgroupHost): void {
  if (cpusetCpus === undefined && cpusetMems === undefined) return;
  demand("cpuset", host, "Your kernel does not support cpuset or the cgroup is not mounted");
  checkList(cpusetCpus, host.cpus, "cpus", "CPUs");
  checkList(cpusetMems, host.memoryNodes, "mems", "memory nodes");
}

function checkList(text: string | undefined, available: readonly number[], field: string, what: string): void {
  if (text === undefined) return;
  const numbers = parseList(text);
  if (numbers === undefined) throw bad(`Invalid value ${text} for cpuset ${field}`);
  if (numbers.every((number) => available.includes(number))) return;
  throw bad(`Requested ${what} are not available - requested ${text}, available: ${formatList(available)}`);
}

function checkOomScoreAdj({ oomScoreAdj }: Limits, host: CgroupHost): void {
  if (oomScoreAdj === undefined) return;
  if (!Number.isInteger(oomScoreAdj) || oomScoreAdj < -1000 || oomScoreAdj > 1000) {
    throw bad(`Invalid value ${oomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  if (oomScoreAdj >= host.lowestOomScoreAdj) return;
  throw unsupported(
    `cannot set oom_score_adj to ${oomScoreAdj}: without CAP_SYS_RESOURCE it cannot go below ${host.lowestOomScoreAdj}`,
    {
      code: "CTR_LIMIT_UNSUPPORTED",
      hint: `run the engine with the capability CAP_SYS_RESOURCE, or give --oom-score-adj ${host.lowestOomScoreAdj} or more`,
    },
  );
}

/** Not NaN, no fraction, no more than a number holds exactly, not negative. */
const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

const bad = (text: string): CtrError => invalid(text, "CTR_LIMIT_INVALID");

/** @throws `unsupported` when the host lacks the controller */
function demand(controller: LimitController, host: CgroupHost, text: string): void {
  const reason = host.absent.get(controller);
  if (reason === undefined) return;
  const flags = LIMIT_ROWS.filter((row) => row.controller === controller).map(({ flag }) => flag);
  throw lacking(text, reason, flags.join(", "));
}

const lacking = (text: string, reason: string, flags: string): CtrError =>
  unsupported(`${text}: ${reason}`, {
    code: "CTR_LIMIT_UNSUPPORTED",
    hint: `leave ${flags} away on this host, or make the controller available`,
  });
