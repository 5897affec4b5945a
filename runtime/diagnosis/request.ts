/** What `ctr-diagnosis` is asked on its standard input, and the lines that it answers with. */
import type { DoctorReport, Drop, DropCounter, FixAction, FlowReport, Snapshot } from "../../netns/index.ts";
import type { BenchReport } from "./bench-report.ts";
import type { MatrixReport } from "./matrix-report.ts";

export interface DiagnosisInput {
  readonly dataRoot: string;
  readonly execRoot: string;
  /** A bundle that is looked at in place of this machine: nothing is sent, and no privilege is needed. */
  readonly bundle?: string | undefined;
  readonly request: DiagnosisRequest;
}

export type DiagnosisRequest =
  | FlowRequest
  | DoctorRequest
  | MatrixRequest
  | DropsRequest
  | BundleRequest
  | BenchRequest;

/** Both ends as the user writes them, see {@link parseSource} and {@link parseDestination}. */
interface Ends {
  readonly from: string;
  readonly to: string;
  /** `address` or `address:port` that `outside` stands for; a name server of the host's otherwise. */
  readonly outside?: string;
}

/** Asks to do what the findings propose, where the object is ctr's. What is for the engine to do is told alone. */
interface Mending {
  readonly fix?: boolean;
  /** Keys of what was done before, see {@link fixKey}: that it is needed again shows that it does not help. */
  readonly skip?: readonly string[];
}

/** `why` and `trace`. */
export interface FlowRequest extends Ends, Mending {
  readonly kind: "flow";
  /** Bytes of the IP packet. */
  readonly size?: number;
  /** Only the model: no packet is sent. */
  readonly static?: boolean;
  /** No packet is sent: those of programs are watched for so many seconds. */
  readonly watch?: number;
}

export interface DoctorRequest extends Mending {
  readonly kind: "doctor";
  /** A network or a container; everything when absent. */
  readonly scope?: string;
  /** Send packets along the ways that have to work. */
  readonly live?: boolean;
  readonly outside?: string;
}

export interface MatrixRequest {
  readonly kind: "matrix";
  readonly expect?: readonly Expectation[];
  readonly outside?: string;
  /** Only the model: no packet is sent. */
  readonly static?: boolean;
}

/** A pair of which the user says what has to be. */
export interface Expectation {
  readonly from: string;
  readonly to: string;
  readonly expect: "reachable" | "unreachable";
}

export interface DropsRequest {
  readonly kind: "drops";
  /** Of this container alone. */
  readonly container?: string;
  /** Also those in network namespaces that are neither the host's nor a container's. */
  readonly all?: boolean;
  /** Seconds; until the client goes away when absent. */
  readonly seconds?: number;
}

export interface BundleRequest {
  readonly kind: "bundle";
  /** Names and addresses stay as they are. */
  readonly plain?: boolean;
}

export interface BenchRequest {
  readonly kind: "bench";
  readonly from: string;
  readonly to: string;
  /** Seconds of each measurement. */
  readonly seconds?: number;
}

export type DiagnosisReport = FlowReport | DoctorReport | MatrixReport | BenchReport | Snapshot;

/** One line of the answer. */
export type DiagnosisEvent =
  /** What is done just now, for people who wait. */
  | { readonly type: "progress"; readonly text: string }
  /** Packets that were lost so far. */
  | { readonly type: "counters"; readonly counters: readonly DropCounter[] }
  /** One that is lost just now. Places have the names of containers. */
  | { readonly type: "drop"; readonly drop: Drop }
  /**
   * Something is about to be changed, and then whether it was. Of `repair`, which is for the engine, only that it is
   * needed is told: who asked has to ask the engine for it.
   */
  | { readonly type: "fixing"; readonly fix: PlannedFix }
  | { readonly type: "fixed"; readonly fix: PlannedFix; readonly error?: string }
  /** The last line, unless it is an `error`. */
  | { readonly type: "report"; readonly report: DiagnosisReport }
  | DiagnosisFailure;

export interface DiagnosisFailure {
  readonly type: "error";
  readonly message: string;
  readonly hint?: string;
  /** `usage`: the request is wrong; `environment`: this host lacks something; `leftover`: see {@link message}. */
  readonly kind: "usage" | "environment" | "leftover";
}

export interface PlannedFix {
  readonly code: string;
  readonly object: string;
  readonly action: FixAction;
}
