/** Values of memory, swap, tasks and oom_score_adj. */
import { unsupported } from "../../lib/errors.ts";
import type { CheckOptions } from "../check.ts";
import type { CgroupHost } from "../host.ts";
import type { Limits } from "../types.ts";
import { bad, contradiction, isWhole } from "./values.ts";

const SMALLEST_MEMORY = 6 * 2 ** 20;

/** PID_MAX_LIMIT of kernels for 64 bits. */
const MOST_PIDS = 4 * 2 ** 20;

export function checkMemory(limits: Limits, options: CheckOptions): void {
  const { memory, memoryHigh, memorySwappiness } = limits;
  if (memory !== undefined && memory !== "max" && !isEnough(memory)) throw bad("Minimum memory limit allowed is 6MB");
  checkSwap(limits, options);
  if (memoryHigh !== undefined && memoryHigh !== "max" && !isEnough(memoryHigh)) {
    throw bad("Minimum memory high limit allowed is 6MB");
  }
  checkReservation(limits, options.asked ?? {});
  if (memorySwappiness === undefined) return;
  if (!isWhole(memorySwappiness) || memorySwappiness > 100) {
    throw bad(`Invalid value: ${memorySwappiness}, valid memory swappiness range is 0-100`);
  }
}

const isEnough = (bytes: number): boolean => isWhole(bytes) && bytes >= SMALLEST_MEMORY;

function checkSwap({ memory, memorySwap, swap }: Limits, { isUpdate }: CheckOptions): void {
  if (swap !== undefined && memorySwap !== undefined) {
    throw contradiction(
      "Conflicting options: Swap and MemorySwap cannot both be set",
      "--memory-swap is memory and swap together, --swap is swap alone: give one of them",
    );
  }
  if (swap !== undefined && swap !== "max" && !isWhole(swap)) throw bad(`invalid swap limit (${swap}): bytes, or -1`);
  if (memorySwap === undefined || memorySwap === "max") return;
  if (!isWhole(memorySwap) || (typeof memory === "number" && memorySwap < memory)) {
    throw bad("Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (memory === "max" || (memory === undefined && isUpdate !== true)) {
    throw bad("You should always set the Memory limit when using Memoryswap limit, see usage");
  }
}

function checkReservation(limits: Limits, asked: Limits): void {
  const { memoryReservation = asked.memoryReservation, memory = asked.memory } = limits;
  if (limits.memoryReservation === undefined && limits.memory === undefined) return;
  if (memoryReservation === undefined || memoryReservation === 0) return;
  if (!isEnough(memoryReservation)) throw bad("Minimum memory reservation allowed is 6MB");
  if (typeof memory === "number" && memory < memoryReservation) {
    throw bad("Minimum memory limit can not be less than memory reservation limit, see usage");
  }
}

export function checkPids({ pids }: Limits): void {
  if (pids === undefined || pids === "max") return;
  if (!(Number.isInteger(pids) && pids >= 1)) throw bad(`invalid pids limit (${pids}): value must be positive`);
  if (pids > MOST_PIDS) throw bad(`invalid pids limit (${pids}): the kernel takes at most ${MOST_PIDS}`);
}

export function checkOomScoreAdj({ oomScoreAdj }: Limits, host: CgroupHost): void {
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
