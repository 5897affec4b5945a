/** Values in templates, as Go sees them. */

/** Go's truth: empty is false. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** What an action shows: a missing value is `<no value>` there, and `<nil>` within another value. */
export const showValue = (value: unknown): string => (value === null ? "<no value>" : printValue(value));

/** A value as Go prints it: `[a b]`, `map[k:v]`, `<nil>`. */
export function printValue(value: unknown): string {
  if (value === null) return "<nil>";
  if (value === undefined) return "<no value>";
  if (Array.isArray(value)) return `[${value.map(printValue).join(" ")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, item]) => `${key}:${printValue(item)}`).join(" ")}]`;
  }
  return String(value);
}
