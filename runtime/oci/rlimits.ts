/** `--ulimit`: resource limits of processes, see getrlimit(2). Containers that ask for none have the engine's. */
import { invalid, unsupported } from "../../lib/errors.ts";
import { isProcessLimitName } from "../../lib/system/process-limits.ts";
import type { Ulimit } from "../types.ts";
import { type OciRlimit, RLIMIT_INFINITY } from "./spec.ts";

const UNLIMITED = -1;

/** @throws `invalid` for an unknown name, or a soft limit above the hard one */
export function rlimitsOf(ulimits: readonly Ulimit[]): OciRlimit[] {
  return ulimits.map(({ Name, Soft, Hard }) => {
    if (!isProcessLimitName(Name)) throw invalid(`invalid ulimit type: ${Name}`, "CTR_ULIMIT_INVALID");
    const negative = [Soft, Hard].find((limit) => limit < UNLIMITED);
    if (negative !== undefined) {
      throw invalid(`invalid ulimit ${Name}: ${negative} is no limit; -1 is unlimited`, "CTR_ULIMIT_INVALID");
    }
    if (Hard !== UNLIMITED && (Soft === UNLIMITED || Soft > Hard)) {
      const pair = Soft === UNLIMITED ? `soft: -1 (unlimited), hard: ${Hard}` : `${Soft} > ${Hard}`;
      throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${pair}`, "CTR_ULIMIT_INVALID");
    }
    return { type: `RLIMIT_${Name.toUpperCase()}`, hard: rlimitValue(Hard), soft: rlimitValue(Soft) };
  });
}

const rlimitValue = (limit: number): OciRlimit["hard"] => (limit === UNLIMITED ? RLIMIT_INFINITY : limit);

/**
 * An engine without CAP_SYS_RESOURCE cannot raise a hard limit above its own.
 * @param own hard limits of the engine
 * @throws `unsupported` for a limit that it cannot give
 */
export function checkRlimitsReachable(ulimits: readonly Ulimit[], own: ReadonlyMap<string, number>): void {
  for (const { Name, Hard } of ulimits) {
    const most = own.get(Name);
    if (most === undefined || (Hard !== UNLIMITED && Hard <= most)) continue;
    throw unsupported(`the hard limit ${Name} cannot be raised from ${most} to ${Hard}: CAP_SYS_RESOURCE is missing`, {
      code: "CTR_ULIMIT_UNREACHABLE",
      hint: `ask for at most --ulimit ${Name}=${most}, or give the engine CAP_SYS_RESOURCE or a higher limit`,
    });
  }
}
