/**
 * The options of a command as a table: name → what it takes and what it means. The table is all there is: parsing, the
 * types of the values and `--help` come from it.
 */
import { parseSize } from "../../lib/units/size.ts";
import { splitCsv } from "./csv.ts";
import { goQuote } from "./go.ts";

export interface Option<T> {
  /** One letter. */
  readonly short?: string;
  /** Other long names, not shown in `--help`. */
  readonly aliases?: readonly string[];
  /** The word for the value in `--help`; an option without one is a switch and takes a value only as `--name=value`. */
  readonly value?: string;
  readonly help: string;
  /** Why it should not be given any more. Such an option is not shown in `--help`, and told about when it is given. */
  readonly deprecated?: string;
  readonly initial: T;
  /**
   * Takes one value from the command line.
   * @param before what the option holds so far
   * @throws an error whose message says what is wrong with the value
   */
  accept(text: string, before: T): T;
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** The values that parsing gives for a table. */
export type Values<O> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

interface Words {
  readonly short?: string;
  readonly aliases?: readonly string[];
  readonly help: string;
}

/** `--rm`, and `--rm=false`. */
export function toggle(words: Words & { readonly initial?: boolean }): Option<boolean> {
  return { initial: false, ...words, accept: parseBoolean };
}

/** One value; the last one given counts. */
export function single<T>(words: Words & { readonly value: string; readonly parse: (text: string) => T }) {
  const { parse, ...rest } = words;
  const option: Option<T | undefined> = { ...rest, initial: undefined, accept: (text) => parse(text) };
  return option;
}

export const text = (words: Words & { readonly value?: string }): Option<string | undefined> =>
  single({ value: "string", ...words, parse: (value) => value });

export const integer = (words: Words): Option<number | undefined> =>
  single({ value: "int", ...words, parse: parseInteger });

/** A size in bytes: `64m`. */
export const bytes = (words: Words): Option<number | undefined> =>
  single({ value: "bytes", ...words, parse: parseSize });

/** May be given many times; each value is checked as it comes. */
export function list<T = string>(
  words: Words & { readonly value?: string; readonly parse?: (text: string) => T },
): Option<readonly T[]> {
  const { parse, ...rest } = words;
  const read = parse ?? ((value: string) => value as T);
  return { value: "list", ...rest, initial: [], accept: (value, before) => [...before, read(value)] };
}

/** May be given many times, each with several values: `--alias a,b --alias c`. */
export function commaList(words: Words): Option<readonly string[]> {
  return {
    value: "strings",
    ...words,
    initial: [],
    accept: (value, before) => [...before, ...(value === "" ? [] : splitCsv(value))],
  };
}

function parseBoolean(value: string): boolean {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(value)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(value)) return false;
  throw new Error(`strconv.ParseBool: parsing ${goQuote(value)}: invalid syntax`);
}

/** A whole number, with the text of Go's strconv that Docker shows. */
export function parseInteger(value: string): number {
  if (!/^[+-]?\d+$/.test(value)) throw new Error(`strconv.ParseInt: parsing ${goQuote(value)}: invalid syntax`);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new Error(`strconv.ParseInt: parsing ${goQuote(value)}: value out of range`);
  }
  return number;
}
