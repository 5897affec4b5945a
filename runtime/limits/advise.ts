/** Records a container while it works, and proposes limits that would fit it. */
import { setTimeout as delay } from "node:timers/promises";
import {
  type Advice,
  advise,
  type Cgroups,
  type DockerResources,
  dockerOfLimits,
  flagText,
  type LimitField,
  type Limits,
  type Moment,
  type Proposal,
  rowOf,
} from "../../cgroups/index.ts";
import { conflict, hasCode, invalid } from "../../lib/errors.ts";
import { cgroupsOf } from "../container/limits.ts";
import type { Parts } from "../container/parts.ts";
import { requireUp } from "../container/up.ts";
import type { Container } from "../types.ts";

export interface AdviceProgress {
  /** Seconds so far, and in all. */
  readonly seconds: number;
  readonly of: number;
  readonly samples: number;
}

/** A proposal as a user would give it. */
export interface FlagProposal extends Proposal {
  /** `--memory` and `96m`. */
  readonly flag: string;
  readonly text: string;
}

export interface ContainerAdvice {
  readonly id: string;
  readonly name: string;
  readonly seconds: number;
  readonly samples: number;
  /** It ended before the time was over. */
  readonly ended: boolean;
  readonly summary: Advice["summary"];
  /** Only limits that should change. */
  readonly proposals: readonly FlagProposal[];
  /** The body of the request that puts them in force, and the command; absent when nothing should change. */
  readonly change?: DockerResources;
  readonly command?: string;
}

export type AdviceStep = { readonly progress: AdviceProgress } | { readonly advice: ContainerAdvice };

/** Seconds. */
const LONGEST = 7 * 24 * 3600;
/** As many samples are wanted at least, and kept at most: more than that need no memory, and say no more. */
const FEWEST_SAMPLES = 60;
const MOST_SAMPLES = 3600;
/** Milliseconds between two samples, and between two lines of progress. */
const SHORTEST_INTERVAL = 100;
const USUAL_INTERVAL = 1000;

/** @throws `invalid` for a time that is none */
export function checkAdviceTime(seconds: number): number {
  if (seconds >= 1 && seconds <= LONGEST) return seconds;
  throw invalid(`a container is recorded for 1 second to ${LONGEST / 3600} hours`, "CTR_ADVICE_TIME_INVALID");
}

/**
 * Ends with the advice; without it when the signal is aborted.
 * @throws `conflict` when it does not run, or ends before there is anything to say
 */
export async function* recordAdvice(
  parts: Parts,
  container: Container,
  { seconds, signal }: { readonly seconds: number; readonly signal: AbortSignal },
): AsyncGenerator<AdviceStep> {
  requireUp(container);
  const { id, name } = container;
  const cgroups = cgroupsOf(parts, container);
  const limits = enforcedLimits(cgroups, id);
  const moments: Moment[] = [];
  const begun = performance.now();
  const end = begun + seconds * 1000;
  let ended = false;
  for (let progressDue = begun; ; ) {
    const moment = momentOf(cgroups, id);
    ended = moment === undefined;
    if (moment !== undefined) moments.push(moment);
    const now = performance.now();
    if (ended || now >= end) break;
    if (now >= progressDue) {
      yield { progress: { seconds: (now - begun) / 1000, of: seconds, samples: moments.length } };
      progressDue = now + USUAL_INTERVAL;
    }
    await delay(Math.min(intervalOf(seconds), end - now), undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
  }
  const advice = advise(moments, {
    limits,
    host: { cpus: cgroups.host.cpus.length, memoryTotal: cgroups.host.memoryTotal },
  });
  if (advice === undefined) {
    throw conflict(`container ${name} ended before anything could be recorded of it`, "CTR_CONTAINER_NOT_RUNNING");
  }
  yield { advice: adviceOf({ id, name, ended }, advice) };
}

function intervalOf(seconds: number): number {
  const wanted = Math.max((seconds * 1000) / MOST_SAMPLES, Math.min(USUAL_INTERVAL, (seconds * 1000) / FEWEST_SAMPLES));
  return Math.max(SHORTEST_INTERVAL, wanted);
}

function momentOf(cgroups: Cgroups, id: string): Moment | undefined {
  try {
    return cgroups.moment(id);
  } catch (error) {
    if (hasCode(error, "CTR_CGROUP_NOT_FOUND")) return undefined;
    throw error;
  }
}

function enforcedLimits(cgroups: Cgroups, id: string): Limits {
  return Object.fromEntries(cgroups.read(id).map(({ limit, enforced }) => [limit, enforced])) as Limits;
}

function adviceOf(about: Pick<ContainerAdvice, "id" | "name" | "ended">, { summary, proposals, change }: Advice) {
  const flags = proposals.map(
    (proposal): FlagProposal => ({ ...proposal, ...flagOf(proposal.limit, proposal.proposed) }),
  );
  const { seconds, samples } = summary;
  const advice: ContainerAdvice = { ...about, seconds, samples, summary, proposals: flags };
  if (flags.length === 0) return advice;
  const command = `ctr limit set ${about.name} ${flags.map(({ flag, text }) => `${flag} ${text}`).join(" ")}`;
  return { ...advice, change: dockerOfLimits(change), command };
}

const flagOf = (limit: LimitField, value: number) => ({ flag: rowOf(limit).flag, text: flagText(limit, value) });
