/** `doctor`: what is wrong with the state, and, when asked, whether the ways that have to work do. */
import { toCtrError } from "../../lib/errors.ts";
import {
  type DoctorReport,
  type Finding,
  type FlowReport,
  type NotRead,
  OUTSIDE,
  SnapshotView,
} from "../../netns/index.ts";
import { reportOn } from "./flow.ts";
import { type IntendedPair, intendedPairs } from "./matrix-pairs.ts";
import type { DoctorRequest } from "./request.ts";
import { resolveEnds } from "./resolve-ends.ts";
import { isInScope, ownerOf, type Scope, scopeOf } from "./scope.ts";
import type { DiagnosisTools } from "./tools.ts";

/** Ways that do not work and are followed with packets; of more the model says why: the same cause breaks many. */
const MOST_PROBED = 3;
const MOST_TOLD = 50;

/** @throws `notFound` for a scope that is neither a network nor a container */
export async function answerDoctor(tools: DiagnosisTools, request: DoctorRequest): Promise<DoctorReport> {
  const start = performance.now();
  tools.emit({ type: "progress", text: "reading the state of the network" });
  const view = new SnapshotView(await tools.takeSnapshot());
  const scope = scopeOf(view, request.scope);
  const ofState = tools.inspect(view).filter((finding) => isInScope(finding, scope, view));
  const { flows, notChecked } = request.live
    ? await tryWays(tools, view, scope, request)
    : { flows: [], notChecked: [] };
  const findings = ranked(mergeFindings([...ofState, ...flows.flatMap((flow) => flow.findings)]));
  return {
    schema: "ctr.net.doctor/1",
    healthy: !findings.some(({ severity }) => severity === "error"),
    scopes: scopesOf(view, scope, findings, tools.checks),
    findings,
    flows,
    notChecked: [...view.snapshot.notRead, ...notChecked],
    milliseconds: Math.round(performance.now() - start),
  };
}

interface Tried {
  readonly flows: readonly FlowReport[];
  readonly notChecked: readonly NotRead[];
}

/** All ways that have to work are tried at once; those that do not are then followed one by one. */
async function tryWays(
  tools: DiagnosisTools,
  view: SnapshotView,
  scope: Scope,
  { outside }: DoctorRequest,
): Promise<Tried> {
  const { live } = tools;
  if (live === undefined) return { flows: [], notChecked: [{ what: "packets", why: "the state comes from a bundle" }] };
  const containers = scope.name === undefined ? undefined : scope.containers;
  const ways = intendedPairs(view, containers).filter(
    ({ expected, from, kind }) => expected === "reachable" && from !== OUTSIDE && kind !== "name",
  );
  const notChecked: NotRead[] = [];
  const planned: { readonly pair: IntendedPair; readonly flows: FlowReport["flow"][] }[] = [];
  for (const pair of ways) {
    try {
      const { flows } = await resolveEnds({ ...pair, outside }, { view, lookUp: undefined });
      planned.push({ pair, flows: [...flows] });
    } catch (error) {
      const { code, message } = toCtrError(error);
      if (code !== "CTR_DIAGNOSIS_NO_OUTSIDE") throw error;
      notChecked.push({ what: `${pair.from} → ${pair.to}`, why: message });
    }
  }
  const all = planned.flatMap(({ flows }) => flows);
  tools.emit({ type: "progress", text: `trying ${all.length} connections` });
  const attempts = await live.tryFlows(all);
  const isBad = (flow: FlowReport["flow"]): boolean => {
    const outcome = attempts[all.indexOf(flow)]?.outcome;
    return outcome !== "connected" && outcome !== "answered";
  };
  const bad = planned.filter(({ flows }) => flows.length === 0 || flows.some(isBad));
  const reports: FlowReport[] = [];
  for (const [index, { pair }] of bad.slice(0, MOST_TOLD).entries()) {
    const ends = { from: pair.from, to: pair.to, ...(outside ? { outside } : {}) };
    reports.push(await reportOn(tools, view, { ...ends, static: index >= MOST_PROBED }));
  }
  for (const { pair } of bad.slice(MOST_TOLD)) {
    notChecked.push({ what: `why ${pair.from} does not reach ${pair.to}`, why: "there are too many: ask ctr net why" });
  }
  return { flows: reports, notChecked };
}

/**
 * One cause of many flows is told once: in the words of the first, with what speaks for it in all of them. What a packet
 * showed counts more than what was read.
 */
export function mergeFindings(findings: readonly Finding[]): Finding[] {
  const merged = new Map<string, Finding>();
  for (const finding of findings) {
    const key = `${finding.code} ${finding.object}`;
    const before = merged.get(key);
    merged.set(key, { ...(before === undefined ? finding : joined(before, finding)), position: undefined });
  }
  return [...merged.values()];
}

function joined(before: Finding, finding: Finding): Finding {
  if (CONFIDENCE[finding.confidence] <= CONFIDENCE[before.confidence]) return before;
  const known = new Set(before.evidence.map(({ source, value }) => `${source} ${value}`));
  const added = finding.evidence.filter(({ source, value }) => !known.has(`${source} ${value}`));
  return { ...before, confidence: finding.confidence, evidence: [...before.evidence, ...added] };
}

const CONFIDENCE = { possible: 0, likely: 1, confirmed: 2 };
const SEVERITY = { error: 0, warning: 1, note: 2 };

const ranked = (findings: readonly Finding[]): Finding[] =>
  findings.toSorted((one, other) => SEVERITY[one.severity] - SEVERITY[other.severity]);

/** @param checks how many causes are looked for */
function scopesOf(
  view: SnapshotView,
  scope: Scope,
  findings: readonly Finding[],
  checks: number,
): DoctorReport["scopes"] {
  const owners = findings.filter(({ severity }) => severity !== "note").map((finding) => ownerOf(finding, view));
  const names = [
    "host",
    ...scope.networks
      .filter(({ driver }) => driver !== "host" && driver !== "null")
      .map(({ name }) => `network ${name}`),
    ...scope.containers.filter(({ running }) => running).map(({ name }) => `container ${name}`),
  ];
  return names.map((name) => ({ name, checks, findings: owners.filter((owner) => owner === name).length }));
}
