/** How long something is measured. */
import { parseDuration } from "../../../lib/units/duration.ts";

/** Seconds. In less than some periods of CPU time nothing can be said. */
const LEAST = 1;
const MOST = 300;

/** @returns seconds @throws with the reason */
export function parseTime(value: string): number {
  const seconds = parseDuration(value) / 1000;
  if (seconds < LEAST || seconds > MOST) throw new Error(`must be between ${LEAST}s and ${MOST}s`);
  return seconds;
}
