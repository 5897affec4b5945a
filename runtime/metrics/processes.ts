/** What single processes use, for `ctr top --usage`. */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Status } from "pidusage";
import { hasCode } from "../../lib/errors.ts";

export interface ProcessUsage {
  /** On the host. */
  readonly pid: number;
  /** In the container's own pid namespace; undefined where it has none. */
  readonly ownPid: number | undefined;
  /** Arguments with spaces between; of a kernel's or a dead process its name in brackets. */
  readonly command: string;
  /** `S` sleeps, `R` runs, `D` waits for the disk, `T` is stopped, `Z` has ended. */
  readonly state: string;
  /** Per cent of one CPU, over the time that was looked at. */
  readonly cpu: number;
  /** Bytes of resident memory; pages that are shared with others count in full. */
  readonly memory: number;
  readonly oomScoreAdj: number;
  /** The kernel's own figure: who has most dies first. */
  readonly oomScore: number;
}

/** Milliseconds over which CPU time is measured. */
const WINDOW = 500;
/** Milliseconds after which the library closes the files that it keeps open; its `clear` would leave them open. */
const FORGET = 4 * WINDOW;

type Look = ReadonlyMap<number, Status>;

/** The busiest first. Those that end meanwhile are left out. */
export async function processUsage(pids: readonly number[]): Promise<ProcessUsage[]> {
  const { default: pidusage } = await import("pidusage");
  const look = async (): Promise<Look> => {
    const present = pids.filter((pid) => readOptional(`/proc/${pid}/stat`) !== undefined);
    if (present.length === 0) return new Map();
    const found: Readonly<Record<string, Status | null>> = await pidusage(present, { maxage: FORGET });
    return new Map(Object.values(found).flatMap((status) => (status === null ? [] : [[status.pid, status]])));
  };
  const before = await look();
  await delay(WINDOW);
  const after = await look();
  return [...after.values()]
    .flatMap(
      (status) => factsOf(status.pid, { cpu: cpuBetween(before.get(status.pid), status), memory: status.memory }) ?? [],
    )
    .sort((a, b) => b.cpu - a.cpu || b.memory - a.memory || a.pid - b.pid);
}

/** The library's own figure is of the time since anybody looked before. */
function cpuBetween(before: Status | undefined, after: Status): number {
  if (before === undefined) return after.cpu;
  const passed = after.timestamp - before.timestamp;
  return passed <= 0 ? 0 : ((after.ctime - before.ctime) / passed) * 100;
}

/** Undefined when it has ended. */
function factsOf(pid: number, figures: Pick<ProcessUsage, "cpu" | "memory">): ProcessUsage | undefined {
  const directory = `/proc/${pid}`;
  const status = readOptional(`${directory}/status`);
  const score = readOptional(`${directory}/oom_score`);
  const adjustment = readOptional(`${directory}/oom_score_adj`);
  if (status === undefined || score === undefined || adjustment === undefined) return undefined;
  const field = (name: string): string => new RegExp(`^${name}:\\t(.*)$`, "m").exec(status)?.[1] ?? "";
  const argv = readOptional(`${directory}/cmdline`)?.replaceAll("\0", " ").trim();
  const [, ...inner] = field("NSpid").split("\t").map(Number);
  return {
    ...{ pid, ownPid: inner.at(-1), command: argv || `[${field("Name")}]`, state: field("State").slice(0, 1) },
    ...figures,
    ...{ oomScoreAdj: Number(adjustment), oomScore: Number(score) },
  };
}

/** Undefined when the process has ended. */
function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}
