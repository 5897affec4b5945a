/** Processes: the table of `docker top`, which is the host's `ps` with only the rows of the container; and what each uses. */
import { invalid } from "../../../lib/errors.ts";
import type { ProcessUsage } from "../../metrics/index.ts";

export interface ProcessTable {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[];
}

/**
 * @param output of `ps`; its last column may hold spaces
 * @throws `invalid` with Docker's text when the columns asked for have no PID
 */
export function processTable(output: string, pids: ReadonlySet<number>): ProcessTable {
  const [head = "", ...lines] = output.trimEnd().split("\n");
  const titles = head.trim().split(/\s+/);
  const pidColumn = titles.indexOf("PID");
  if (pidColumn < 0) throw invalid("Couldn't find PID field in ps output", "CTR_TOP_NO_PID");
  const rows = lines.map((line) => columnsOf(line, titles.length));
  return { Titles: titles, Processes: rows.filter((row) => pids.has(Number(row[pidColumn]))) };
}

function columnsOf(line: string, count: number): string[] {
  const words = line.trim().split(/\s+/);
  return words.length <= count ? words : [...words.slice(0, count - 1), words.slice(count - 1).join(" ")];
}

export const processUsageView = (process: ProcessUsage) => ({
  Pid: process.pid,
  ContainerPid: process.ownPid,
  State: process.state,
  Cpu: process.cpu,
  Memory: process.memory,
  OomScoreAdj: process.oomScoreAdj,
  OomScore: process.oomScore,
  Command: process.command,
});
