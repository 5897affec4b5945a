/**
 * Checks the shape of JSON that clients send. As in Go, a field with null counts as absent, and names of fields are taken in
 * any case (`detachKeys` of docker-py). Fields that are not named pass unchanged, so that `inspect` echoes them.
 */
import { invalid } from "../../../lib/errors.ts";

/** Returns the value to use. @throws `invalid` that names the field */
export type Check = (value: unknown, field: string) => unknown;

const mustBe = (field: string, what: string) =>
  invalid(`invalid JSON: ${field} must be ${what}`, "CTR_API_BODY_INVALID");

export const text: Check = (value, field) => {
  if (typeof value !== "string") throw mustBe(field, "a string");
  return value;
};

export const flag: Check = (value, field) => {
  if (typeof value !== "boolean") throw mustBe(field, "true or false");
  return value;
};

/** The largest number that both JSON here and a signed 64-bit integer of clients have. */
const LARGEST = 2 ** 63 - 1024;

/** Beyond 2⁵³ as near as numbers come: nobody means such a number exactly. */
export const integer: Check = (value, field) => {
  if (!Number.isInteger(value) || Math.abs(value as number) > 2 ** 64) throw mustBe(field, "a whole number");
  return Math.max(-LARGEST, Math.min(value as number, LARGEST));
};

export const list =
  (item: Check): Check =>
  (value, field) => {
    if (!Array.isArray(value)) throw mustBe(field, "a list");
    return value.map((entry, index) => item(entry, `${field}[${index}]`));
  };

/** A list of strings for which one string alone stands too (Docker's StrSlice). */
export const words: Check = (value, field) => (typeof value === "string" ? [value] : list(text)(value, field));

export const mapOf =
  (item: Check): Check =>
  (value, field) =>
    Object.fromEntries(
      Object.entries(objectOf(value, field)).map(([key, entry]) => [key, item(entry, `${field}.${key}`)]),
    );

export const orNull =
  (check: Check): Check =>
  (value, field) =>
    value === null ? null : check(value, field);

/** Present without a value: `"80/tcp": {}`, which some clients write as null. */
export const marker: Check = (value, field) => (value === null ? {} : objectOf(value, field));

export const record = (fields: Readonly<Record<string, Check>>): Check => {
  const names = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name] as const));
  return (value, field) => {
    const prefix = field === "" ? "" : `${field}.`;
    const result: Record<string, unknown> = {};
    for (const [key, entry] of Object.entries(objectOf(value, field || "the body"))) {
      if (entry === null || entry === undefined) continue;
      const name = names.get(key.toLowerCase()) ?? key;
      const check = Object.hasOwn(fields, name) ? fields[name] : undefined;
      result[name] = check === undefined ? entry : check(entry, `${prefix}${name}`);
    }
    return result;
  };
};

function objectOf(value: unknown, field: string): object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw mustBe(field, "an object");
  return value;
}
