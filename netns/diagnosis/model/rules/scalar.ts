/** Values of a packet's fields as rules compare them, and what they are compared with. */
import { certain } from "./certainty.ts";
import type { Certainty } from "./types.ts";

/** A number that lies in a range (of one, when it is known), a name, or something that cannot be told. */
export type Scalar =
  | { readonly low: bigint; readonly high: bigint }
  | { readonly text: string }
  /** A random number, for example. */
  | "sometimes"
  | "unknown";

/** Numbers of a range, or names: `veth*` with everything behind. */
export type Pattern =
  | { readonly low: bigint; readonly high: bigint }
  | { readonly text: string; readonly open: boolean }
  | "any"
  | "unknown";

export const number = (value: bigint | number): { readonly low: bigint; readonly high: bigint } => ({
  low: BigInt(value),
  high: BigInt(value),
});

export const text = (value: string): { readonly text: string } => ({ text: value });

/** The number, when it is a single one. */
export function exact(scalar: Scalar | Pattern): bigint | undefined {
  if (typeof scalar !== "object" || !("low" in scalar)) return undefined;
  return scalar.low === scalar.high ? scalar.low : undefined;
}

export function compare(scalar: Scalar, pattern: Pattern): Certainty {
  if (pattern === "any") return "yes";
  if (scalar === "sometimes") return "sometimes";
  if (scalar === "unknown" || pattern === "unknown") return "unknown";
  if ("text" in scalar) {
    if (!("text" in pattern)) return "unknown";
    return certain(pattern.open ? scalar.text.startsWith(pattern.text) : scalar.text === pattern.text);
  }
  if (!("low" in pattern)) return "unknown";
  if (scalar.high < pattern.low || scalar.low > pattern.high) return "no";
  return scalar.low >= pattern.low && scalar.high <= pattern.high ? "yes" : "unknown";
}

/** Whether the scalar is below the number. */
export function below(scalar: Scalar, limit: bigint): Certainty {
  if (scalar === "sometimes") return "sometimes";
  if (scalar === "unknown" || "text" in scalar) return "unknown";
  if (scalar.high < limit) return "yes";
  return scalar.low >= limit ? "no" : "unknown";
}

/** A key for look-ups; undefined unless the value is known. */
export function keyOf(value: Scalar | Pattern): string | undefined {
  if (typeof value !== "object") return undefined;
  if ("text" in value) return "open" in value && value.open ? undefined : value.text;
  return value.low === value.high ? value.low.toString() : undefined;
}
