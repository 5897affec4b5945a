/** Comparisons of nftables: `tcp dport 80`, `ct state established,related`, `ip saddr != @set`. */
import { certain, not } from "../rules/certainty.ts";
import { below, compare, exact, number, type Pattern, type Scalar } from "../rules/scalar.ts";
import type { Certainty, Statement } from "../rules/types.ts";
import { readCollection } from "./collections.ts";
import { bitsOfWords, isBits, readPattern } from "./datatypes.ts";
import { type Expression, readExpression } from "./expressions.ts";
import { bodyOf, partsOf } from "./json.ts";
import type { NftTable } from "./table.ts";

interface MatchJson {
  readonly op: string;
  readonly left: unknown;
  readonly right: unknown;
}

type Comparison = (values: readonly Scalar[]) => Certainty;

/** @throws never: what it does not know it calls unknown */
export function readMatch({ op, left, right }: MatchJson, table: NftTable): Statement {
  const expression = readExpression(left);
  const compareWith = isExistence(left, right)
    ? existence(right === true)
    : readComparison(op, expression, right, table);
  const negated = op === "!=" || op === "!" ? (values: readonly Scalar[]) => not(compareWith(values)) : compareWith;
  return (context) => {
    const values = expression.read(context);
    return { holds: values === "absent" ? "no" : negated(values) };
  };
}

/** `fib … oif exists`, `missing`. */
const isExistence = (left: unknown, right: unknown): boolean =>
  typeof right === "boolean" && bodyOf(left, "fib") !== undefined;

const existence =
  (wanted: boolean): Comparison =>
  ([value = "unknown"]) =>
    value === "unknown" || value === "sometimes" ? value : certain("text" in value === wanted);

function readComparison(op: string, expression: Expression, right: unknown, table: NftTable): Comparison {
  const [type = "unknown"] = expression.types;
  const collection = readRightCollection(right, expression, table);
  if (collection !== undefined) return (values) => collection().find(values).holds;
  if (op === "in" || op === "!") return anyBit(bitsOfWords(type, right));
  if (op === "<" || op === ">" || op === "<=" || op === ">=") return ordered(op, exact(readPattern(type, right)));
  const patterns = partsOf(right).map((part, index) => patternOf(expression, index, part));
  return (values) =>
    values.reduce<Certainty>((holds, value, index) => {
      if (holds === "no") return holds;
      const other = compare(value, patterns[index] ?? "unknown");
      return other === "no" || holds === "yes" ? other : holds === "unknown" ? holds : other === "yes" ? holds : other;
    }, "yes");
}

function patternOf({ types }: Expression, index: number, json: unknown): Pattern {
  const type = types[index] ?? "unknown";
  if (!isBits(type)) return readPattern(type, json);
  const bits = bitsOfWords(type, json);
  return bits === undefined ? "unknown" : number(bits);
}

/** A named set, or one that is written in place. Read when the first packet comes. */
function readRightCollection(right: unknown, { types }: Expression, table: NftTable) {
  if (typeof right === "string" && right.startsWith("@")) return () => table.set(right.slice(1), types);
  const elements = bodyOf(right, "set");
  if (elements === undefined) return undefined;
  let collection: ReturnType<typeof readCollection> | undefined;
  return () => {
    collection ??= readCollection(Array.isArray(elements) ? elements : [elements], types, false);
    return collection;
  };
}

const anyBit =
  (bits: bigint | undefined): Comparison =>
  ([value = "unknown"]) => {
    const known = exact(value);
    return known === undefined || bits === undefined ? "unknown" : certain((known & bits) !== 0n);
  };

const ordered =
  (op: "<" | ">" | "<=" | ">=", limit: bigint | undefined): Comparison =>
  ([value = "unknown"]) => {
    if (limit === undefined) return "unknown";
    if (op === "<") return below(value, limit);
    if (op === "<=") return below(value, limit + 1n);
    return not(below(value, op === ">" ? limit + 1n : limit));
  };
