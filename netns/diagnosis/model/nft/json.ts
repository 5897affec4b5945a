/** @returns the body of `{"name": body}`; undefined for anything else, words and lists among them */
export function bodyOf(json: unknown, name: string): unknown {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
  return (json as Readonly<Record<string, unknown>>)[name];
}

/** Parts of a concatenation; the value itself when it is none. */
export function partsOf(json: unknown): readonly unknown[] {
  const parts = bodyOf(json, "concat");
  return Array.isArray(parts) ? parts : [json];
}
