/** The answer to a question, as `--json` prints it. Additions keep the schema's number; anything else raises it. */
import type { NameLookup } from "../look-up/types.ts";
import type { Finding, FixAction } from "./finding.ts";
import type { Flow } from "./flow.ts";
import type { Attempt, DropEvent, Observations } from "./observation.ts";
import type { NotRead } from "./snapshot.ts";
import type { Hop, Walk } from "./walk.ts";

export type Result = "REACHABLE" | "UNREACHABLE" | "PARTIAL" | "UNDETERMINED";

/** What `why` and `trace` answer. */
export interface FlowReport {
  readonly schema: "ctr.net.trace/1";
  readonly result: Result;
  readonly flow: Flow;
  readonly predicted: Result;
  /** Undefined when no packet was sent. */
  readonly observed: Result | undefined;
  /** Undefined when there is only one of both. */
  readonly agreement: boolean | undefined;
  /** The two first lines for people: what happens, and why. */
  readonly summary: string;
  readonly there: readonly JoinedHop[];
  readonly back: readonly JoinedHop[];
  /** The cause that stands in the way first comes first. */
  readonly findings: readonly Finding[];
  readonly attempts: readonly Attempt[];
  readonly drops: readonly DropEvent[];
  readonly walk: Walk;
  readonly observations: Observations | undefined;
  readonly notChecked: readonly NotRead[];
  /** What was chosen for the user: `outside stands for 192.0.2.53`. */
  readonly notes?: readonly string[];
  /** Where the destination has a name that programs look up first. */
  readonly lookup?: NameLookup;
  /** The same question over the other family of addresses, when there are both: this is the worse one. */
  readonly other?: FlowReport;
  /** What was done about it; the report is of afterwards then. */
  readonly fixes?: readonly AppliedFix[];
  readonly milliseconds: number;
}

export interface AppliedFix {
  readonly code: string;
  readonly object: string;
  readonly action: FixAction;
  /** Undefined when it was done. */
  readonly error?: string;
}

/** A step of the model beside what was seen there. */
export interface JoinedHop {
  /** Undefined for a step that the model does not have. */
  readonly hop: Hop | undefined;
  readonly where: string;
  readonly text: string;
  readonly model: "ok" | "dies" | "unknown" | "-";
  readonly live: "seen" | "died" | "not seen" | "-";
  readonly evidence: readonly string[];
}

/** What `doctor` answers. */
export interface DoctorReport {
  readonly schema: "ctr.net.doctor/1";
  readonly healthy: boolean;
  /** By what was looked at: `host`, `network web`, `container db`. */
  readonly scopes: readonly { readonly name: string; readonly checks: number; readonly findings: number }[];
  readonly findings: readonly Finding[];
  readonly flows: readonly FlowReport[];
  readonly notChecked: readonly NotRead[];
  /** What was done about it; the report is of afterwards then. */
  readonly fixes?: readonly AppliedFix[];
  readonly milliseconds: number;
}
