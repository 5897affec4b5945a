/** What single processes use, for `ctr top --usage`. */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
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

/** The busiest first. Those that end meanwhile are left out. */
export async function processUsage(pids: readonly number[]): Promise<ProcessUsage[]> {
  const { default: pidusage } = await import("pidusage");
  const present = (): number[] => pids.filter((pid) => readOptional(`/proc/${pid}/stat`) !== undefined);
  if (present().length === 0) return [];
  const look = () => pidusage(present());
  // The library gives the CPU time since the look before it; the first would give that of the whole life.
  await look();
  await delay(WINDOW);
  const usage = await look();
  pidusage.clear();
  return Object.values(usage)
    .flatMap(({ pid, cpu, memory }) => factsOf(pid, { cpu, memory }) ?? [])
    .sort((a, b) => b.cpu - a.cpu || b.memory - a.memory || a.pid - b.pid);
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
