/** Limits of a container that no cgroup keeps: those of its processes, of its shared memory, of its network. */
import { readFileSync, statfsSync } from "node:fs";
import { hasCode } from "../../lib/errors.ts";
import { isProcessLimitName } from "../../lib/system/process-limits.ts";
import { readResourceLimit } from "../../lib/system/rlimits.ts";
import type { Container, Ulimit } from "../types.ts";

/** Sizes in bytes, rates in bits a second, ulimits as `soft:hard` with −1 for none. */
export interface OtherLimit {
  /** `ulimit nofile`, `shm-size`, `net-rate egress`. */
  readonly limit: string;
  readonly asked: number | string | undefined;
  /** Undefined where it cannot be read, or the container does not run. */
  readonly enforced?: number | string;
  readonly usage?: number;
  /** Where it was read. */
  readonly file?: string;
}

/** What Docker gives a container that asks for nothing. */
const DEFAULT_SHM_SIZE = 64 << 20;

export function otherLimits(container: Container): OtherLimit[] {
  const { hostConfig, status } = container;
  const pid = status === "running" || status === "paused" ? container.pid : undefined;
  const { Egress, Ingress } = hostConfig.NetworkRate ?? {};
  return [
    ...(hostConfig.Ulimits ?? []).map((ulimit) => ulimitOf(ulimit, pid)),
    ...sharedMemory(hostConfig.ShmSize, pid),
    ...(Egress ? [{ limit: "net-rate egress", asked: Egress }] : []),
    ...(Ingress ? [{ limit: "net-rate ingress", asked: Ingress }] : []),
  ];
}

/** Of the container's first process. */
function ulimitOf({ Name, Soft, Hard }: Ulimit, pid: number | undefined): OtherLimit {
  const limit = { limit: `ulimit ${Name}`, asked: `${Soft}:${Hard}` };
  const enforced = unlessGone(() =>
    pid !== undefined && isProcessLimitName(Name) ? readResourceLimit(pid, Name) : undefined,
  );
  if (enforced === undefined) return limit;
  return { ...limit, enforced: `${enforced.soft}:${enforced.hard}`, file: `/proc/${pid}/limits` };
}

function sharedMemory(asked: number | undefined, pid: number | undefined): OtherLimit[] {
  const limit = { limit: "shm-size", asked: asked === DEFAULT_SHM_SIZE ? undefined : asked };
  const file = `/proc/${pid}/root/dev/shm`;
  // An image may have no such directory, and the host's would be under its name then.
  const isMounted = unlessGone(() =>
    pid === undefined ? undefined : / \/dev\/shm /.test(readFileSync(`/proc/${pid}/mountinfo`, "utf8")) || undefined,
  );
  const found = unlessGone(() => (isMounted ? statfsSync(file) : undefined));
  if (found === undefined) return limit.asked === undefined ? [] : [limit];
  return [{ ...limit, enforced: found.blocks * found.bsize, usage: (found.blocks - found.bfree) * found.bsize, file }];
}

function unlessGone<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH", "EACCES")) return undefined;
    throw error;
  }
}
