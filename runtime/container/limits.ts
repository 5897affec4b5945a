/** HostConfig as the cgroup layer's {@link Limits}, checked against the host and with Docker's defaults filled in. */
import { type CgroupHost, checkLimits, type Limits, limitsOfDocker } from "../../cgroups/index.ts";
import type { HostConfig } from "../types.ts";

export interface CheckedLimits {
  /** HostConfig with the defaults that Docker fills in. */
  readonly hostConfig: HostConfig;
  readonly warnings: readonly string[];
}

/** What a container asks for. The score 0, which clients send for «not given», is left to {@link oomScoreOf}. */
export function limitsOf(hostConfig: HostConfig): Limits {
  const { oomScoreAdj, ...limits } = limitsOfDocker(hostConfig);
  return oomScoreAdj === undefined || oomScoreAdj === 0 ? limits : { ...limits, oomScoreAdj };
}

/** The score of the container's first process: what is asked, else 0, or the lowest that this host lets us set. */
export function oomScoreOf(hostConfig: HostConfig, host: CgroupHost): number {
  return hostConfig.OomScoreAdj || Math.max(0, host.lowestOomScoreAdj);
}

/**
 * Docker's default for memory and swap together is twice the memory; where swap is not counted it stays without a
 * limit, which is worth a warning only, because nobody asked.
 * @throws `invalid` or `unsupported`, with Docker's texts where it has one
 */
export function checkHostLimits(asked: HostConfig, host: CgroupHost): CheckedLimits {
  const { Memory = 0, MemorySwap = 0 } = asked;
  const { warnings } = checkLimits(limitsOf(asked), host);
  if (Memory <= 0 || MemorySwap !== 0) return { hostConfig: asked, warnings };
  return { hostConfig: { ...asked, MemorySwap: host.swapAccounting ? 2 * Memory : -1 }, warnings };
}
