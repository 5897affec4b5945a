/** What containers' programs do, and what their limits let them do: from cgroups and /proc. */
import { readdirSync, readFileSync } from "node:fs";
import { type CgroupHost, Cgroups, detectHost } from "../../cgroups/index.ts";
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
  const { stats, pressure, signals } = cgroups.moment(id);
  const limits = new Map(cgroups.read(id).map(({ limit, enforced }) => [limit, enforced]));
  const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
  return {
    containerId: id,
    frozen: signals.frozen === true || cgroups.isFrozen(id),
    processes: cgroups
      .processes(id)
      .slice(0, MOST_PROCESSES)
      .flatMap((pid) => processOf(pid) ?? []),
    cpus: number(limits.get("cpus")),
    throttledShare: stats.cpuPeriods === 0 ? 0 : stats.cpuThrottledPeriods / stats.cpuPeriods,
    throttledMicroseconds: Math.round(stats.cpuThrottledTime / 1000),
    memory: host.controllers.has("memory") ? stats.memoryUsage : undefined,
    memoryLimit: number(limits.get("memory")),
    oomKills: stats.oomKills,
    pids: host.controllers.has("pids") ? stats.pids : undefined,
    pidsLimit: number(limits.get("pids")),
    cpuPressure: share(pressure.cpu?.some.avg10),
    memoryPressure: share(pressure.memory?.some.avg10),
  };
}

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
