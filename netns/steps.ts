/** Whole or nothing: a list of named steps, each with its undo. */
import { CtrError, messageOf, systemFailure } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";

export interface Step {
  /** For logs and error texts: `create namespace`. */
  readonly name: string;
  readonly run: () => void;
  /** Takes back what `run` did, or the part of it that was done. Must bear that there is nothing to take back. */
  readonly undo?: () => void;
}

/**
 * Runs the steps in order. When one fails, it and those before it are undone, the last one first.
 * @param object what the steps make, for texts: `the sandbox of web`
 * @returns microseconds by step
 * @throws what the step threw when that is a {@link CtrError}; anything else as a `system` error that names the step
 */
export function runSteps(object: string, steps: readonly Step[], logger: Logger): Readonly<Record<string, number>> {
  const microseconds: Record<string, number> = {};
  const begun: Step[] = [];
  for (const step of steps) {
    const start = process.hrtime.bigint();
    begun.push(step);
    try {
      step.run();
    } catch (error) {
      undo(object, begun, logger);
      if (error instanceof CtrError) throw error;
      throw systemFailure(`cannot set up ${object}: ${step.name}: ${messageOf(error)}`, {
        code: "CTR_SETUP_FAILED",
        cause: error,
      });
    }
    microseconds[step.name] = Number((process.hrtime.bigint() - start) / 1000n);
  }
  return microseconds;
}

function undo(object: string, begun: readonly Step[], logger: Logger): void {
  for (const step of begun.toReversed()) {
    try {
      step.undo?.();
    } catch (error) {
      // The first error is the one to report. What stays behind is found by the next reconciliation.
      logger.error(`Undoing "${step.name}" of ${object} failed.`, { error: messageOf(error) });
    }
  }
}
