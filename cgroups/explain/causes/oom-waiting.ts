/** v1 with --oom-kill-disable: nobody is killed, everybody waits. */
import { limitEvidence, limitOf, rounder, setFix } from "../evidence.ts";
import type { Cause } from "../types.ts";

export const oomWaiting: Cause = {
  code: "oom-waiting",
  severity: "slow",
  find(facts) {
    if (facts.signals.underOom !== true) return undefined;
    return {
      title: "It stands still: its memory limit is reached, and --oom-kill-disable forbids to kill.",
      explanation: "Every process that asks for memory waits until some is freed, which may be never.",
      evidence: [
        { file: facts.files.memoryEvents, value: "under_oom 1", meaning: "processes wait for memory now" },
        ...limitEvidence(facts, "memory"),
      ],
      fixes: [
        setFix(
          facts,
          "memory",
          rounder((limitOf(facts, "memory") ?? 0) * 1.5),
          "Give it more memory: it goes on at once",
        ),
        { text: "or let the kernel kill again", command: `ctr limit unset ${facts.name} oom-kill-disable` },
      ],
    };
  },
};
