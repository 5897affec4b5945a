/** The disk is slow, or others use it. */
import { percent, pressureEvidence, pressureOf, size } from "../evidence.ts";
import { MUCH_PRESSURE } from "../thresholds.ts";
import type { Cause } from "../types.ts";
import { throttlesOf } from "./io-throttled.ts";
import { memoryTight } from "./memory-tight.ts";

export const ioContended: Cause = {
  code: "io-contended",
  severity: "slow",
  find(facts) {
    const share = pressureOf(facts, "io");
    if (share < MUCH_PRESSURE || throttlesOf(facts).length > 0) return undefined;
    // What it reads again and again is what its memory has no room for.
    if (memoryTight.find(facts) !== undefined) return undefined;
    const { io } = facts.rates ?? {};
    const host = facts.host.pressure.io?.some.avg10 ?? 0;
    return {
      title: `It waits for the disk, in ${percent(share)} of the time.`,
      explanation: `No limit holds it back.${io === undefined ? "" : ` It reads ${size(io.readBytes)} and writes ${size(io.writeBytes)} a second.`} All of the machine waited for I/O in ${Math.round(host)} % of the last ten seconds.`,
      evidence: [pressureEvidence(facts, "io")],
      fixes: [
        { text: "See who else uses the disk, and limit it (--device-write-bps)", command: "ctr limit ls" },
        { text: "Memory that is too small lets files be read again and again: see memory-tight" },
      ],
    };
  },
};
