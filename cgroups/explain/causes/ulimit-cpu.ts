/** A process used up the CPU time that it may have in its whole life. */
import { hasOom } from "../oom-scope.ts";
import type { Cause, Facts } from "../types.ts";

const SIGXCPU = 128 + 24;
const SIGKILL = 128 + 9;

/** The kernel judges by ticks of its clock, which may count more than what was used. */
const COUNTED = 0.8;

/** The kernel sends SIGXCPU at the soft limit, and SIGKILL at the hard one. */
function limitOf(facts: Facts): number | undefined {
  const { exit, program, stats } = facts;
  const limits = program?.ulimits["cpu"];
  if (exit?.asked !== "nothing" || limits === undefined) return undefined;
  if (exit.code === SIGXCPU) return limits.soft;
  if (exit.code !== SIGKILL || hasOom(facts) || limits.hard < 0) return undefined;
  return stats.cpuUsage >= limits.hard * COUNTED * 1e9 ? limits.hard : undefined;
}

export const ulimitCpu: Cause = {
  code: "ulimit-cpu",
  severity: "killed",
  find(facts) {
    const limit = limitOf(facts);
    if (limit === undefined) return undefined;
    const { cpuStat } = facts.files;
    const used = (facts.stats.cpuUsage / 1e9).toFixed(2);
    return {
      title: `It used up the ${limit} s of CPU time that a process of it may have (--ulimit cpu=${limit}).`,
      explanation:
        "This limit counts the CPU time of each process since it was started, and ends it: it does not slow it down.",
      evidence: [{ file: cpuStat, value: `${used} s`, meaning: "CPU time that its processes used, all together" }],
      fixes: [
        {
          text: "Limit how fast it may use CPU time, and not how much of it",
          command: `ctr limit unset ${facts.name} cpu && ctr limit set ${facts.name} --cpus 0.5`,
        },
      ],
    };
  },
};
