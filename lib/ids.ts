/** Object ids as Docker's: 256 random bits as 64 lower case hex digits, of which people see the first 12. */
import { randomBytes } from "node:crypto";

const FULL_ID = /^[0-9a-f]{64}$/;

/** A new id. Ids whose short form is a decimal number are skipped: some clients would read a number (as Docker does). */
export function generateId(): string {
  for (;;) {
    const id = randomBytes(32).toString("hex");
    if (!/^\d+$/.test(shortId(id))) return id;
  }
}

/** The first 12 digits; of a digest `sha256:…`, the first 12 after the colon. */
export function shortId(id: string): string {
  const start = id.indexOf(":") + 1;
  return id.slice(start, start + 12);
}

export function isFullId(text: string): boolean {
  return FULL_ID.test(text);
}
