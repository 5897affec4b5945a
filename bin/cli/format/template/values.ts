/** Values in templates, as Go sees them. */

/** Go's truth: empty is false. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** A value as Go prints it: `[a b]`, `map[k:v]`, `<nil>`, `<no value>`. */
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
