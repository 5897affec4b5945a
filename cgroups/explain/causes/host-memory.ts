/** The machine itself is short of memory. */
import { percent, pressureOf, size } from "../evidence.ts";
import { HOST_SHORT, SOME_PRESSURE } from "../thresholds.ts";
import type { Cause } from "../types.ts";

export const hostMemory: Cause = {
  code: "host-memory",
  severity: "slow",
  find(facts) {
    const { memoryAvailable, memoryTotal, pressure } = facts.host;
    const isShort = memoryTotal > 0 && memoryAvailable < memoryTotal * HOST_SHORT;
    if (!isShort || pressureOf(facts, "memory") < SOME_PRESSURE) return undefined;
    return {
      title: `The machine is short of memory: ${size(memoryAvailable)} of ${size(memoryTotal)} are left.`,
      explanation: `It waited for memory in ${percent(pressureOf(facts, "memory"))} of the time although it may be far from its own limit: the kernel takes memory back wherever it can.`,
      evidence: [
        { file: "/proc/meminfo", value: `MemAvailable ${size(memoryAvailable)}`, meaning: `of ${size(memoryTotal)}` },
        {
          file: "/proc/pressure/memory",
          value: `some avg10=${pressure.memory?.some.avg10 ?? 0}`,
          meaning: "per cent of the last ten seconds, all of the machine",
        },
      ],
      fixes: [
        { text: "Limit those that use most", command: "ctr limit ls" },
        {
          text: "Protect this one",
          command: `ctr limit set ${facts.name} --memory-reservation ${Math.ceil(facts.stats.memoryUsage / 2 ** 20)}m`,
        },
      ],
    };
  },
};
