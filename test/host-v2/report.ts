/** What a run of the machine comes to: what is shown of it, and what it counts. */

/** What the machine left. */
export interface Outcome {
  /** What the tests wrote. */
  readonly output: string;
  /** Lines for the file that CTR_TEST_COUNTS names; empty when the tests did not come to an end. */
  readonly counts: string;
  readonly succeeded: boolean;
  /** False when the machine was turned off because its time was over. */
  readonly inTime: boolean;
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

/**
 * A machine that does not boot, or whose tests do not end in time, counts as a failed test.
 * @param timeout the seconds that it had
 */
export function reportOf({ output, counts, succeeded, inTime, console }: Outcome, timeout: number): Report {
  if (succeeded) return { text: output, counts, succeeded };
  const late = inTime ? "" : `\nThe machine was turned off after ${timeout} s, before its tests had ended.\n`;
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
