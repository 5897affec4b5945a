/** What containers' programs do, and what their limits let them do: from cgroups and /proc. */
import { readdirSync, readFileSync } from "node:fs";
import { type CgroupHost, Cgroups, detectHost, type StatsPart } from "../../cgroups/index.ts";
import { hasCode, messageOf } from "../../lib/errors.ts";
import { silentLogger } from "../../lib/log.ts";
import { PROCESS_LIMITS } from "../../lib/system/process-limits.ts";
import type { Intent, NotRead, ProcessState, ProgramState } from "../../netns/index.ts";
import { cgroupParentOf } from "../cgroup-parent.ts";

export interface ProgramsOptions {
  readonly intent: Intent;
  readonly execRoot: string;
  /** Absolute paths of the groups that containers' groups are in, by id; the engine's own for one that is not named. */
  readonly cgroupParents: ReadonlyMap<string, string>;
}

export interface ReadPrograms {
  /** Of containers that run, by id. */
  readonly programs: Readonly<Record<string, ProgramState>>;
  readonly notRead: readonly NotRead[];
}

/** Of a container with thousands of processes these are looked at. */
const MOST_PROCESSES = 200;

/** Beside what always is. */
const COUNTED: ReadonlySet<StatsPart> = new Set(["throttling", "kills"]);

export function readPrograms({ intent, execRoot, cgroupParents }: ProgramsOptions): ReadPrograms {
  const host = detectHost();
  const cgroups = new Cgroups({ host, parent: cgroupParentOf(execRoot), logger: silentLogger });
  const programs: Record<string, ProgramState> = {};
  const notRead: NotRead[] = [];
  for (const { id, name, running } of intent.containers) {
    if (!running) continue;
    try {
      programs[id] = programOf(cgroups.under(cgroupParents.get(id)), host, id);
    } catch (error) {
      notRead.push({ what: `programs of ${name}`, why: messageOf(error) });
    }
  }
  return { programs, notRead };
}

function programOf(cgroups: Cgroups, host: CgroupHost, id: string): ProgramState {
  const stats = cgroups.someStats(id, COUNTED);
  const pressure = cgroups.pressure(id);
  const { cpus, memory, pids } = cgroups.enforced(id, ["cpus", "memory", "pids"]);
  const { cpuPeriods = 0, cpuThrottledPeriods = 0, cpuThrottledTime = 0, oomKills = 0 } = stats;
  return {
    containerId: id,
    frozen: cgroups.isFrozen(id),
    processes: cgroups
      .processes(id)
      .slice(0, MOST_PROCESSES)
      .flatMap((pid) => processOf(pid) ?? []),
    cpus: limitOf(cpus),
    throttledShare: isHeldUp(cpus, pressure.cpu?.some.avg10) && cpuPeriods > 0 ? cpuThrottledPeriods / cpuPeriods : 0,
    throttledMicroseconds: Math.round(cpuThrottledTime / 1000),
    memory: host.controllers.has("memory") ? stats.memoryUsage : undefined,
    memoryLimit: limitOf(memory),
    oomKills,
    pids: host.controllers.has("pids") ? stats.pids : undefined,
    pidsLimit: limitOf(pids),
    cpuPressure: share(pressure.cpu?.some.avg10),
    memoryPressure: share(pressure.memory?.some.avg10),
  };
}

/** Per cent of the time in which somebody waits for a processor: below it nobody is kept from running now. */
const LITTLE_WAITING = 15;

/** The kernel counts periods from the group's beginning: what was long ago, or under another limit, holds nobody up. */
const isHeldUp = (cpus: number | "max" | undefined, waiting: number | undefined): boolean =>
  limitOf(cpus) !== undefined && (waiting === undefined || waiting >= LITTLE_WAITING);

const limitOf = (value: number | "max" | undefined): number | undefined => (value === "max" ? undefined : value);

const share = (percent: number | undefined): number | undefined => (percent === undefined ? undefined : percent / 100);

/** @returns undefined when it has ended */
function processOf(pid: number): ProcessState | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name may hold spaces and parentheses, see proc_pid_stat(5).
    const end = stat.lastIndexOf(")");
    return {
      pid,
      name: stat.slice(stat.indexOf("(") + 1, end),
      state: stat[end + 2] ?? "",
      openFiles: readdirSync(`/proc/${pid}/fd`).length,
      openFilesLimit: openFilesLimit(pid),
    };
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH", "EACCES")) return undefined;
    throw error;
  }
}

const OPEN_FILES = new RegExp(`^${PROCESS_LIMITS.nofile.label}\\s+(\\d+)`, "m");

function openFilesLimit(pid: number): number {
  const [, soft] = OPEN_FILES.exec(readFileSync(`/proc/${pid}/limits`, "latin1")) ?? [];
  return soft === undefined ? Number.MAX_SAFE_INTEGER : Number(soft);
}
