/** What the kernel counts when a limit acts: kills, refusals, slowdowns. */
import type { HeldGroup } from "./held-group.ts";
import { counter } from "./keyed.ts";
import { countOomKills } from "./oom.ts";
import type { GroupTree } from "./tree.ts";

/** Cumulative but where they say now. Absent: this host does not count it. */
export interface GroupSignals {
  readonly oomKills: number;
  /** Times that the group was at its memory limit and memory had to be taken back (v2 memory.events `max`). */
  readonly memoryMax?: number;
  /** Times that a process was slowed down above the soft limit (v2 memory.events `high`). */
  readonly memoryHigh?: number;
  /** Groups that were killed as a whole (v2 memory.events `oom_group_kill`). */
  readonly groupKills?: number;
  /** Processes wait for memory now, because the OOM killer is switched off (v1 `under_oom`). */
  readonly underOom?: boolean;
  /** Forks that were refused. */
  readonly pidsMax?: number;
  /** Whether processes are in it now. */
  readonly populated?: boolean;
  /** Whether it is frozen now. */
  readonly frozen?: boolean;
}

/** Files that a {@link GroupSignals} is read from, for evidence. */
export function signalFiles(tree: GroupTree, id: string): Readonly<Record<"memory" | "pids" | "events", string>> {
  const memory = tree.controllerDirectory("memory", id);
  const isV2 = tree.host.controllers.get("memory")?.version === 2;
  return {
    memory: memory === undefined ? "" : `${memory}/${memoryFile(isV2)}`,
    pids: `${tree.controllerDirectory("pids", id) ?? ""}/pids.events`,
    events: `${tree.unifiedDirectory(id) ?? ""}/cgroup.events`,
  };
}

const memoryFile = (isV2: boolean): string => (isV2 ? "memory.events" : "memory.oom_control");

/**
 * Never throws for a group that is gone: then nothing is counted.
 * @param oomKills where they were counted already, which needs a look at the groups below
 */
export function readSignals(tree: GroupTree, id: string, group: HeldGroup, oomKills?: number): GroupSignals {
  const isV2 = tree.host.controllers.get("memory")?.version === 2;
  const memory = group.readOptional(`memory/${memoryFile(isV2)}`);
  const pids = group.readOptional("pids/pids.events");
  const events = group.readOptional("unified/cgroup.events");
  return {
    oomKills: oomKills ?? countOomKills(tree, id, group),
    ...(memory === undefined || !isV2
      ? {}
      : {
          memoryMax: counter(memory, "max"),
          memoryHigh: counter(memory, "high"),
          groupKills: counter(memory, "oom_group_kill"),
        }),
    ...(memory === undefined || isV2 ? {} : { underOom: counter(memory, "under_oom") === 1 }),
    ...(pids === undefined ? {} : { pidsMax: counter(pids, "max") }),
    ...(events === undefined
      ? {}
      : { populated: counter(events, "populated") === 1, frozen: counter(events, "frozen") === 1 }),
  };
}
