/** oom_score_adj of live processes: the kernel keeps it a process, so a change writes it to each. */
import { hasCode } from "../lib/errors.ts";
import { processesIn } from "./processes.ts";
import { rowOf } from "./table/index.ts";
import type { GroupTree } from "./tree.ts";
import type { Limits } from "./types.ts";
import type { Write } from "./write.ts";

/** Children inherit the score, so that what is forked meanwhile has the old or the new one, as its parent. */
export function scoreWrites(tree: GroupTree, id: string, { oomScoreAdj }: Limits): Write[] {
  if (oomScoreAdj === undefined) return [];
  const { files, procDirectory } = tree.host;
  const value = String(oomScoreAdj);
  return processesIn(files, tree.directoriesOf(id)).flatMap((pid): Write[] => {
    const path = `${procDirectory}/${pid}/oom_score_adj`;
    try {
      const previous = files.read(path);
      if (previous === value) return [];
      return [{ path, file: "oom_score_adj", value, previous, row: rowOf("oomScoreAdj"), mayVanish: true }];
    } catch (error) {
      if (hasCode(error, "ENOENT", "ESRCH")) return [];
      throw error;
    }
  });
}
