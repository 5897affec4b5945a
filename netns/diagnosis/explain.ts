/** What follows from the state, from the model's walk and from what was seen of a packet. Pure. */
import { beyondHost } from "./beyond-host.ts";
import { endsHere, vanishesBehind } from "./causes/diagnosis/900-unknown-cause.ts";
import { disagree } from "./causes/diagnosis/901-disagreement.ts";
import { CAUSES } from "./causes/index.ts";
import { joinHops } from "./joined-hops.ts";
import { obstaclesOf } from "./obstacles.ts";
import { isUntaken, judge, type Verdict } from "./outcomes.ts";
import { rankByWeight, rankOnTheWay } from "./ranking.ts";
import type { SnapshotView } from "./snapshot-view.ts";
import { summaryOf } from "./summary.ts";
import type { Finding, FlowContext, FlowReport, NotRead } from "./types/index.ts";

/** How many causes {@link inspectState} looks for. */
export const STATE_CHECKS = CAUSES.filter(({ inspect }) => inspect !== undefined).length;

/** What is wrong with the state, whether or not anybody sends; empty on a healthy host. */
export function inspectState(view: SnapshotView): Finding[] {
  const context = { snapshot: view.snapshot, view };
  return rankByWeight(CAUSES.flatMap((cause) => cause.inspect?.(context) ?? []));
}

/** Why a flow fails, or that it does not. {@link FlowReport.milliseconds} is 0: the caller knows what else took time. */
export function explainFlow(context: FlowContext): FlowReport {
  const { flow, walk, observations, view } = context;
  const verdict = verdictOn(context);
  const findings = findingsOf(context, verdict);
  return {
    schema: "ctr.net.trace/1",
    ...verdict,
    flow,
    summary: summaryOf({ flow, result: verdict.result, findings, observations, unknowns: walk.unknowns }),
    there: joinHops(view, walk.there, "there", observations),
    back: joinHops(view, walk.back, "back", observations),
    findings,
    attempts: observations?.attempts ?? [],
    drops: observations?.drops ?? [],
    walk,
    observations,
    notChecked: notChecked(context),
    milliseconds: 0,
  };
}

/** The sender's kernel has found no port for it: there was no packet that could show something. */
const isUnsent = (observations: FlowContext["observations"]): boolean =>
  observations !== undefined &&
  observations.attempts.length > 0 &&
  observations.attempts.every(({ errno }) => errno === "EADDRNOTAVAIL");

/** The model knows nothing of what is beyond the host: a packet that fails there does not disprove it. */
function verdictOn({ flow, walk, observations }: FlowContext): Verdict {
  const verdict = judge(flow, walk, observations);
  const isNoProof = isUnsent(observations) || (observations !== undefined && isUntaken(observations));
  const isTold = beyondHost(walk, observations) === undefined && !isNoProof;
  return isTold ? verdict : { ...verdict, agreement: undefined };
}

function findingsOf(context: FlowContext, verdict: Verdict): Finding[] {
  const known = CAUSES.flatMap((cause) => cause.explain?.(context) ?? []);
  const ranked = rankOnTheWay([...known, ...unclaimed(context, known, verdict)]);
  const { agreement, predicted, observed, result } = verdict;
  if (agreement !== false || observed === undefined) return ranked;
  const disproved = observed === "REACHABLE" && result === "REACHABLE";
  const step = context.walk.deaths[0]?.hop.text;
  return [...(disproved ? ranked.filter(isNoObstacle) : ranked), disagree(predicted, observed, step)];
}

/** A packet that got through has shown that nothing stands in its way. */
const isNoObstacle = ({ position, severity }: Finding): boolean => position === undefined || severity !== "error";

/** The first step that ends the packet is always named, whether or not a cause claims it. */
function unclaimed(context: FlowContext, known: readonly Finding[], { result, observed }: Verdict): Finding[] {
  const [first] = obstaclesOf(context);
  if (first !== undefined) return known.length === 0 ? [endsHere(context, first)] : [];
  const isLost = result === "UNREACHABLE" && observed === "UNREACHABLE";
  return isLost && known.length === 0 ? [vanishesBehind(context)] : [];
}

/** Conditions that the model could not decide, and what could not be read or seen. */
function notChecked({ snapshot, walk, observations }: FlowContext): NotRead[] {
  const undecided = walk.unknowns.map((what) => ({ what, why: "the model does not know it" }));
  return [...snapshot.notRead, ...undecided, ...(observations?.notSeen ?? [])];
}
