/** Its limits of block I/O hold it back. */
import type { LimitField } from "../../types.ts";
import { limitEvidence, percent, pressureEvidence, pressureOf, readingOf, size } from "../evidence.ts";
import { MUCH_PRESSURE } from "../thresholds.ts";
import type { Cause, Facts } from "../types.ts";

export const THROTTLES: readonly LimitField[] = [
  "deviceReadBps",
  "deviceWriteBps",
  "deviceReadIops",
  "deviceWriteIops",
];

export const throttlesOf = (facts: Facts): LimitField[] =>
  THROTTLES.filter((field) => {
    const enforced = readingOf(facts, field)?.enforced;
    return Array.isArray(enforced) && enforced.length > 0;
  });

export const ioThrottled: Cause = {
  code: "io-throttled",
  severity: "slow",
  find(facts) {
    const limits = throttlesOf(facts);
    const share = pressureOf(facts, "io");
    if (limits.length === 0 || share < MUCH_PRESSURE) return undefined;
    const { io } = facts.rates ?? {};
    const rates = io === undefined ? "" : ` It reads ${size(io.readBytes)} and writes ${size(io.writeBytes)} a second.`;
    return {
      title: `Its disk limits hold it back: it waited for I/O in ${percent(share)} of the time.`,
      explanation: `The kernel lets each request wait until it fits into the rate.${rates}`,
      evidence: [...limits.flatMap((field) => limitEvidence(facts, field)), pressureEvidence(facts, "io")],
      fixes: [
        {
          text: "Raise or remove the limits",
          command: `ctr limit unset ${facts.name} ${limits.map((field) => dashed(field)).join(" ")}`,
        },
      ],
    };
  },
};

const dashed = (field: LimitField): string => field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
