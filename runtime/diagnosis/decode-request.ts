/** Checks a request that a client sends. Unknown fields are refused: a misspelt one would silently do nothing. */
import { invalid } from "../../lib/errors.ts";
import { nearest } from "../../lib/nearest.ts";
import type { DiagnosisRequest } from "./request.ts";

type Check = (value: unknown) => string | undefined;

const text: Check = (value) => (typeof value === "string" && value !== "" ? undefined : "must be a text");
const flag: Check = (value) => (typeof value === "boolean" ? undefined : "must be true or false");
const number =
  (least: number, most: number): Check =>
  (value) =>
    typeof value === "number" && value >= least && value <= most ? undefined : `must be ${least} to ${most}`;
const texts: Check = (value) =>
  Array.isArray(value) && value.every((one) => typeof one === "string") ? undefined : "must be a list of texts";
const pairs: Check = (value) => {
  const isPair = (one: unknown): boolean => {
    const { from, to, expect } = (one ?? {}) as Record<string, unknown>;
    return typeof from === "string" && typeof to === "string" && (expect === "reachable" || expect === "unreachable");
  };
  return Array.isArray(value) && value.every(isPair) ? undefined : "must be a list of from, to and expect";
};

/** Bytes: an IPv4 header and ICMP's, and the longest packet that IP can tell of. */
const SIZE = number(28, 65_535);
const SECONDS = number(0.1, 86_400);

interface Shape {
  readonly required: Readonly<Record<string, Check>>;
  readonly optional: Readonly<Record<string, Check>>;
}

const SHAPES: Readonly<Record<DiagnosisRequest["kind"], Shape>> = {
  flow: {
    required: { from: text, to: text },
    optional: { outside: text, size: SIZE, static: flag, watch: SECONDS, fix: flag, skip: texts },
  },
  doctor: { required: {}, optional: { scope: text, live: flag, outside: text, fix: flag, skip: texts } },
  matrix: { required: {}, optional: { expect: pairs, outside: text, static: flag } },
  drops: { required: {}, optional: { container: text, all: flag, seconds: SECONDS } },
  bundle: { required: {}, optional: { plain: flag } },
  bench: { required: { from: text, to: text }, optional: { seconds: SECONDS } },
};

/** @throws `invalid` (`CTR_API_BODY_INVALID`) that names the field */
export function decodeRequest(value: unknown): DiagnosisRequest {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong("the body must be an object");
  const { kind, ...fields } = value as Record<string, unknown>;
  const shape =
    typeof kind === "string" && Object.hasOwn(SHAPES, kind) ? SHAPES[kind as keyof typeof SHAPES] : undefined;
  if (shape === undefined) throw wrong(`kind must be one of ${Object.keys(SHAPES).join(", ")}`);
  const known = { ...shape.required, ...shape.optional };
  for (const name of Object.keys(shape.required)) if (fields[name] === undefined) throw wrong(`${name} is missing`);
  for (const [name, field] of Object.entries(fields)) {
    const check = Object.hasOwn(known, name) ? known[name] : undefined;
    if (check === undefined) throw wrong(`unknown field ${name}${suggestion(name, Object.keys(known))}`);
    const fault = check(field);
    if (fault !== undefined) throw wrong(`${name} ${fault}`);
  }
  return value as DiagnosisRequest;
}

function suggestion(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === undefined ? "" : `: did you mean ${meant}?`;
}

const wrong = (what: string) => invalid(`invalid request: ${what}`, "CTR_API_BODY_INVALID");
