/** Durations: Go's syntax for reading (`1h15m30s`), Docker's words for showing (`About an hour`). */
import { invalid } from "../errors.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/;
const PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g;

/**
 * Reads a Go duration such as `300ms` or `1h30m`.
 * @returns milliseconds
 * @throws `invalid` when it is none
 */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  if (!WHOLE.test(text)) {
    throw invalid(`invalid duration: "${text}"`, {
      code: "CTR_DURATION_INVALID",
      hint: "write a number with a unit: 300ms, 10s, 1h30m",
    });
  }
  let total = 0;
  for (const [, digits = "", unit = ""] of text.matchAll(PART)) total += Number(digits) * (UNIT_MS[unit] ?? 0);
  return total;
}

/** As Go writes it: `300ms`, `1.5s`, `1h0m30s`. @param milliseconds not negative */
export function formatDuration(milliseconds: number): string {
  if (milliseconds > 0 && milliseconds < 1000) return `${milliseconds}ms`;
  const minutes = Math.floor(milliseconds / 60_000);
  const seconds = `${Math.round(milliseconds - minutes * 60_000) / 1000}s`;
  if (minutes === 0) return seconds;
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes}m${seconds}` : `${hours}h${minutes % 60}m${seconds}`;
}

/** In words, as `docker ps` shows ages: `Less than a second`, `5 seconds`, `About an hour`, `2 weeks`. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(seconds / 3600 / 24 / 365)} years`;
}
