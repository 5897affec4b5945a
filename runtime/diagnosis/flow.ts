/** `why` and `trace`: can one end reach the other, and if not, why. */
import {
  explainLookup,
  type Finding,
  type Flow,
  type FlowReport,
  HOST,
  type NameLookup,
  SnapshotView,
} from "../../netns/index.ts";
import { diagnoseFlow } from "./diagnose-flow.ts";
import { joinFamilies, reportWithoutFlow, withLookup } from "./join-reports.ts";
import type { FlowRequest } from "./request.ts";
import { type ResolvedEnds, resolveEnds } from "./resolve-ends.ts";
import type { DiagnosisTools } from "./tools.ts";

const DNS_PORT = 53;

/** @throws `invalid` and `notFound` for ends that cannot be read */
export async function answerFlow(tools: DiagnosisTools, request: FlowRequest): Promise<FlowReport> {
  const start = performance.now();
  tools.emit({ type: "progress", text: "reading the state of the network" });
  const view = new SnapshotView(await tools.takeSnapshot());
  const report = await reportOn(tools, view, request);
  return { ...report, milliseconds: Math.round(performance.now() - start) };
}

/** The same, of a state that was read already. */
export async function reportOn(
  tools: DiagnosisTools,
  view: SnapshotView,
  request: Omit<FlowRequest, "kind">,
): Promise<FlowReport> {
  const { live } = tools;
  const lookUp =
    live === undefined || request.static ? undefined : (name: string, place: string) => live.lookUp(view, name, place);
  const ends = await resolveEnds(request, { view, lookUp });
  const ofName = await lookupFindings(tools, view, ends, request);
  const [first, ...others] = ends.flows;
  if (first === undefined) {
    const findings = [...ofName, ...ends.findings];
    return reportWithoutFlow({ ends: { ...ends, findings }, view, from: request.from, to: request.to });
  }
  const reports = [await diagnoseFlow(tools, view, first, request)];
  for (const flow of others) reports.push(await diagnoseFlow(tools, view, flow, request));
  const joined = withLookup(joinFamilies(reports), ends.lookup, ofName);
  return { ...joined, ...(ends.notes.length === 0 ? {} : { notes: ends.notes }) };
}

/** Why a name was not answered: what stands between the source and its name server, then what the server says. */
async function lookupFindings(
  tools: DiagnosisTools,
  view: SnapshotView,
  { lookup, flows }: ResolvedEnds,
  request: Omit<FlowRequest, "kind">,
): Promise<readonly Finding[]> {
  if (lookup === undefined || lookup.addresses.length > 0) return [];
  const from = flows[0]?.from ?? placeOf(view, request.from);
  const onTheWay = isSilent(lookup) ? await serverFindings(tools, view, from, lookup, request) : [];
  return [...onTheWay, ...explainLookup({ view, from, fromName: view.nameOf(from), lookup })];
}

const placeOf = (view: SnapshotView, from: string): string => view.container(from)?.namespace ?? HOST;

const isSilent = ({ questions }: NameLookup): boolean =>
  questions.every(({ outcome }) => outcome === "silence" || outcome === "refused" || outcome === "error");

async function serverFindings(
  tools: DiagnosisTools,
  view: SnapshotView,
  from: string,
  { servers }: NameLookup,
  { from: fromText, static: isStatic }: Omit<FlowRequest, "kind">,
): Promise<readonly Finding[]> {
  const [server] = servers;
  if (server === undefined) return [];
  const flow: Flow = {
    ...{ from, source: "", destination: server, family: server.includes(":") ? 6 : 4, protocol: "udp" },
    ...{ destinationPort: DNS_PORT, sourcePort: 0, size: undefined, to: undefined },
    ...{ fromText, toText: `its name server ${server}` },
  };
  const report = await diagnoseFlow(tools, view, flow, { static: isStatic });
  return report.findings.filter(({ severity }) => severity === "error");
}
