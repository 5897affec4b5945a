/** One flow: what the model says, what a packet shows, and what follows from both. */
import { type Flow, type FlowReport, type Observations, SnapshotView } from "../../netns/index.ts";
import type { DiagnosisTools } from "./tools.ts";

export interface FlowOptions {
  /** Only the model. */
  readonly static?: boolean | undefined;
  /** Seconds in which packets of others are watched, and none is sent. */
  readonly watch?: number | undefined;
  /** A program has waited for an answer already: it need not be waited for as long once more. */
  readonly isSilent?: boolean;
}

/**
 * Where both disagree, the state may have changed after it was read: it is read anew, once, before that is told.
 * @param view what was read last
 */
export async function diagnoseFlow(
  tools: DiagnosisTools,
  view: SnapshotView,
  flow: Flow,
  options: FlowOptions,
): Promise<FlowReport> {
  const start = performance.now();
  const observations = await observe(tools, view, flow, options);
  const first = conclude(tools, view, flow, observations);
  const report =
    first.agreement === false
      ? conclude(tools, new SnapshotView(await tools.takeSnapshot()), flow, observations)
      : first;
  return { ...report, milliseconds: Math.round(performance.now() - start) };
}

async function observe(
  { live, emit, walk }: DiagnosisTools,
  view: SnapshotView,
  flow: Flow,
  options: FlowOptions,
): Promise<Observations | undefined> {
  if (options.static || live === undefined) return undefined;
  const verb = options.watch === undefined ? "sending a packet" : "watching packets";
  emit({ type: "progress", text: `${verb} from ${flow.fromText} to ${flow.toText} (${flow.destination})` });
  const often = walk(view, flow).deaths.some(({ death: { facts } }) => facts["limit"] === true && !facts["remembered"]);
  return await live.probe(view, flow, { watch: options.watch, often, isSilent: options.isSilent === true });
}

function conclude(
  tools: DiagnosisTools,
  view: SnapshotView,
  flow: Flow,
  observations: Observations | undefined,
): FlowReport {
  const { snapshot } = view;
  return tools.explain({ snapshot, view, flow, walk: tools.walk(view, flow), observations });
}
