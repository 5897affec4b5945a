/** Waiting for conditions: tests never sleep for a fixed time. */
import { setTimeout as delay } from "node:timers/promises";

/** How much longer than usual everything may take: test/host-v2 is an emulated machine. */
export const PATIENCE = Number(process.env["CTR_TEST_PATIENCE"] ?? 1);

/**
 * Asks until `probe` answers with something other than undefined, false or null.
 * @param what for the error text
 * @param timeout milliseconds
 * @throws when the time is over; the last error of the probe is its cause
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  timeout = 60_000 * PATIENCE,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = Date.now() + timeout;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== null && answer !== false) {
        return answer as NonNullable<Exclude<T, false>>;
      }
    } catch (error) {
      cause = error;
    }
    if (Date.now() > deadline) throw new Error(`timed out after ${timeout} ms waiting for ${what}`, { cause });
    await delay(10);
  }
}
