/** Several reports on one question become one: both families of addresses, and the name before the address. */
import type { Finding, Flow, FlowReport, NameLookup, Result, SnapshotView, Walk } from "../../netns/index.ts";
import type { ResolvedEnds } from "./resolve-ends.ts";

/** The worse family first: that is what is to be looked at. */
export function joinFamilies(reports: readonly FlowReport[]): FlowReport {
  const [worst, other] = reports.toSorted((one, another) => RANK[one.result] - RANK[another.result]);
  if (worst === undefined) throw new TypeError("there is no report to join");
  if (other === undefined) return worst;
  const result = joinResults(worst.result, other.result);
  const isSplit = result === "PARTIAL" && other.result === "REACHABLE";
  const summary = isSplit ? withFirstLine(worst.summary, splitLine(worst.flow, other.flow)) : worst.summary;
  return { ...worst, result, summary, other, milliseconds: worst.milliseconds + other.milliseconds };
}

const splitLine = ({ fromText, toText, family: worse }: Flow, { family: better }: Flow): string =>
  `${fromText} reaches ${toText} over IPv${better}, and not over IPv${worse}.`;

/** Summaries have two lines: what happens, and why. */
const withFirstLine = (summary: string, line: string): string => [line, ...summary.split("\n").slice(1)].join("\n");

const RANK: Readonly<Record<Result, number>> = { UNREACHABLE: 0, PARTIAL: 1, UNDETERMINED: 2, REACHABLE: 3 };

function joinResults(worse: Result, better: Result): Result {
  if (worse === better) return worse;
  return better === "REACHABLE" && worse !== "UNDETERMINED" ? "PARTIAL" : worse;
}

/** A name that leads nowhere, though its address can be reached: programs get no further than to the name. */
export function withLookup(report: FlowReport, lookup: NameLookup | undefined, ofName: readonly Finding[]): FlowReport {
  if (lookup === undefined) return report;
  const isLed = lookup.addresses.length > 0;
  const isError = ({ severity }: Finding): boolean => severity === "error";
  // What only costs time is told behind what keeps packets away.
  const findings = [...ofName.filter(isError), ...report.findings, ...ofName.filter((one) => !isError(one))];
  const [first] = ofName;
  if (first === undefined && isLed) return { ...report, lookup };
  const isWorthKnowing = isLed && !ofName.some(isError);
  if (report.result !== "REACHABLE" || isWorthKnowing) {
    const [what = ""] = report.summary.split("\n");
    const why = report.result === "REACHABLE" ? `Worth knowing: ${reasonLine(findings)}` : reasonLine(findings);
    return { ...report, lookup, findings, summary: `${what}\n${why}` };
  }
  const { fromText, toText } = report.flow;
  const what = isLed ? "its name leads programs elsewhere" : "its name is not answered";
  const summary = `${fromText} reaches the address of ${toText}, but ${what}.\n${reasonLine(findings)}`;
  return { ...report, lookup, findings, result: "PARTIAL", summary };
}

/** What is told of a flow that works: where it does not, there is more to say. */
export function withAside(report: FlowReport, aside: Finding | undefined): FlowReport {
  if (aside === undefined || report.result !== "REACHABLE" || report.findings.length > 0) return report;
  const [what = ""] = report.summary.split("\n");
  return { ...report, findings: [aside], summary: `${what}\nWorth knowing: ${reasonLine([aside])}` };
}

const reasonLine = ([first]: readonly Finding[]): string =>
  first === undefined ? "No cause was found." : `${first.title} (${first.code})`;

export interface NoFlow {
  readonly ends: ResolvedEnds;
  readonly view: SnapshotView;
  readonly from: string;
  readonly to: string;
}

/** There is nobody at one of the ends: no packet was sent, and none could be. */
export function reportWithoutFlow({ ends, view, from, to }: NoFlow): FlowReport {
  const flow = emptyFlow(from, to);
  const walk: Walk = { flow, there: [], back: [], result: "dies", arrivesAt: undefined, deaths: [], unknowns: [] };
  const what = ends.findings.length === 0 || ends.lookup !== undefined ? ": the name leads to no address" : "";
  return {
    schema: "ctr.net.trace/1",
    result: "UNREACHABLE",
    flow,
    predicted: "UNREACHABLE",
    observed: undefined,
    agreement: undefined,
    summary: `${from} does not reach ${to}${what}.\n${reasonLine(ends.findings)}`,
    there: [],
    back: [],
    findings: ends.findings,
    attempts: [],
    drops: [],
    walk,
    observations: undefined,
    notChecked: view.snapshot.notRead,
    ...(ends.lookup === undefined ? {} : { lookup: ends.lookup }),
    ...(ends.notes.length === 0 ? {} : { notes: ends.notes }),
    milliseconds: 0,
  };
}

const emptyFlow = (fromText: string, toText: string): Flow => ({
  ...{ from: "", source: "", destination: "", family: 4, protocol: "tcp", destinationPort: 0, sourcePort: 0 },
  ...{ size: undefined, to: undefined, fromText, toText },
});
