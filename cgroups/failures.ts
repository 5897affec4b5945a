/** The kernel answers a write with an errno. Here it becomes a sentence that names file, value, reason and way out. */
import { CtrError, codeOf, type ErrorKind, messageOf } from "../lib/errors.ts";
import type { LimitRow } from "./limits.ts";

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

/** @param error the system error */
export function refusedWrite(path: string, value: string, row: LimitRow, error: unknown): CtrError {
  const errno = codeOf(error) ?? "";
  const { kind, reason, hint } = EXPLANATIONS[errno] ?? { kind: "system" as const, reason: messageOf(error) };
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
