/** What the operations of the diagnosis work with: the kernel's state, the model, packets, and where to tell of it. */
import type {
  Attempt,
  Drop,
  DropNotice,
  Finding,
  FixAction,
  Flow,
  FlowContext,
  FlowReport,
  LookUpKind,
  Measurement,
  MeasureOptions,
  NameLookup,
  Observations,
  Place,
  Snapshot,
  SnapshotView,
  Walk,
} from "../../netns/index.ts";
import type { DiagnosisEvent } from "./request.ts";

export interface DiagnosisTools {
  /** Reads everything anew; of a bundle always the same. */
  takeSnapshot(): Promise<Snapshot>;
  walk(view: SnapshotView, flow: Flow): Walk;
  explain(context: FlowContext): FlowReport;
  inspect(view: SnapshotView): readonly Finding[];
  /** How many causes `inspect` looks for. */
  readonly checks: number;
  /** Undefined where nothing can be sent: the state comes from a bundle. */
  readonly live: LiveTools | undefined;
  emit(event: DiagnosisEvent): void;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface ProbeChoice {
  /** Seconds in which packets of others are watched, and none is sent. */
  readonly watch?: number | undefined;
  /** Something stops only some packets: several are sent, whatever becomes of the first. */
  readonly often?: boolean;
  /** That no answer comes is known: what matters is where the packet ends. */
  readonly isSilent?: boolean;
}

export interface LiveTools {
  probe(view: SnapshotView, flow: Flow, options: ProbeChoice): Promise<Observations>;
  /** Many at once, without following their packets. */
  tryFlows(flows: readonly Flow[]): Promise<readonly Attempt[]>;
  lookUp(view: SnapshotView, name: string, place: Place, kind?: LookUpKind): Promise<NameLookup>;
  measure(options: Omit<MeasureOptions, "namespaces">): Promise<Measurement>;
  followDrops(
    view: SnapshotView,
    options: { readonly container: Place | undefined; readonly signal: AbortSignal },
  ): AsyncIterable<Drop | DropNotice>;
  apply(action: Exclude<FixAction, { readonly kind: "repair" }>): Promise<void>;
}
