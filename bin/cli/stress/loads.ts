/** The loads: command lines of stress-ng, and of busybox where a plain one shows more. */
import type { LoadContainer } from "./load-container.ts";
import type { LoadSession } from "./session.ts";

/** Seconds that a load goes on when it is not ended: longer than what measures it needs to begin and to end. */
const GRACE = 30;

/** Milliseconds until stress-ng has its workers at work; a machine that is busy or emulated takes long. */
const STARTUP = 20_000;

/** Keeps CPUs busy. */
export function spin(container: LoadContainer, workers: number, seconds: number): Promise<void> {
  return container.spawn(stress(["--cpu", String(workers), "--cpu-method", "int64"], seconds + GRACE));
}

/** `-q`: only errors are told. */
export const stress = (flags: readonly string[], seconds: number): string[] => [
  "stress-ng",
  "-q",
  ...flags,
  "--timeout",
  `${Math.ceil(seconds)}s`,
];

/** CPU time, in nanoseconds, that stress-ng needs for its start at most. */
const BUSY = 2e7;

/** Resolves when the load has begun to use CPU time. @throws when it does not */
export async function untilBusy(session: LoadSession, container: LoadContainer): Promise<void> {
  const { stats } = await container.sample();
  const busy = await session.until(STARTUP, async () => {
    const { stats: now } = await container.sample();
    return now.cpuUsage - stats.cpuUsage > BUSY ? now : undefined;
  });
  if (busy === undefined) throw new Error(`no load came about in ${container.name}`);
}
