/**
 * Tear-down never stops half way: every step runs, what failed is collected and reported together.
 * Set-up uses the language's own `AsyncDisposableStack`: `defer` an undo as each change is made, `move()` on success.
 */
import { messageOf, systemFailure } from "./errors.ts";

export interface TeardownStep {
  /** What is taken away, for the error text: `veth of web`. */
  readonly what: string;
  readonly run: () => void | Promise<void>;
}

/**
 * Runs all steps in order, whatever fails.
 * @throws one `system` error that lists every failure, after the last step.
 */
export async function teardown(object: string, steps: readonly TeardownStep[]): Promise<void> {
  const failures: { readonly what: string; readonly error: unknown }[] = [];
  for (const { what, run } of steps) {
    try {
      await run();
    } catch (error) {
      failures.push({ what, error });
    }
  }
  if (failures.length === 0) return;
  const list = failures.map(({ what, error }) => `${what}: ${messageOf(error)}`).join("; ");
  throw systemFailure(`could not clean up all of ${object}: ${list}`, {
    code: "CTR_TEARDOWN_INCOMPLETE",
    hint: "ctrd tries again at its next start",
    cause: failures[0]?.error,
  });
}
