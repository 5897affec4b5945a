/** `--ulimit`: lists of them, and those of processes that run already. */
import { hasCode, unsupported } from "../../lib/errors.ts";
import { isProcessLimitName, type ProcessLimitName } from "../../lib/system/process-limits.ts";
import { type ResourceLimit, readResourceLimit, setResourceLimit } from "../../lib/system/rlimits.ts";
import type { Container, HostConfig, Ulimit } from "../types.ts";
import { cgroupsOf } from "./limits.ts";
import type { Parts } from "./parts.ts";

/** Times that the processes are listed: those that were forked meanwhile have the limits of their parents. */
const ATTEMPTS = 100;

/** Docker keeps one of each name, the last. */
export function joinUlimits(present: readonly Ulimit[], added: readonly Ulimit[]): Ulimit[] {
  const byName = new Map([...present, ...added].map((limit) => [limit.Name, limit]));
  return [...byName.values()];
}

/**
 * Gives a program that has just been started the soft limit of open files that it is to have. Go's runtime raises the soft
 * limit to the hard one; a runc built with Go before 1.20 (Debian 12's) does so in the process that becomes the program, and
 * may do it after the limits were set. Without the right to it the program has what it has.
 */
export function settleOpenFiles(pid: number, ulimits: readonly Ulimit[]): void {
  const limit = ulimits.find(({ Name, Soft, Hard }) => Name === "nofile" && Soft !== Hard);
  if (limit === undefined) return;
  try {
    unlessGone(() => setResourceLimit(pid, "nofile", { soft: limit.Soft, hard: limit.Hard }));
  } catch (error) {
    if (!hasCode(error, "EPERM")) throw error;
  }
}

/**
 * Those of `next` that are not in `present`, and for those that are no longer there what a new container has without them.
 * @param usual the engine's default ulimits
 */
export function changedUlimits(present: HostConfig, next: HostConfig, usual: readonly Ulimit[]): Ulimit[] {
  const before = new Map((present.Ulimits ?? []).map((limit) => [limit.Name, ulimitText(limit)]));
  const after = next.Ulimits ?? [];
  const kept = new Set(after.map(({ Name }) => Name));
  return [
    ...after.filter((limit) => before.get(limit.Name) !== ulimitText(limit)),
    ...[...before.keys()].filter((name) => !kept.has(name)).flatMap((name) => usualUlimit(name, usual)),
  ];
}

/** The engine's default, else what containers inherit from the engine. */
function usualUlimit(name: string, usual: readonly Ulimit[]): Ulimit[] {
  const wanted = usual.filter(({ Name }) => Name === name);
  if (wanted.length > 0 || !isProcessLimitName(name)) return wanted;
  const { soft, hard } = readResourceLimit(process.pid, name);
  return [{ Name: name, Soft: soft, Hard: hard }];
}

const number = (value: number): string => (value === -1 ? "max" : String(value));
/** `1024:max` */
export const ulimitText = ({ Soft, Hard }: Ulimit): string => `${number(Soft)}:${number(Hard)}`;

/** What the container's first process has of these. */
export function ulimitsInForce({ pid }: Container, ulimits: readonly Ulimit[]): Ulimit[] {
  return ulimits.flatMap(({ Name }) => {
    const limit = isProcessLimitName(Name) ? unlessGone(() => readResourceLimit(pid, Name)) : undefined;
    return limit === undefined ? [] : [{ Name, Soft: limit.soft, Hard: limit.hard }];
  });
}

/**
 * Gives all processes of a container, and so all that they will start, the limits that are new in `next`.
 * @throws `unsupported` without the right to it; the processes have then what they had
 */
export function changeUlimits(parts: Parts, container: Container, next: HostConfig, undo: AsyncDisposableStack): void {
  const changes = changedUlimits(container.hostConfig, next, parts.defaults.ulimits);
  if (changes.length === 0) return;
  const cgroups = cgroupsOf(parts, container);
  const done = new Set<number>();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const fresh = cgroups.processes(container.id).filter((pid) => !done.has(pid));
    if (fresh.length === 0) return;
    for (const pid of fresh) {
      for (const { Name, Soft, Hard } of changes) {
        if (isProcessLimitName(Name)) changeOne(container, pid, Name, { soft: Soft, hard: Hard }, undo);
      }
      done.add(pid);
    }
  }
}

function changeOne(
  { name: container }: Container,
  pid: number,
  name: ProcessLimitName,
  limit: ResourceLimit,
  undo: AsyncDisposableStack,
): void {
  try {
    const former = unlessGone(() => setResourceLimit(pid, name, limit));
    if (former !== undefined) undo.defer(() => void unlessGone(() => setResourceLimit(pid, name, former)));
  } catch (error) {
    if (!hasCode(error, "EPERM")) throw error;
    throw unsupported(
      `cannot change the limit ${name} of process ${pid} in container ${container}: CAP_SYS_RESOURCE is missing`,
      {
        code: "CTR_ULIMIT_UNREACHABLE",
        hint: "without it only limits of root's processes can be changed, and hard limits only lowered",
        cause: error,
      },
    );
  }
}

/** A process may end at any time. */
function unlessGone<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if (hasCode(error, "ESRCH")) return undefined;
    throw error;
  }
}
