/** Taking limits away that are not of the container's group: those of processes, of /dev/shm and of its interfaces. */
import { isProcessLimitName } from "../../lib/system/process-limits.ts";
import type { HostConfig } from "../types.ts";

export interface WithoutLimits {
  readonly hostConfig: HostConfig;
  /** The names that are not of these: limits of the group, or of nothing. */
  readonly others: readonly string[];
}

type Removal = (hostConfig: HostConfig, defaults: { readonly shmSize: number }) => HostConfig;

const NO_RATE = { Egress: 0, Ingress: 0 };

/** By their names as flags and in `HostConfig`, in lower case without dashes. */
const REMOVALS: Readonly<Record<string, Removal>> = {
  ulimit: (hostConfig) => ({ ...hostConfig, Ulimits: [] }),
  shmsize: (hostConfig, { shmSize }) => ({ ...hostConfig, ShmSize: shmSize }),
  // A rate of 0 and not none: the network may keep that of a former run.
  netrate: (hostConfig) => ({ ...hostConfig, NetworkRate: NO_RATE }),
};
const OTHER_NAMES: Readonly<Record<string, string>> = { ulimits: "ulimit", networkrate: "netrate" };

/**
 * @param names `ulimit` for all of them, `nofile` for one, `shm-size`, `net-rate`
 * @param defaults those of the engine; `shmSize` in bytes
 */
export function withoutLimits(
  hostConfig: HostConfig,
  names: readonly string[],
  defaults: { readonly shmSize: number },
): WithoutLimits {
  const others: string[] = [];
  let next = hostConfig;
  for (const name of names) {
    const removal = removalOf(name);
    if (removal === undefined) others.push(name);
    else next = removal(next, defaults);
  }
  return { hostConfig: next, others };
}

function removalOf(name: string): Removal | undefined {
  const plain = name.replaceAll("-", "").toLowerCase();
  if (isProcessLimitName(plain)) {
    return (hostConfig) => ({
      ...hostConfig,
      Ulimits: (hostConfig.Ulimits ?? []).filter(({ Name }) => Name !== plain),
    });
  }
  return REMOVALS[OTHER_NAMES[plain] ?? plain];
}
