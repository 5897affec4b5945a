/** Times as Docker's lists show them. */
import { humanDuration } from "../../../lib/units/duration.ts";

/** `5 seconds ago`. @param seconds since 1970 */
export const ago = (seconds: number, now = Date.now()): string => `${humanDuration(now - seconds * 1000)} ago`;

/** `2026-11-24 11:46:21 +0000 UTC`: Go's form, in the user's time zone. @param milliseconds since 1970 */
export function goTime(milliseconds: number): string {
  const date = new Date(milliseconds);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.trunc(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  return `${day} ${time} ${zone} ${zoneName(date)}`;
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat("en", { timeZoneName: "short" }).formatToParts(date);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "UTC";
}
