/** Others use the CPUs. */
import { limitEvidence, percent, pressureEvidence, pressureOf } from "../evidence.ts";
import { MUCH_PRESSURE } from "../thresholds.ts";
import { isThrottled } from "../throttled.ts";
import type { Cause } from "../types.ts";
import { cpuThrottledAbove } from "./cpu-throttled-above.ts";
import { cpusetFull } from "./cpuset-full.ts";

export const cpuContended: Cause = {
  code: "cpu-contended",
  severity: "slow",
  find(facts) {
    const { rates, host } = facts;
    const share = pressureOf(facts, "cpu");
    if (rates === undefined || share < MUCH_PRESSURE || isThrottled(rates)) return undefined;
    if (cpuThrottledAbove.find(facts) !== undefined || cpusetFull.find(facts) !== undefined) return undefined;
    const isAlone = rates.cpus >= host.cpus * 0.9;
    return {
      title: isAlone
        ? "It uses all CPUs of the machine and would use more."
        : `It waits for CPUs that others use, in ${percent(share)} of the time.`,
      explanation: isAlone
        ? `The machine has ${host.cpus} CPUs and this container has more to do than they can.`
        : `No limit holds it back: it got ${rates.cpus.toFixed(2)} CPUs, and the rest of the machine's ${host.cpus} was in use.`,
      evidence: [pressureEvidence(facts, "cpu"), ...limitEvidence(facts, "cpuShares")],
      fixes: isAlone
        ? [{ text: "Use a machine with more CPUs, or give the work less threads" }]
        : [
            {
              text: "Give it a larger share while CPUs are contended",
              command: `ctr limit set ${facts.name} --cpu-shares 2048`,
            },
            { text: "or limit those that use most", command: "ctr limit ls" },
          ],
    };
  },
};
