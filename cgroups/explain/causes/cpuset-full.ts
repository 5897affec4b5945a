/** The few CPUs that it may use are busy, others are not its own. */
import { parseList } from "../../lists.ts";
import { limitEvidence, pressureEvidence, pressureOf, readingOf } from "../evidence.ts";
import { BUSY_CPUS, MUCH_PRESSURE } from "../thresholds.ts";
import type { Cause } from "../types.ts";

export const cpusetFull: Cause = {
  code: "cpuset-full",
  severity: "slow",
  find(facts) {
    const list = readingOf(facts, "cpusetCpus")?.enforced;
    const count = typeof list === "string" ? (parseList(list)?.length ?? 0) : 0;
    const { rates, host } = facts;
    if (rates === undefined || count === 0 || count >= host.cpus) return undefined;
    if (rates.cpus < count * BUSY_CPUS || pressureOf(facts, "cpu") < MUCH_PRESSURE) return undefined;
    return {
      title: `The ${count === 1 ? "one CPU" : `${count} CPUs`} that it may use (${list}) ${count === 1 ? "is" : "are"} busy all the time.`,
      explanation: `It uses ${rates.cpus.toFixed(2)} CPUs and would use more; the machine has ${host.cpus}, but it is pinned.`,
      evidence: [...limitEvidence(facts, "cpusetCpus"), pressureEvidence(facts, "cpu")],
      fixes: [
        { text: "Let it use more CPUs", command: `ctr limit set ${facts.name} --cpuset-cpus 0-${host.cpus - 1}` },
        { text: "or limit its time instead of its place (--cpus)" },
      ],
    };
  },
};
