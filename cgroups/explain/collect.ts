/** Records the facts about a group. What is concluded from them is elsewhere, and needs no kernel. */
import { isFrozen, isFrozenByFreezer } from "../freeze.ts";
import { readOptional } from "../group-files.ts";
import type { HeldFiles } from "../held-files.ts";
import type { CgroupHost } from "../host.ts";
import { hostPressure, readPressure } from "../pressure.ts";
import { readLimits } from "../read.ts";
import { readSignals, signalFiles } from "../signals.ts";
import { lookAtStats } from "../stats.ts";
import type { GroupTree } from "../tree.ts";
import type { Limits } from "../types.ts";
import type { OomLog } from "../watch/oom-log.ts";
import { groupsAbove } from "./above.ts";
import { topProcesses } from "./processes.ts";
import { ratesBetween } from "./rates.ts";
import { processTroubles } from "./troubles.ts";
import type { ExitFacts, Facts, HostFacts, Moment } from "./types.ts";

export interface FactsOptions {
  /** Name of the container, for commands; default the id. */
  readonly name?: string;
  readonly asked?: Limits;
  /** The moment from which on rates are counted; none are without it. */
  readonly since?: Moment;
  readonly oomLog?: OomLog;
  /** Sequence number of the last victim before: those up to it are of a former run. */
  readonly after?: number;
  readonly exit?: ExitFacts;
}

/** Counters now. @throws `notFound` */
export function readMoment(tree: GroupTree, id: string, held: HeldFiles): Moment {
  const { stats, kept } = lookAtStats(tree, id, held);
  kept.signals ??= readSignals(tree, id, held.of(id), stats.oomKills);
  return { time: Date.now(), stats, signals: kept.signals, pressure: readPressure(tree, id, held) };
}

/** Everything. Read it before an ended group is removed: it is gone with the group. @throws `notFound` */
export function collectFacts(tree: GroupTree, id: string, held: HeldFiles, options: FactsOptions = {}): Facts {
  const { name = id, asked = {}, since, oomLog, after, exit } = options;
  const moment = readMoment(tree, id, held);
  const rates = since === undefined ? undefined : ratesBetween(since, moment);
  const path = tree.pathOf(id);
  oomLog?.poll();
  const signals = signalFiles(tree, id);
  const unified = tree.unifiedDirectory(id);
  return {
    id,
    name,
    path,
    ...moment,
    signals: { ...moment.signals, ...(exit === undefined && isFrozen(tree, id) ? { frozen: true } : {}) },
    host: hostFacts(tree.host),
    limits: readLimits(tree, id, asked),
    ...(rates === undefined ? {} : { rates }),
    victims: oomLog?.victimsIn(path, after) ?? [],
    // One that has ended has none: to look for them takes as long as everything else.
    processes: exit === undefined ? topProcesses(tree, id) : [],
    ...(exit === undefined ? { troubles: processTroubles(tree, id) } : {}),
    above: groupsAbove(tree, id),
    files: {
      cpuStat: `${tree.controllerDirectory("cpu", id) ?? unified ?? ""}/cpu.stat`,
      memoryEvents: signals.memory,
      pidsEvents: signals.pids,
      groupEvents: isFrozenByFreezer(tree, id)
        ? `${tree.controllerDirectory("freezer", id)}/freezer.state`
        : signals.events,
      pressure: unified ?? "",
    },
    ...(exit === undefined ? {} : { exit }),
  };
}

function hostFacts(host: CgroupHost): HostFacts {
  const memory = readOptional(host.files, `${host.procDirectory}/meminfo`) ?? "";
  const kibibytes = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(memory)?.[1] ?? 0);
  return {
    mode: host.mode,
    cpus: host.cpus.length,
    memoryTotal: host.memoryTotal,
    memoryAvailable: kibibytes("MemAvailable") * 1024,
    swapTotal: kibibytes("SwapTotal") * 1024,
    pressure: hostPressure(host),
  };
}
