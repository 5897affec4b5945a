/** What it is to try a limit: load that would go beyond it, and the kernel's counters before and after. */
import { formatLimit, type LimitReading } from "../../../../cgroups/index.ts";
import type { Resources } from "../resources.ts";
import type { LoadSession } from "../session.ts";

export type Verdict = "pass" | "fail" | "not measurable";

export interface Measurement {
  /** In words, with its unit. */
  readonly measured?: string;
  /** How far off: −0.01 is 1 % less than was set. */
  readonly deviation?: number;
  readonly verdict: Verdict;
  /** Why not measurable, or what else is worth knowing. */
  readonly why?: string;
}

export interface TrialParts {
  readonly session: LoadSession;
  /** All limits of the container that is verified. */
  readonly resources: Resources;
  /** The limit that is tried, as a container under these limits has it. */
  readonly reading: LimitReading;
  /** Length of a measurement of rates. */
  readonly seconds: number;
}

export type Trial = (parts: TrialParts) => Promise<Measurement>;

export const notMeasurable = (why: string): Measurement => ({ verdict: "not measurable", why });

/** @param tolerance share of what was set: 0.03 is 3 % */
export const judged = (deviation: number, tolerance: number): Pick<Measurement, "deviation" | "verdict"> => ({
  deviation,
  verdict: Math.abs(deviation) <= tolerance ? "pass" : "fail",
});

/** Words for a group above that has less: what is measured is its limit, and not the one that is tried. */
export function boundWhy({ limit, boundBy }: LimitReading): string | undefined {
  if (boundBy === undefined) return undefined;
  return `the group ${boundBy.group} above has less: ${formatLimit(limit, boundBy.value)}`;
}
