/** Reads the expressions of nft's JSON (libnftables-json(5)) into something that can be asked for a packet's value. */

import { routeOf, typeOfAddress } from "../rules/reverse-look-up.ts";
import { exact, number, type Scalar } from "../rules/scalar.ts";
import type { RuleContext } from "../rules/types.ts";
import { AddressTypeNumber, bitsOfWords, type DataType } from "./datatypes.ts";
import { connectionField, type Field, metaField, payloadField } from "./fields.ts";

/** One or several values beside each other. */
export interface Expression {
  readonly types: readonly DataType[];
  /** `absent`: the packet has none, and the rule does not hold. */
  readonly read: (context: RuleContext) => readonly Scalar[] | "absent";
}

const single = ({ type, read }: Field): Expression => ({
  types: [type],
  read: (context) => {
    const value = read(context);
    return value === "absent" ? value : [value];
  },
});

const UNKNOWN: Expression = { types: ["unknown"], read: () => ["unknown"] };

export function readExpression(json: unknown): Expression {
  if (typeof json !== "object" || json === null) return constant(json);
  const [[kind, body] = ["", undefined]] = Object.entries(json);
  const parts = body as Record<string, unknown>;
  switch (kind) {
    case "payload":
      return typeof parts["protocol"] === "string"
        ? single(payloadField(parts["protocol"], String(parts["field"])))
        : UNKNOWN;
    case "meta":
      return single(metaField(String(parts["key"])));
    case "ct":
      return single(connectionField(String(parts["key"]), parts["dir"] as string | undefined));
    case "fib":
      return single(fibField(String(parts["result"]), parts["flags"]));
    case "concat":
      return concatenation((body as unknown[]).map(readExpression));
    case "&":
    case "|":
    case "^":
    case "<<":
    case ">>":
      return arithmetic(kind, body as readonly [unknown, unknown]);
    case "numgen":
    case "jhash":
    case "symhash":
      return { types: ["number"], read: () => ["sometimes"] };
    default:
      return UNKNOWN;
  }
}

function constant(json: unknown): Expression {
  const value = typeof json === "number" ? number(json) : ("unknown" as const);
  return { types: ["number"], read: () => [value] };
}

function concatenation(parts: readonly Expression[]): Expression {
  return {
    types: parts.flatMap(({ types }) => types),
    read: (context) => {
      const values: Scalar[] = [];
      for (const part of parts) {
        const value = part.read(context);
        if (value === "absent") return value;
        values.push(...value);
      }
      return values;
    },
  };
}

function arithmetic(operator: string, [first, second]: readonly [unknown, unknown]): Expression {
  const left = readExpression(first);
  const [type = "unknown"] = left.types;
  const operand = typeof second === "object" && !Array.isArray(second) ? readExpression(second) : undefined;
  const constantBits = operand === undefined ? bitsOfWords(type, second) : undefined;
  return {
    types: [type],
    read: (context) => {
      const values = left.read(context);
      if (values === "absent") return values;
      const [value = "unknown"] = values;
      if (value === "sometimes") return [value];
      const other = operand === undefined ? constantBits : exactOf(operand, context);
      const known = exact(value);
      return [known === undefined || other === undefined ? "unknown" : number(calculate(operator, known, other))];
    },
  };
}

function exactOf(operand: Expression, context: RuleContext): bigint | undefined {
  const value = operand.read(context);
  const [first] = value === "absent" ? [] : value;
  return first === undefined ? undefined : exact(first);
}

function calculate(operator: string, one: bigint, other: bigint): bigint {
  if (operator === "&") return one & other;
  if (operator === "|") return one | other;
  if (operator === "^") return one ^ other;
  return operator === "<<" ? one << other : one >> other;
}

/** `fib saddr . iif oif`: see nft_fib(8), nft_fib_ipv4.c. The link's number is asked for by name. */
function fibField(result: string, flags: unknown): Field {
  const words = (Array.isArray(flags) ? flags : [flags]).map(String);
  const address = words.includes("saddr") ? "source" : "destination";
  const deviceOf = ({ inputLink, outputLink }: RuleContext): string | undefined => {
    if (words.includes("iif")) return inputLink?.name;
    return words.includes("oif") ? outputLink?.name : undefined;
  };
  if (result === "type") {
    return {
      type: "addressType",
      read: (context) => {
        if (context.packet.arp !== undefined) return "absent";
        return number(AddressTypeNumber[typeOfAddress(context, { address, device: deviceOf(context) })]);
      },
    };
  }
  return { type: "link", read: (context) => readFibDevice(context, address, deviceOf(context), words) };
}

function readFibDevice(
  context: RuleContext,
  address: "source" | "destination",
  device: string | undefined,
  words: readonly string[],
): Scalar | "absent" {
  if (context.packet.arp !== undefined) return "absent";
  const route = routeOf(context, { address, device, withMark: words.includes("mark") });
  if (route?.unknown !== undefined) return "unknown";
  return route?.device === undefined ? number(0) : { text: route.device };
}
