/** What every profile works with: containers, a clock, a probe beside the load, and phases that it goes through. */

import type { Probe } from "../probe.ts";
import type { Recorder } from "../recorder.ts";
import type { Plot } from "../report/types.ts";
import type { LoadSession } from "../session.ts";
import type { Outcome } from "../verify.ts";

export interface ProfileRun {
  readonly session: LoadSession;
  /** For the load; what comes before and after is short. */
  readonly seconds: number;
  /** Of the machine. */
  readonly cpus: number;
  readonly recorder: Recorder;
  readonly probe: Probe;
  /** A part of the profile, with a name in the report. Latencies are told apart by it. */
  phase<T>(name: string, body: () => Promise<T>): Promise<T>;
  /** Called for each finding as it is found. */
  tell(outcome: Outcome): void;
}

export interface Profile {
  /** One sentence without its full stop. */
  readonly summary: string;
  /** What is drawn. */
  run(run: ProfileRun): Promise<readonly Plot[]>;
}
