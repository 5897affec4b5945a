/** `why` and `trace`: can one end reach the other, and if not, why. */
import {
  explainLookup,
  type Finding,
  type Flow,
  type FlowReport,
  HOST,
  type NameLookup,
  SANDBOX_SERVER,
  SnapshotView,
  serversBehind,
} from "../../netns/index.ts";
import { diagnoseFlow } from "./diagnose-flow.ts";
import { joinFamilies, reportWithoutFlow, withAside, withLookup } from "./join-reports.ts";
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
  const [first, ...others] = ends.flows;
  if (first === undefined) {
    const ofName = await lookupFindings(tools, view, ends, request, undefined);
    const findings = [...ofName, ...ends.findings];
    return reportWithoutFlow({ ends: { ...ends, findings }, view, from: request.from, to: request.to });
  }
  const [plain, ...reports] = await Promise.all([
    askPlainly(tools, view, ends),
    ...[first, ...others].map((flow) => diagnoseFlow(tools, view, flow, request)),
  ]);
  const report = joinFamilies(reports);
  const ofName = await lookupFindings(tools, view, ends, request, report.result === "REACHABLE" ? undefined : plain);
  const joined = withAside(withLookup(report, ends.lookup, ofName), ends.aside);
  return { ...joined, ...(ends.notes.length === 0 ? {} : { notes: ends.notes }) };
}

/**
 * Why a name was not answered: what stands between the source and its name server, then what the server says. Of a name that
 * was answered: whether it leads where it should.
 * @param plain see {@link askPlainly}
 */
async function lookupFindings(
  tools: DiagnosisTools,
  view: SnapshotView,
  { lookup, flows, named }: ResolvedEnds,
  request: Omit<FlowRequest, "kind">,
  plain: NameLookup | undefined,
): Promise<readonly Finding[]> {
  if (lookup === undefined) return [];
  const from = flows[0]?.from ?? placeOf(view, request.from);
  const context = { view, from, fromName: view.nameOf(from), lookup };
  if (lookup.addresses.length > 0) {
    const expected = named === undefined ? {} : { expected: named };
    return explainLookup({ ...context, ...expected, ...(plain === undefined ? {} : { plain }) });
  }
  const mayBeBehind = lookup.servers.includes(SANDBOX_SERVER) && isWithoutAnswer(lookup);
  const [toServer, behind] = await Promise.all([
    isSilent(lookup) ? serverFindings(tools, view, from, lookup, request) : [],
    mayBeBehind ? findingsBehind(tools, view, from, request) : [],
  ]);
  return [...toServer, ...(toServer.length === 0 ? behind : []), ...explainLookup(context)];
}

/** What name servers say of the name itself, where programs come to their address by another way. */
async function askPlainly(
  { live }: DiagnosisTools,
  view: SnapshotView,
  { lookup, flows, named }: ResolvedEnds,
): Promise<NameLookup | undefined> {
  const from = flows[0]?.from;
  if (lookup === undefined || named !== undefined || from === undefined) return undefined;
  const asked = lookup.questions.find(({ outcome }) => outcome === "found")?.question;
  const isAsWritten = lookup.by === "dns" && asked?.replace(/\.$/, "") === lookup.name.replace(/\.$/, "");
  return isAsWritten ? undefined : await live?.lookUp(view, lookup.name, from, "as written, of name servers");
}

const placeOf = (view: SnapshotView, from: string): string => view.container(from)?.namespace ?? HOST;

const isSilent = ({ questions }: NameLookup): boolean =>
  questions.every(({ outcome }) => outcome === "silence" || outcome === "refused" || outcome === "error");

/** Somebody may know it, and nobody says so. */
const isWithoutAnswer = ({ questions }: NameLookup): boolean =>
  questions.every(({ outcome }) => ["silence", "failed", "refused", "error"].includes(outcome));

async function serverFindings(
  tools: DiagnosisTools,
  view: SnapshotView,
  from: string,
  { servers }: NameLookup,
  { from: fromText, static: isStatic }: Omit<FlowRequest, "kind">,
): Promise<readonly Finding[]> {
  const [server] = servers;
  if (server === undefined) return [];
  const flow = toNameServer({ from, fromText, server, protocol: "udp", toText: `its name server ${server}` });
  const report = await diagnoseFlow(tools, view, flow, { static: isStatic, isSilent: true });
  return report.findings.filter(isPlaced);
}

/** A question that is lost nobody knows where says no more than that there is no answer. */
const isPlaced = ({ code, severity, position }: Finding): boolean =>
  severity === "error" && (position !== undefined || !code.startsWith("CTRN9"));

/** The sandbox's own server is there: what lies between it and those that it asks, be it by datagrams or by TCP. */
async function findingsBehind(
  tools: DiagnosisTools,
  view: SnapshotView,
  place: string,
  { static: isStatic }: Omit<FlowRequest, "kind">,
): Promise<readonly Finding[]> {
  const { from, servers } = serversBehind(view, place);
  const [server] = servers;
  if (server === undefined) return [];
  const ends = { from, fromText: view.nameOf(from), server, toText: `the name server ${server}` };
  const reports = await Promise.all(
    (["udp", "tcp"] as const).map((protocol) =>
      diagnoseFlow(tools, view, toNameServer({ ...ends, protocol }), { static: isStatic, isSilent: true }),
    ),
  );
  const [first = []] = reports.map(({ findings }) => findings.filter(isOnThisHost)).filter(({ length }) => length > 0);
  return first;
}

/** That another machine is silent is what the server's own cause tells. */
const isOnThisHost = ({ code, severity }: Finding): boolean => severity === "error" && !/^CTRN(42|9)/.test(code);

interface NameServerEnds extends Pick<Flow, "from" | "fromText" | "toText" | "protocol"> {
  readonly server: string;
}

const toNameServer = ({ server, ...ends }: NameServerEnds): Flow => ({
  ...ends,
  ...{ source: "", destination: server, family: server.includes(":") ? 6 : 4 },
  ...{ destinationPort: DNS_PORT, sourcePort: 0, size: undefined, to: undefined },
});
