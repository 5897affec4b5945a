/** HostConfig as the cgroup layer's {@link Limits}, checked against the host and with Docker's defaults filled in. */
import { type CgroupHost, type Cgroups, checkLimits, type Limits, limitsOfDocker } from "../../cgroups/index.ts";
import { invalid } from "../../lib/errors.ts";
import { groupsBelow } from "../limits/index.ts";
import type { Container, HostConfig } from "../types.ts";
import type { Parts } from "./parts.ts";
import { isUp } from "./up.ts";

const KERNEL_MEMORY = "Specifying a kernel memory limit is deprecated and has no effect. Limitation discarded.";

export interface CheckedLimits {
  /** HostConfig with the defaults that Docker fills in. */
  readonly hostConfig: HostConfig;
  readonly warnings: readonly string[];
}

type ParentParts = Pick<Parts, "cgroups" | "groups" | "defaults">;

/** The groups below which the container's is, or will be when it is started. @throws `invalid` as {@link askedGroupsOf} */
export function cgroupsOf(parts: ParentParts, container: Container): Cgroups {
  const { hostConfig, cgroupParent } = container;
  const isThere = cgroupParent !== undefined && isUp(container);
  return isThere ? parts.cgroups.under(cgroupParent) : askedGroupsOf(parts, hostConfig);
}

/** @throws `invalid`, with Docker's text for what is no slice where one is needed */
export function askedGroupsOf({ cgroups, groups, defaults }: ParentParts, { CgroupParent }: HostConfig): Cgroups {
  const { cgroupDriver: driver, cgroupParent: defaultParent } = defaults;
  return groupsBelow({ cgroups, groups, driver, defaultParent }, CgroupParent);
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

/** With the score that holds when none is asked for. */
export function scoredLimitsOf(hostConfig: HostConfig, host: CgroupHost): Limits {
  return { ...limitsOf(hostConfig), oomScoreAdj: oomScoreOf(hostConfig, host) };
}

/** @throws `invalid` on cgroup v1, which counts memory and swap together: there is nothing that swap could be told from */
export function checkSwapAlone({ Swap, Memory = 0 }: HostConfig, { controllers }: CgroupHost): void {
  if (Swap === undefined || Swap < 0 || Memory > 0 || controllers.get("memory")?.version !== 1) return;
  throw invalid("swap alone cannot be limited without a memory limit on cgroup v1", {
    code: "CTR_LIMIT_CONTRADICTION",
    hint: "give --memory too",
  });
}

/**
 * Docker's default for memory and swap together is twice the memory; where swap is not counted it stays without a
 * limit, which is worth a warning only, because nobody asked.
 * @throws `invalid` or `unsupported`, with Docker's texts where it has one
 */
export function checkHostLimits(asked: HostConfig, host: CgroupHost): CheckedLimits {
  const { KernelMemory, MemorySwapGiven: _, PidsLimit, ...others } = asked;
  // Without a limit from the beginning, none is what nobody asked for.
  const hostConfig: HostConfig = PidsLimit && PidsLimit > 0 ? { ...others, PidsLimit } : others;
  const { Memory = 0, MemorySwap = 0, Swap } = hostConfig;
  const checked = checkLimits(limitsOf(hostConfig), host);
  checkSwapAlone(hostConfig, host);
  const warnings = KernelMemory ? [KERNEL_MEMORY, ...checked.warnings] : checked.warnings;
  if (MemorySwap > 0) return { hostConfig: { ...hostConfig, MemorySwapGiven: true }, warnings };
  if (Memory <= 0 || MemorySwap !== 0 || Swap !== undefined) return { hostConfig, warnings };
  return { hostConfig: { ...hostConfig, MemorySwap: host.swapAccounting ? 2 * Memory : -1 }, warnings };
}
