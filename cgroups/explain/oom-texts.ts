/** What all verdicts about the OOM killer tell: who died, how large, with which score, beside whom. */
import { wallTime } from "../watch/oom-log.ts";
import type { OomVictim } from "../watch/oom-victims.ts";
import { size } from "./evidence.ts";
import { type OomScope, victimsOf } from "./oom-scope.ts";
import type { Evidence, Facts, Fix } from "./types.ts";

/** Whether the container itself ended by it. */
export const wasEnded = ({ exit }: Facts): boolean => exit?.code === 137 && exit.asked === "nothing";

export const subject = (facts: Facts): string => (wasEnded(facts) ? "It was killed" : "A process in it was killed");

export const sizeOf = ({ anonymous, file, shared }: OomVictim): number => anonymous + file + shared;

export function counterEvidence(facts: Facts): Evidence {
  return {
    file: facts.files.memoryEvents,
    value: `oom_kill ${facts.signals.oomKills}`,
    meaning: "processes of it that were killed for lack of memory since it was started",
  };
}

export function victimEvidence(facts: Facts, scope: OomScope): Evidence[] {
  return victimsOf(facts, scope).map((victim) => ({
    file: "/dev/kmsg",
    value: `Killed process ${victim.pid} (${victim.name})`,
    meaning: `it held ${size(sizeOf(victim))}, oom_score_adj ${victim.oomScoreAdj}; ${victim.invokedBy} asked for memory`,
  }));
}

/** The last victim and its neighbours, as sentences. Empty without the log. */
export function victimSentences(facts: Facts, scope: OomScope): string {
  const victim = victimsOf(facts, scope).at(-1);
  if (victim === undefined) return "Who it was is in the kernel's log, which cannot be read here.";
  const others = victim.candidates
    .filter(({ pid }) => pid !== victim.pid)
    .slice(0, 3)
    .map(({ name, pid, rss }) => `${name} (${pid}, ${size(rss)})`);
  const beside = others.length === 0 ? "" : ` Beside it there were ${others.join(", ")}.`;
  return `The kernel chose ${victim.name} (process ${victim.pid}), which held ${size(sizeOf(victim))}.${beside}`;
}

/** Memory that no process holds: it counts, and is not freed when one is killed. Nothing where it was little. */
export function filesInMemory(
  facts: Facts,
  scope: OomScope,
): { readonly sentence: string; readonly fixes: readonly Fix[] } {
  const { filesInMemory: bytes = 0, limit = Number.POSITIVE_INFINITY } = victimsOf(facts, scope).at(-1) ?? {};
  if (bytes < limit / 4) return { sentence: "", fixes: [] };
  return {
    sentence: ` ${size(bytes)} of what was in use were files in /dev/shm or on a tmpfs: they count as memory, and killing a process does not free them.`,
    fixes: [{ text: "or keep less in /dev/shm and on a tmpfs: bound them with --shm-size and --tmpfs /tmp:size=16m" }],
  };
}

/** For the finding: how often and since when. */
export function occurrence(facts: Facts, scope: OomScope): { readonly count: number; readonly since?: number } {
  const [first] = victimsOf(facts, scope);
  const count = Math.max(victimsOf(facts, scope).length, facts.victims.length === 0 ? facts.signals.oomKills : 0);
  return first === undefined ? { count } : { count, since: wallTime(first.time).getTime() };
}
