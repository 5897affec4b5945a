/** The kernel answers a write with an errno. Here it becomes a sentence that names file, value, reason and way out. */
import { CtrError, codeOf, type ErrorKind, messageOf } from "../lib/errors.ts";
import type { LimitRow } from "./table/index.ts";
import type { LimitField } from "./types.ts";

interface Explanation {
  readonly kind: ErrorKind;
  readonly reason: string;
  readonly hint?: string;
}

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  EINVAL: { kind: "invalid", reason: "the kernel does not accept this value here" },
  ERANGE: { kind: "invalid", reason: "the value is outside of what the kernel accepts" },
  ENOENT: {
    kind: "unsupported",
    reason: "the kernel has no such file: the controller is not enabled for this group, or the group is gone",
  },
  ENODEV: { kind: "conflict", reason: "the group was removed meanwhile" },
  EACCES: { kind: "forbidden", reason: "this process may not write it", hint: "run as root" },
  EPERM: { kind: "forbidden", reason: "this process may not write it", hint: "run as root" },
  EROFS: {
    kind: "unsupported",
    reason: "the cgroup file system is mounted read-only",
    hint: "mount -o remount,rw the cgroup file system, or run where it is writable",
  },
  EBUSY: {
    kind: "conflict",
    reason: "the group uses more than that now, and the kernel could not free enough of it",
    hint: "stop what uses the memory, or choose a limit above the present use",
  },
  EAGAIN: {
    kind: "conflict",
    reason: "the group uses more than the new limit, and the kernel could not free enough of it",
    hint: "stop what uses the memory, or choose a limit above the present use",
  },
  ENOSPC: { kind: "conflict", reason: "a group with processes must keep at least one CPU and one memory node" },
};

const OTHER_DISK: Explanation = {
  kind: "invalid",
  reason: "the kernel has no such disk, or does not limit it",
  hint: "name a whole disk, not a partition or a file: lsblk -d lists them",
};
const NO_BFQ: Explanation = {
  kind: "unsupported",
  reason: "the disk's scheduler keeps no weights",
  hint: "echo bfq > /sys/block/DISK/queue/scheduler",
};
const DEVICE: Readonly<Record<string, Explanation>> = { ENODEV: OTHER_DISK, ENXIO: OTHER_DISK, EINVAL: OTHER_DISK };
const WEIGHT: Readonly<Record<string, Explanation>> = { ...DEVICE, EOPNOTSUPP: NO_BFQ, ENOTSUP: NO_BFQ };
const SHARE: Readonly<Record<string, Explanation>> = {
  EINVAL: {
    kind: "invalid",
    reason: "the group above has less CPU time, or a group below has more",
    hint: "raise the limit of the group above first, or lower those of the groups below",
  },
};
const REALTIME: Readonly<Record<string, Explanation>> = {
  EINVAL: {
    kind: "invalid",
    reason: "the group above has not so much realtime CPU time left, or the runtime is above its period",
    hint: "give the group above its realtime time first",
  },
  EBUSY: { kind: "conflict", reason: "realtime processes run in the group" },
};
const CPUSET: Readonly<Record<string, Explanation>> = {
  EACCES: { kind: "invalid", reason: "the group above may not use all of them" },
  EBUSY: { kind: "conflict", reason: "a group below uses more of them" },
};

/** Where an errno means something else than usually. */
const PARTICULAR: Partial<Readonly<Record<LimitField, Readonly<Record<string, Explanation>>>>> = {
  blkioWeightDevice: WEIGHT,
  deviceReadBps: DEVICE,
  deviceWriteBps: DEVICE,
  deviceReadIops: DEVICE,
  deviceWriteIops: DEVICE,
  cpus: SHARE,
  cpuPeriod: SHARE,
  cpuRealtimePeriod: REALTIME,
  cpuRealtimeRuntime: REALTIME,
  cpusetCpus: CPUSET,
  cpusetMems: CPUSET,
};

/** @param error the system error */
export function refusedWrite(path: string, value: string, row: LimitRow, error: unknown): CtrError {
  const errno = codeOf(error) ?? "";
  const { kind, reason, hint } = PARTICULAR[row.field]?.[errno] ??
    EXPLANATIONS[errno] ?? { kind: "system" as const, reason: messageOf(error) };
  return new CtrError(
    kind,
    `cannot set ${row.flag}: writing "${value}" to ${path}: ${reason}${errno === "" ? "" : ` (${errno})`}`,
    {
      code: "CTR_LIMIT_REFUSED",
      hint,
      cause: error,
    },
  );
}

export function missingFile(path: string, row: LimitRow): CtrError {
  const reason = EXPLANATIONS["ENOENT"]?.reason;
  return new CtrError("unsupported", `cannot set ${row.flag}: ${path}: ${reason}`, { code: "CTR_LIMIT_REFUSED" });
}

export function ignoredValue(path: string, value: string, kept: string, row: LimitRow): CtrError {
  return new CtrError("system", `cannot set ${row.flag}: wrote "${value}" to ${path}, but the kernel keeps "${kept}"`, {
    code: "CTR_LIMIT_NOT_KEPT",
  });
}
