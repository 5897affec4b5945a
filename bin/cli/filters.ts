/** `-f key=value`, as the API takes it. */
import { list, type Option } from "../flags/options.ts";

type Filters = readonly (readonly [key: string, value: string])[];

export const filterOption = (help: string): Option<Filters> => list({ short: "f", ...filterWords(help) });

/** Of commands whose `-f` is `--force`. */
export const longFilterOption = (help: string): Option<Filters> => list(filterWords(help));

const filterWords = (help: string) => ({ value: "filter", help, parse: parseFilter });

function parseFilter(text: string): readonly [key: string, value: string] {
  const equals = text.indexOf("=");
  if (equals < 0) throw new Error("bad format of filter (expected name=value)");
  return [text.slice(0, equals).trim().toLowerCase(), text.slice(equals + 1).trim()];
}

/** The `filters` query value; undefined when there are none. */
export function filterQuery(filters: Filters): string | undefined {
  if (filters.length === 0) return undefined;
  const byKey: Record<string, Record<string, boolean>> = {};
  for (const [key, value] of filters) byKey[key] = { ...byKey[key], [value]: true };
  return JSON.stringify(byKey);
}
