/** Whole or nothing: a list of named steps, each with its undo. */
import { CtrError, messageOf, systemFailure } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { NetworkFaultPoint, StepHook } from "./fault-points.ts";

export interface Step {
  /** For logs and error texts: `create the namespace`. */
  readonly name: string;
  /** For the hook: `setUp:namespace`. Steps that change nothing outside the process have none. */
  readonly point?: NetworkFaultPoint;
  /** Whole or nothing itself: when it throws, it has changed nothing. */
  readonly run: () => void;
  /** Takes back what `run` did. */
  readonly undo?: () => void;
}

/**
 * Runs the steps in order. When one fails, those before it are undone, the last one first. The failed one is not: what
 * it found in its way (a link of that name, a file) belongs to somebody else.
 * @param object what the steps make, for texts: `the sandbox of web`
 * @returns microseconds by step
 * @throws what the step threw when that is a {@link CtrError}; anything else as a `system` error that names the step
 */
export function runSteps(
  object: string,
  steps: readonly Step[],
  logger: Logger,
  hook: StepHook = () => {},
): Readonly<Record<string, number>> {
  const microseconds: Record<string, number> = {};
  const done: Step[] = [];
  for (const step of steps) {
    const start = process.hrtime.bigint();
    try {
      step.run();
    } catch (error) {
      undo(object, done, logger);
      if (error instanceof CtrError) throw error;
      throw systemFailure(`cannot set up ${object}: ${step.name}: ${messageOf(error)}`, {
        code: "CTR_SETUP_FAILED",
        cause: error,
      });
    }
    done.push(step);
    microseconds[step.name] = Number((process.hrtime.bigint() - start) / 1000n);
    if (step.point !== undefined) hook(step.point);
  }
  return microseconds;
}

function undo(object: string, done: readonly Step[], logger: Logger): void {
  for (const step of done.toReversed()) {
    try {
      step.undo?.();
    } catch (error) {
      // The first error is the one to report. What stays behind is found by the next reconciliation.
      logger.error(`Undoing "${step.name}" of ${object} failed.`, { error: messageOf(error) });
    }
  }
}
