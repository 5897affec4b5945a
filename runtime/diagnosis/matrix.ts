/** Who reaches whom, against who should: all pairs, with a cause for each that is otherwise. */
import { toCtrError } from "../../lib/errors.ts";
import {
  type Attempt,
  explainLookup,
  type Finding,
  type Flow,
  type NotRead,
  OUTSIDE,
  type Result,
  SnapshotView,
} from "../../netns/index.ts";
import { diagnoseFlow } from "./diagnose-flow.ts";
import { joinFamilies, reportWithoutFlow } from "./join-reports.ts";
import { type IntendedPair, intendedPairs } from "./matrix-pairs.ts";
import { MATRIX_SCHEMA, type MatrixPair, type MatrixReport } from "./matrix-report.ts";
import type { MatrixRequest } from "./request.ts";
import { type ResolvedEnds, resolveEnds } from "./resolve-ends.ts";
import type { DiagnosisTools } from "./tools.ts";

/** Pairs that are otherwise than expected and looked at closely; of more, the model alone says why. */
const MOST_PROBED = 4;

interface Planned {
  readonly pair: IntendedPair;
  readonly ends: ResolvedEnds;
  readonly attempts: readonly Attempt[];
}

/** @throws `invalid` and `notFound` for ends of the user's file that cannot be read */
export async function answerMatrix(tools: DiagnosisTools, request: MatrixRequest): Promise<MatrixReport> {
  const start = performance.now();
  tools.emit({ type: "progress", text: "reading the state of the network" });
  const view = new SnapshotView(await tools.takeSnapshot());
  const pairs = request.expect === undefined ? intendedPairs(view) : request.expect.map(ofFile);
  const { judged, notChecked } = await judgePairs(tools, view, pairs, request);
  return {
    schema: MATRIX_SCHEMA,
    healthy: judged.every(({ verdict }) => verdict === "as expected" || verdict === "undetermined"),
    pairs: judged,
    notChecked: [...view.snapshot.notRead, ...notChecked],
    milliseconds: Math.round(performance.now() - start),
  };
}

const ofFile = ({ from, to, expect }: NonNullable<MatrixRequest["expect"]>[number]): IntendedPair => ({
  ...{ from, to, kind: "container", expected: expect, because: "the file says so" },
});

interface Judged {
  readonly judged: readonly MatrixPair[];
  readonly notChecked: readonly NotRead[];
}

async function judgePairs(
  tools: DiagnosisTools,
  view: SnapshotView,
  pairs: readonly IntendedPair[],
  { outside, static: isStatic }: MatrixRequest,
): Promise<Judged> {
  const notChecked: NotRead[] = [];
  const names = pairs.filter(({ kind }) => kind === "name");
  const planned: Planned[] = [];
  for (const pair of pairs.filter(({ kind }) => kind !== "name")) {
    try {
      const ends = await resolveEnds({ ...pair, outside }, { view, lookUp: undefined });
      planned.push({ pair, ends, attempts: [] });
    } catch (error) {
      const { code, message } = toCtrError(error);
      if (code !== "CTR_DIAGNOSIS_NO_OUTSIDE") throw error;
      notChecked.push({ what: `${pair.from} → ${pair.to}`, why: message });
    }
  }
  const tried = isStatic || tools.live === undefined ? planned : await tryAll(tools, planned);
  let probes = isStatic ? 0 : MOST_PROBED;
  const judged: MatrixPair[] = [];
  for (const one of tried) {
    const judgement = await judge(tools, view, one, probes > 0);
    if (judgement.verdict !== "as expected") probes--;
    judged.push(judgement);
  }
  const ofNames = isStatic || tools.live === undefined ? [] : await judgeNames(tools, view, names);
  return { judged: [...judged, ...ofNames], notChecked };
}

/** Nothing can be sent from outside: for those the model answers alone. */
async function tryAll(tools: DiagnosisTools, planned: readonly Planned[]): Promise<Planned[]> {
  const flows = planned.flatMap(({ ends }) => ends.flows.filter(({ from }) => from !== OUTSIDE));
  tools.emit({ type: "progress", text: `trying ${flows.length} connections` });
  const attempts = (await tools.live?.tryFlows(flows)) ?? [];
  const byFlow = new Map<Flow, Attempt | undefined>(flows.map((flow, index) => [flow, attempts[index]]));
  return planned.map((one) => ({
    ...one,
    attempts: one.ends.flows.flatMap((flow) => byFlow.get(flow) ?? []),
  }));
}

async function judge(
  tools: DiagnosisTools,
  view: SnapshotView,
  { pair, ends, attempts }: Planned,
  mayProbe: boolean,
): Promise<MatrixPair> {
  const seen = resultOf(attempts, ends.flows.length);
  if (seen !== undefined && isAsExpected(pair, seen)) {
    return { ...pair, result: seen, verdict: "as expected", cause: undefined };
  }
  const report = await reportOf(tools, view, pair, ends, mayProbe && seen !== undefined);
  const result = seen ?? report.result;
  const [cause] = report.findings;
  return {
    ...pair,
    result,
    verdict: verdictOf(pair, result),
    cause: cause && shortCause(cause),
  };
}

const shortCause = ({ code, title, confidence }: Finding): MatrixPair["cause"] => ({ code, title, confidence });

async function reportOf(
  tools: DiagnosisTools,
  view: SnapshotView,
  { from, to }: IntendedPair,
  ends: ResolvedEnds,
  mayProbe: boolean,
) {
  const [first, ...others] = ends.flows;
  if (first === undefined) return reportWithoutFlow({ ends, view, from, to });
  const reports = [await diagnoseFlow(tools, view, first, { static: !mayProbe })];
  for (const flow of others) reports.push(await diagnoseFlow(tools, view, flow, { static: !mayProbe }));
  return joinFamilies(reports);
}

/** A refusal comes from the far end, or from a rule: it is not through in either case. Undefined when nothing was tried. */
function resultOf(attempts: readonly Attempt[], flows: number): Result | undefined {
  if (attempts.length === 0 || attempts.length < flows) return undefined;
  const through = attempts.filter(({ outcome }) => outcome === "connected" || outcome === "answered").length;
  if (through === attempts.length) return "REACHABLE";
  return through === 0 ? "UNREACHABLE" : "PARTIAL";
}

const isAsExpected = ({ expected }: IntendedPair, result: Result): boolean =>
  result === (expected === "reachable" ? "REACHABLE" : "UNREACHABLE");

function verdictOf(pair: IntendedPair, result: Result): MatrixPair["verdict"] {
  if (result === "UNDETERMINED") return "undetermined";
  if (isAsExpected(pair, result)) return "as expected";
  return pair.expected === "reachable" ? "unexpected deny" : "unexpected allow";
}

async function judgeNames(
  { live }: DiagnosisTools,
  view: SnapshotView,
  pairs: readonly IntendedPair[],
): Promise<MatrixPair[]> {
  return await Promise.all(
    pairs.map(async (pair): Promise<MatrixPair> => {
      const place = view.container(pair.from)?.namespace ?? "";
      const lookup = await live?.lookUp(view, pair.to, place);
      if (lookup === undefined || lookup.addresses.length > 0) {
        return { ...pair, result: "REACHABLE", verdict: "as expected", cause: undefined };
      }
      const [cause] = explainLookup({ view, from: place, fromName: pair.from, lookup });
      return { ...pair, result: "UNREACHABLE", verdict: "unexpected deny", cause: cause && shortCause(cause) };
    }),
  );
}
