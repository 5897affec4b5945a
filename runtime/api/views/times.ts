/** Times as the Engine API writes them. The engine's records have RFC 3339 with nanoseconds, UTC. */

/** Docker's "never": Go's zero time. */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

export function isZeroTime(time: string): boolean {
  return time === "" || time.startsWith("0001-01-01");
}

/** Whole seconds since 1970, as lists show times. */
export function unixSeconds(time: string): number {
  return isZeroTime(time) ? 0 : Math.floor(Date.parse(time) / 1000);
}
