/** The processes of a group that hold most memory: whom the OOM killer would look at first. */
import { hasCode } from "../../lib/errors.ts";
import type { KernelFiles } from "../files.ts";
import { processesIn } from "../processes.ts";
import type { GroupTree } from "../tree.ts";
import type { ProcessFacts } from "./types.ts";

/** Processes that are shown, of those that are looked at. */
const MOST_SHOWN = 10;
const MOST_READ = 1000;
const PAGE = 4096;

/** The largest first. */
export function topProcesses(tree: GroupTree, id: string): ProcessFacts[] {
  const { files, procDirectory } = tree.host;
  return processesIn(files, tree.directoriesOf(id))
    .slice(0, MOST_READ)
    .map((pid) => readProcess(files, `${procDirectory}/${pid}`, pid))
    .filter((process) => process !== undefined)
    .sort((a, b) => b.memory - a.memory)
    .slice(0, MOST_SHOWN);
}

/** Undefined when it has ended. */
function readProcess(files: KernelFiles, directory: string, pid: number): ProcessFacts | undefined {
  try {
    const [, resident = "0"] = files.read(`${directory}/statm`).split(" ");
    return {
      pid,
      name: files.read(`${directory}/comm`),
      memory: Number(resident) * PAGE,
      oomScoreAdj: Number(files.read(`${directory}/oom_score_adj`)),
      oomScore: Number(files.read(`${directory}/oom_score`)),
    };
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}
