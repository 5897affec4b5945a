/** When a container that has ended is started again, and after how long. Docker's rules (moby `restartmanager`). */
import { invalid } from "../../lib/errors.ts";
import type { HostConfig } from "../types.ts";

export type RestartPolicyName = "no" | "always" | "on-failure" | "unless-stopped";

export interface RestartPolicy {
  readonly Name: RestartPolicyName;
  /** Only for `on-failure`; 0 is no limit. */
  readonly MaximumRetryCount: number;
}

export interface EndedRun {
  readonly exitCode: number;
  /** A user stopped or killed it. */
  readonly stoppedByUser: boolean;
  /** How often it was restarted already since a user started it. */
  readonly restartCount: number;
}

const NAMES: readonly string[] = ["no", "always", "on-failure", "unless-stopped"];

/** @throws `invalid` with Docker's texts */
export function checkRestartPolicy(asked: HostConfig["RestartPolicy"], autoRemove: boolean): RestartPolicy {
  const name = asked?.Name || "no";
  const count = asked?.MaximumRetryCount ?? 0;
  const wrong = (text: string) => invalid(`invalid restart policy: ${text}`, "CTR_RESTART_POLICY_INVALID");
  if (!isPolicyName(name)) {
    throw wrong(`unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`);
  }
  if (count < 0) throw wrong("maximum retry count cannot be negative");
  if (name !== "on-failure" && count > 0) throw wrong("maximum retry count can only be used with 'on-failure'");
  if (name !== "no" && autoRemove) {
    throw invalid("can't create 'AutoRemove' container with restart policy", "CTR_RESTART_POLICY_INVALID");
  }
  return { Name: name, MaximumRetryCount: count };
}

const isPolicyName = (name: string): name is RestartPolicyName => NAMES.includes(name);

export function shouldRestart(policy: RestartPolicy, run: EndedRun): boolean {
  if (run.stoppedByUser) return false;
  return allows(policy, run);
}

/** At the engine's own start, `always` starts even what a user had stopped (that is how it differs from `unless-stopped`). */
export function shouldStartWithEngine(policy: RestartPolicy, run: EndedRun): boolean {
  return policy.Name === "always" || (policy.Name !== "no" && shouldRestart(policy, run));
}

function allows({ Name, MaximumRetryCount }: RestartPolicy, { exitCode, restartCount }: EndedRun): boolean {
  switch (Name) {
    case "no":
      return false;
    case "always":
    case "unless-stopped":
      return true;
    case "on-failure":
      return exitCode !== 0 && (MaximumRetryCount === 0 || restartCount < MaximumRetryCount);
  }
}

const FIRST_DELAY = 100;
const LONGEST_DELAY = 60_000;
/** A run of this many milliseconds counts as a success: the next delay is the first again. */
const LONG_RUN = 10_000;

/**
 * @param previous delay before the run that ended, 0 when there was none
 * @param ranFor milliseconds
 * @returns milliseconds to wait: 100, doubled each time, at most a minute
 */
export function nextDelay(previous: number, ranFor: number): number {
  if (previous === 0 || ranFor >= LONG_RUN) return FIRST_DELAY;
  return Math.min(previous * 2, LONGEST_DELAY);
}

/**
 * How often a container was started anew in a row, each time after a short life; the delay tells it, and grows no more after
 * ten of them.
 * @param delay milliseconds before its present, or last, life
 * @param livedFor milliseconds of that
 */
export function restartsInARow(delay: number, livedFor: number): number {
  if (delay === 0 || livedFor >= LONG_RUN) return 0;
  return Math.ceil(Math.log2(delay / FIRST_DELAY)) + 1;
}
