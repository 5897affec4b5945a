/** The `filters` query value: JSON such as `{"label":["a=b"]}`, or in the old form `{"label":{"a=b":true}}`. */
import { invalid } from "../../../lib/errors.ts";

export class Filters {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /** Empty when there is no such filter. */
  values(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  has(name: string): boolean {
    return this.values(name).length > 0;
  }

  /** True without such a filter, or when one of its values satisfies `test`. */
  any(name: string, test: (value: string) => boolean): boolean {
    return !this.has(name) || this.values(name).some(test);
  }

  /** True when all `label` filters (`key`, or `key=value`) fit, and none of the `label!` filters does. */
  labels(labels: Readonly<Record<string, string>>): boolean {
    const fits = (filter: string): boolean => hasLabel(labels, filter);
    return this.values("label").every(fits) && !this.values("label!").some(fits);
  }
}

function hasLabel(labels: Readonly<Record<string, string>>, filter: string): boolean {
  const equals = filter.indexOf("=");
  if (equals < 0) return Object.hasOwn(labels, filter);
  const key = filter.slice(0, equals);
  return Object.hasOwn(labels, key) && labels[key] === filter.slice(equals + 1);
}

/**
 * @param accepted names of filters; others are refused
 * @throws `invalid`
 */
export function parseFilters(json: string | undefined, accepted: readonly string[]): Filters {
  const values = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(parseObject(json))) {
    if (!accepted.includes(name)) throw invalid(`invalid filter '${name}'`, "CTR_API_FILTER_INVALID");
    values.set(name, valuesOf(name, value));
  }
  return new Filters(values);
}

function parseObject(json: string | undefined): object {
  if (json === undefined) return {};
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {}
  throw invalid(`invalid filters: ${json} is no JSON object`, "CTR_API_FILTER_INVALID");
}

function valuesOf(name: string, value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([key, wanted]) => (wanted === true ? [key] : []));
  }
  throw invalid(`invalid filter '${name}': its values must be a list of strings`, "CTR_API_FILTER_INVALID");
}

/**
 * True when `pattern`, taken as a regular expression, is found in `text`, or equals it: how Docker filters names and ids.
 * @throws `invalid` for a malformed expression
 */
export function matchesPattern(pattern: string, text: string): boolean {
  if (pattern === text) return true;
  try {
    return new RegExp(pattern).test(text);
  } catch {
    throw invalid(`invalid filter: "${pattern}" is no regular expression`, "CTR_API_FILTER_INVALID");
  }
}

/** A shell pattern as Go's path.Match reads it: `*` and `?` do not match a slash. */
export function matchesGlob(pattern: string, text: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replace(/\*/g, "[^/]*")
    .replace(/\?/g, "[^/]");
  try {
    return new RegExp(`^${expression}$`).test(text);
  } catch {
    throw invalid(`invalid filter: "${pattern}" is no pattern`, "CTR_API_FILTER_INVALID");
  }
}
