/** Forks fail. */
import { limitEvidence, limitOf, readingOf, setFix } from "../evidence.ts";
import { NEAR_LIMIT } from "../thresholds.ts";
import type { Cause, Facts } from "../types.ts";

/** Then it was the limit of a group above: v1 counts refusals where the process is that forks. */
function isNeverMet(facts: Facts, limit: number): boolean {
  const { peak } = readingOf(facts, "pids") ?? {};
  return peak !== undefined && peak < limit * NEAR_LIMIT;
}

export const pidsLimit: Cause = {
  code: "pids-limit",
  severity: "failing",
  find(facts) {
    const limit = limitOf(facts, "pids");
    const { exit, rates, signals, stats } = facts;
    const count = signals.pidsMax ?? 0;
    if (limit === undefined || count === 0) return undefined;
    // Refusals of long ago, or under another limit, are no trouble of one that runs.
    const isPast = exit === undefined && rates !== undefined && rates.pidsMax === 0 && stats.pids < limit * NEAR_LIMIT;
    if (isPast || isNeverMet(facts, limit)) return undefined;
    return {
      title: `It may not have more than ${limit} processes and threads: ${count === 1 ? "once" : `${count} times`} a new one was refused.`,
      explanation:
        "Programs say «Cannot fork», «Resource temporarily unavailable» (EAGAIN) or «can't start new thread» then. Threads count as well as processes.",
      evidence: [
        { file: facts.files.pidsEvents, value: `max ${count}`, meaning: "forks that were refused" },
        ...limitEvidence(facts, "pids"),
      ],
      fixes: [
        setFix(facts, "pids", Math.max(limit * 2, 64), "Allow more"),
        {
          text: "or look for a program that starts processes and does not wait for them",
          command: `ctr top ${facts.name}`,
        },
      ],
      count,
    };
  },
};
