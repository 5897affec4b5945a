/** What a run of the machine comes to: what is shown of it, and what it counts. */

/** What the machine left. */
export interface Outcome {
  /** What the tests wrote. */
  readonly output: string;
  /** Lines for the file that CTR_TEST_COUNTS names; empty when the tests did not come to an end. */
  readonly counts: string;
  readonly succeeded: boolean;
  /** Seconds of CPU time that the machine had got when it was turned off because its time was over. */
  readonly cutAfter: number | undefined;
  readonly console: string;
}

export interface Report {
  readonly text: string;
  readonly counts: string;
  readonly succeeded: boolean;
}

/** Lines of the machine's console that are shown when something fails. */
const CONSOLE_LINES = 60;

const ONE_FAILURE = `${JSON.stringify({ passes: 0, failures: 1, pending: 0 })}\n`;

const ONE_SKIPPED = `${JSON.stringify({ passes: 0, failures: 0, pending: 1 })}\n`;

/** Seconds of CPU time in which the brief choice of tests ends on any computer; it takes about 250. */
const ENOUGH = 400;

/** How mocha marks a test that failed. */
const FAILED = /^ +\d+\) /m;

/**
 * A machine that does not boot, or whose tests do not end in time, counts as a failed test: but as skipped where it may be
 * skipped, no test had failed, and the computer was too busy with other things to run it.
 * @param timeout the seconds that it had
 */
export function reportOf(outcome: Outcome, timeout: number, mayBeSkipped: boolean): Report {
  const { output, counts, succeeded, cutAfter, console } = outcome;
  if (succeeded) return { text: output, counts, succeeded };
  if (mayBeSkipped && cutAfter !== undefined && cutAfter < ENOUGH && !FAILED.test(output)) {
    const text = `\n  Skipped, for this computer is too busy: ${Math.round(cutAfter)} s of CPU time in ${timeout} s.\n`;
    return { text: output + text, counts: ONE_SKIPPED, succeeded: true };
  }
  const late =
    cutAfter === undefined ? "" : `\nThe machine was turned off after ${timeout} s, before its tests had ended.\n`;
  const lines = console.trimEnd().split("\n").slice(-CONSOLE_LINES);
  const shown = lines.map((line) => `  | ${line.trimEnd()}\n`).join("");
  const text = `${output}${late}\nThe last lines of the machine's console:\n${shown}`;
  return { text, counts: counts === "" ? ONE_FAILURE : counts, succeeded };
}

/** Something went wrong outside of the machine. */
export const reportOfFailure = (reason: string): Report => ({
  text: `\n  The machine with cgroup v2 could not be started: ${reason}\n`,
  counts: ONE_FAILURE,
  succeeded: false,
});

/** This computer has not what the machine is made of. */
export const reportOfSkipping = (reason: string): Report => ({
  text: `\n  Skipped, for there is no machine with cgroup v2 to be had here: ${reason}\n`,
  counts: ONE_SKIPPED,
  succeeded: true,
});
