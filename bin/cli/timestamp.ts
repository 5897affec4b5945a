/** Points in time as users give them: `10m` ago, RFC 3339, seconds since 1970. */
import { parseDuration } from "../../lib/units/duration.ts";
import { CliError } from "./errors.ts";

const DURATION = /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/;
const SECONDS = /^\d+(\.\d+)?$/;
const DATE = /^\d{4}-\d\d-\d\d(T\d\d(:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:\d\d)?)?$/;

/**
 * @param what the option's name, for the error
 * @returns seconds since 1970, with a fraction, as the API takes them
 * @throws {CliError} with Docker's text
 */
export function timestampOf(text: string, what: string, now = Date.now()): string {
  if (SECONDS.test(text)) return text;
  if (DURATION.test(text)) return seconds(now - parseDuration(text));
  const time = DATE.test(text) ? Date.parse(localTime(text)) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new CliError(`invalid value for "${what}": failed to parse value as time or duration: "${text}"`);
  }
  return seconds(time);
}

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(9);

/** Without a zone the user's own is meant, also for a date alone and an hour without minutes. */
function localTime(text: string): string {
  if (!text.includes("T")) return `${text}T00:00:00`;
  return text.replace(/T(\d\d)(?=$|Z|[+-])/, "T$1:00");
}

/** `2026-11-24 20:14:38`, in the user's time zone. @param time milliseconds since 1970 */
export function localSeconds(time: number): string {
  const local = new Date(time - new Date(time).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace("T", " ");
}
