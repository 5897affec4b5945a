/** Times that clients give as `since` and `until`: seconds since 1970 with a fraction, RFC 3339, or an age (`10m`). */
import { invalid } from "../../../lib/errors.ts";
import { parseDuration } from "../../../lib/units/duration.ts";

/**
 * @returns microseconds since 1970; undefined for an absent time and for 0, which is Docker's "none"
 * @throws `invalid`
 */
export function parseTime(text: string | undefined): number | undefined {
  if (text === undefined || text === "0") return undefined;
  const seconds = /^(-?\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (seconds !== null) {
    const [, whole = "", fraction = ""] = seconds;
    return Number(whole) * 1_000_000 + Number(fraction.padEnd(6, "0").slice(0, 6));
  }
  if (/^\d[\d.]*(ns|us|µs|ms|s|m|h)/.test(text)) return (Date.now() - parseDuration(text)) * 1000;
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) {
    throw invalid(`failed to parse value as time or duration: "${text}"`, "CTR_API_TIME_INVALID");
  }
  return milliseconds * 1000;
}
