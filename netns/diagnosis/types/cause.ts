/** A known cause: one small file each in `causes/`, a pure function of what was read and seen. */

import type { SnapshotView } from "../snapshot-view.ts";
import type { Finding, Severity } from "./finding.ts";
import type { Flow } from "./flow.ts";
import type { Observations } from "./observation.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Walk } from "./walk.ts";

export interface StateContext {
  readonly snapshot: Snapshot;
  readonly view: SnapshotView;
}

export interface FlowContext extends StateContext {
  readonly flow: Flow;
  readonly walk: Walk;
  /** Undefined when no packet was sent. */
  readonly observations: Observations | undefined;
}

export interface Cause {
  readonly code: string;
  readonly severity: Severity;
  /** Heading of its page in docs/diagnosis: `Forwarding is switched off`. */
  readonly heading: string;
  /** What is wrong with the state, whether or not anybody sends: for `ctr net doctor`. */
  inspect?(context: StateContext): readonly Finding[];
  /** Why a flow fails. */
  explain?(context: FlowContext): readonly Finding[];
}
