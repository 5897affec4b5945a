/** Processes of a group that cannot go on: stopped ones, and such as have used up their files. */
import { readdirSync } from "node:fs";
import { hasCode } from "../../lib/errors.ts";
import { PROCESS_LIMITS } from "../../lib/system/process-limits.ts";
import type { KernelFiles } from "../files.ts";
import { processesIn } from "../processes.ts";
import type { GroupTree } from "../tree.ts";
import type { ProcessTroubles } from "./types.ts";

/** Of a container with thousands of processes these are looked at: each costs a tenth of a millisecond. */
const MOST_READ = 200;

interface Looked {
  readonly pid: number;
  readonly name: string;
  /** As ps(1) shows it. */
  readonly state: string;
  readonly open: number;
  readonly limit: number;
}

export function processTroubles(tree: GroupTree, id: string): ProcessTroubles {
  const { files, procDirectory } = tree.host;
  const processes = processesIn(files, tree.directoriesOf(id))
    .slice(0, MOST_READ)
    .flatMap((pid) => look(files, `${procDirectory}/${pid}`, pid) ?? []);
  const first = Math.min(...processes.map(({ pid }) => pid));
  return {
    looked: processes.length,
    stopped: processes
      .filter(({ state }) => state === "T" || state === "t")
      .map(({ pid, name, state }) => ({ pid, name, isFirst: pid === first, byDebugger: state === "t" }))
      .sort((one, other) => one.pid - other.pid),
    outOfFiles: processes
      .filter(({ open, limit }) => limit > 0 && open >= limit)
      .map(({ pid, name, open, limit }) => ({ pid, name, open, limit })),
  };
}

const OPEN_FILES = new RegExp(`^${PROCESS_LIMITS.nofile.label}\\s+(\\d+)`, "m");

/** Undefined when it has ended, or must not be looked at. */
function look(files: KernelFiles, directory: string, pid: number): Looked | undefined {
  try {
    const stat = files.read(`${directory}/stat`);
    // The name may hold spaces and parentheses, see proc_pid_stat(5).
    const end = stat.lastIndexOf(")");
    return {
      pid,
      name: stat.slice(stat.indexOf("(") + 1, end),
      state: stat[end + 2] ?? "",
      open: readdirSync(`${directory}/fd`).length,
      limit: Number(OPEN_FILES.exec(files.read(`${directory}/limits`))?.[1] ?? 0),
    };
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH", "EACCES")) return undefined;
    throw error;
  }
}
