/** Its quota of CPU time is used up in many periods. */
import { limitEvidence, limitOf, percent, pressureEvidence, setFix } from "../evidence.ts";
import { isThrottled } from "../throttled.ts";
import type { Cause } from "../types.ts";

export const cpuThrottled: Cause = {
  code: "cpu-throttled",
  severity: "slow",
  find(facts) {
    const { rates, stats } = facts;
    const cpus = limitOf(facts, "cpus");
    const share = rates?.throttledShare ?? 0;
    if (rates === undefined || cpus === undefined || !isThrottled(rates)) return undefined;
    const wanted = Math.min(facts.host.cpus, Math.ceil((cpus * (1 + share) + rates.throttledTime / 2) * 10) / 10);
    return {
      title: `It is slowed down by its limit of ${cpus} CPUs: in ${percent(share)} of the periods its time was used up.`,
      explanation: `It used ${rates.cpus.toFixed(2)} CPUs. When the quota of a period is used up, all its threads wait for the next one, also if the machine has nothing else to do; together they waited ${rates.throttledTime.toFixed(2)} s each second.`,
      evidence: [
        {
          file: facts.files.cpuStat,
          value: `nr_throttled ${stats.cpuThrottledPeriods} of nr_periods ${stats.cpuPeriods}`,
          meaning: `periods that ended early, ${percent(share)} of late`,
        },
        ...limitEvidence(facts, "cpus"),
        ...(facts.pressure.cpu === undefined ? [] : [pressureEvidence(facts, "cpu")]),
      ],
      fixes: [
        setFix(facts, "cpus", wanted, "Give it more CPU time"),
        { text: "or fewer threads: a program that starts one for each CPU of the machine uses its quota up sooner" },
      ],
      count: stats.cpuThrottledPeriods,
    };
  },
};
