/** Which limits would fit a container, from what was recorded while it worked. Pure. */
import type { Moment } from "../explain/types.ts";
import type { LimitField, Limits } from "../types.ts";
import { adviseCpus } from "./cpus.ts";
import { adviseMemory } from "./memory.ts";
import { advisePids } from "./pids.ts";
import { type Summary, summarize } from "./samples.ts";

export interface Proposal {
  readonly limit: LimitField;
  /** What is in force; undefined for no limit. */
  readonly present: number | undefined;
  readonly proposed: number;
  /** Sentences with the figures that speak for it. */
  readonly reasons: readonly string[];
  /** `low`: less was recorded than one would want to rely on. */
  readonly confidence: "low" | "high";
}

export interface Advice {
  readonly summary: Summary;
  /** Only limits that should change. */
  readonly proposals: readonly Proposal[];
  /** The proposals as a change: what `--apply` puts in force. */
  readonly change: Limits;
}

export interface AdviseOptions {
  /** Limits in force. */
  readonly limits: Limits;
  readonly host: { readonly cpus: number; readonly memoryTotal: number };
}

/** Seconds and samples from where on a recording is worth to rely on. */
const ENOUGH_SECONDS = 300;
const ENOUGH_SAMPLES = 60;

/** A proposal that is this near to what is in force is not worth a change. */
const NEAR = 0.1;

/** Undefined when too little was recorded to say anything: less than two moments. */
export function advise(moments: readonly Moment[], options: AdviseOptions): Advice | undefined {
  const summary = summarize(moments);
  if (summary === undefined) return undefined;
  const confidence = summary.seconds >= ENOUGH_SECONDS && summary.samples >= ENOUGH_SAMPLES ? "high" : "low";
  const proposals = [adviseMemory, adviseCpus, advisePids]
    .map((judge) => judge(summary, options))
    .filter((proposal) => proposal !== undefined)
    .filter(({ present, proposed }) => present === undefined || Math.abs(proposed - present) > present * NEAR)
    .map((proposal): Proposal => ({ ...proposal, confidence }));
  const change = Object.fromEntries(proposals.map(({ limit, proposed }) => [limit, proposed])) as Limits;
  return { summary, proposals, change };
}
