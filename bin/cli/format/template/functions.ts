/** Functions of templates: Go's own, and those that Docker adds. */
import { goJson, goQuote } from "../../../flags/go.ts";
import { CliError } from "../../errors.ts";
import { Row } from "../row.ts";
import { isTrue, printValue } from "./values.ts";

type TemplateFunction = (...values: readonly unknown[]) => unknown;

const text = (value: unknown): string => printValue(value);

export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  // Rows encode themselves, by Go's encoder; all else is for programs and stays readable.
  json: (value) => (value instanceof Row ? goJson(value) : JSON.stringify(value)),
  join: (list, separator) => itemsOf(list).map(text).join(text(separator)),
  split: (value, separator) => text(value).split(text(separator)),
  lower: (value) => text(value).toLowerCase(),
  upper: (value) => text(value).toUpperCase(),
  title: (value) => text(value).replace(/\b\p{L}/gu, (letter) => letter.toUpperCase()),
  pad: (value, before, after) =>
    text(value) === "" ? "" : " ".repeat(Number(before)) + text(value) + " ".repeat(Number(after)),
  truncate: (value, length) => text(value).slice(0, Number(length)),
  println: (...values) => `${values.map(text).join(" ")}\n`,
  print: (...values) => values.map(text).join(""),
  printf: (format, ...values) => formatText(text(format), values),
  len: (value) => lengthOf(value),
  index: (value, ...keys) => keys.reduce(itemAt, value),
  slice: (value, start = 0, end) =>
    (typeof value === "string" ? value : itemsOf(value)).slice(
      Number(start),
      end === undefined ? undefined : Number(end),
    ),
  eq: (first, ...others) => others.some((other) => other === first),
  ne: (first, second) => first !== second,
  lt: (first, second) => compare(first, second) < 0,
  le: (first, second) => compare(first, second) <= 0,
  gt: (first, second) => compare(first, second) > 0,
  ge: (first, second) => compare(first, second) >= 0,
  not: (value) => !isTrue(value),
  and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
};

function itemsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (value === null || value === undefined) return [];
  throw new CliError(`template: wrong type for value; expected a list, got ${printValue(value)}`);
}

function lengthOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
}

function itemAt(value: unknown, key: unknown): unknown {
  if (Array.isArray(value)) {
    const index = Number(key);
    if (!(index >= 0 && index < value.length)) {
      throw new CliError(`template: error calling index: index out of range: ${printValue(key)}`);
    }
    return value[index];
  }
  if (typeof value === "object" && value !== null) {
    return Object.hasOwn(value, String(key)) ? (value as Record<string, unknown>)[String(key)] : "";
  }
  throw new CliError("template: error calling index: index of untyped nil");
}

function compare(first: unknown, second: unknown): number {
  if (typeof first === "number" && typeof second === "number") return first - second;
  const [a, b] = [text(first), text(second)];
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Go's verbs `%s %v %d %q %f %t %%`, with width, `-` and precision. */
function formatText(format: string, values: readonly unknown[]): string {
  let next = 0;
  return format.replace(/%(-?)(\d*)(?:\.(\d+))?([svdqft%])/g, (_, left: string, width: string, precision, verb) => {
    if (verb === "%") return "%";
    const value = values[next++];
    const shown = formatVerb(value, verb as string, precision as string | undefined);
    return left === "-" ? shown.padEnd(Number(width)) : shown.padStart(Number(width));
  });
}

function formatVerb(value: unknown, verb: string, precision: string | undefined): string {
  if (verb === "q") return goQuote(text(value));
  if (verb === "f") return Number(value).toFixed(precision === undefined ? 6 : Number(precision));
  return precision === undefined || verb !== "s" ? text(value) : text(value).slice(0, Number(precision));
}
