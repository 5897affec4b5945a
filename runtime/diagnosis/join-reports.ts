/** Several reports on one question become one: both families of addresses, and the name before the address. */
import type { Finding, Flow, FlowReport, NameLookup, Result, SnapshotView, Walk } from "../../netns/index.ts";
import type { ResolvedEnds } from "./resolve-ends.ts";

/** The worse family first: that is what is to be looked at. */
export function joinFamilies(reports: readonly FlowReport[]): FlowReport {
  const [worst, other] = reports.toSorted((one, another) => RANK[one.result] - RANK[another.result]);
  if (worst === undefined) throw new TypeError("there is no report to join");
  if (other === undefined) return worst;
  const result = joinResults(worst.result, other.result);
  const summary =
    result === "PARTIAL" && other.result === "REACHABLE"
      ? `IPv${other.flow.family} gets through, IPv${worst.flow.family} does not: ${lowerFirst(worst.summary)}`
      : worst.summary;
  return { ...worst, result, summary, other, milliseconds: worst.milliseconds + other.milliseconds };
}

const RANK: Readonly<Record<Result, number>> = { UNREACHABLE: 0, PARTIAL: 1, UNDETERMINED: 2, REACHABLE: 3 };

function joinResults(worse: Result, better: Result): Result {
  if (worse === better) return worse;
  return better === "REACHABLE" && worse !== "UNDETERMINED" ? "PARTIAL" : worse;
}

/** Sentences that begin with a name or an abbreviation keep it. */
const lowerFirst = (text: string): string =>
  /^[A-Z][a-z]+ /.test(text) ? `${text.charAt(0).toLowerCase()}${text.slice(1)}` : text;

/** A name that leads nowhere, though its address can be reached: programs get no further than to the name. */
export function withLookup(
  report: FlowReport,
  lookup: NameLookup | undefined,
  finding: Finding | undefined,
): FlowReport {
  if (lookup === undefined) return report;
  if (finding === undefined) return { ...report, lookup };
  const findings = [finding, ...report.findings];
  if (report.result !== "REACHABLE") return { ...report, lookup, findings };
  const summary = `The address can be reached, the name cannot be looked up: ${finding.title}`;
  return { ...report, lookup, findings, result: "PARTIAL", summary };
}

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
  const [first] = ends.findings;
  return {
    schema: "ctr.net.trace/1",
    result: "UNREACHABLE",
    flow,
    predicted: "UNREACHABLE",
    observed: undefined,
    agreement: undefined,
    summary: first?.title ?? "There is no way to send anything there.",
    there: [],
    back: [],
    findings: ends.findings,
    attempts: [],
    drops: [],
    walk,
    observations: undefined,
    notChecked: view.snapshot.notRead,
    ...(ends.lookup === undefined ? {} : { lookup: ends.lookup }),
    milliseconds: 0,
  };
}

const emptyFlow = (fromText: string, toText: string): Flow => ({
  ...{ from: "", source: "", destination: "", family: 4, protocol: "tcp", destinationPort: 0, sourcePort: 0 },
  ...{ size: undefined, to: undefined, fromText, toText },
});
