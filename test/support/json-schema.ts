/**
 * Checks documents against docs/schemas, with the part of JSON Schema (2020-12) that those use. Stricter than they are: a
 * property that is not described is an error here, so that nothing is printed without being documented. Readers must take
 * further properties.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const DIRECTORY = join(import.meta.dirname, "../../docs/schemas");

interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly type?: string | readonly string[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
}

/** @param name of a file of docs/schemas, without its ending */
export function assertSchema(name: string, value: unknown): void {
  assert.deepEqual(schemaFaults(name, value).slice(0, 10), []);
}

export function schemaFaults(name: string, value: unknown): string[] {
  const file = `${name}.json`;
  return faultsOf(value, readSchema(file), { file, path: "$" });
}

interface Place {
  /** That references without a file of their own lead into. */
  readonly file: string;
  readonly path: string;
}

const known = new Map<string, Schema>();

function readSchema(file: string): Schema {
  const schema = known.get(file) ?? (JSON.parse(readFileSync(join(DIRECTORY, file), "utf8")) as Schema);
  known.set(file, schema);
  return schema;
}

function faultsOf(value: unknown, schema: Schema, place: Place): string[] {
  const { path } = place;
  if (schema.$ref !== undefined) return followed(value, schema.$ref, place);
  if (schema.anyOf !== undefined) {
    const fits = schema.anyOf.some((one) => faultsOf(value, one, place).length === 0);
    return fits ? [] : [`${path}: none of the alternatives fits ${JSON.stringify(value)}`];
  }
  if ("const" in schema && value !== schema.const)
    return [`${path}: ${JSON.stringify(value)} is not ${String(schema.const)}`];
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    return [`${path}: ${JSON.stringify(value)} is none of ${schema.enum.join(", ")}`];
  }
  if (schema.type !== undefined && ![schema.type].flat().some((type) => isOf(value, type))) {
    return [`${path}: ${JSON.stringify(value)?.slice(0, 60)} is no ${[schema.type].flat().join(" or ")}`];
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(String(value))) {
    return [`${path}: ${String(value)} does not fit ${schema.pattern}`];
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => ofItem(item, schema, place, index));
  return typeof value === "object" && value !== null ? ofObject(value as Record<string, unknown>, schema, place) : [];
}

const ofItem = (item: unknown, { items }: Schema, { file, path }: Place, index: number): string[] =>
  items === undefined ? [] : faultsOf(item, items, { file, path: `${path}[${index}]` });

function followed(value: unknown, reference: string, { file, path }: Place): string[] {
  const [target = "", pointer = ""] = reference.split("#");
  const inFile = target === "" ? file : target;
  const schema = readSchema(inFile).$defs?.[pointer.replace("/$defs/", "")];
  if (schema === undefined) return [`${path}: the schema has no ${reference}`];
  return faultsOf(value, schema, { file: inFile, path });
}

function ofObject(value: Record<string, unknown>, schema: Schema, { file, path }: Place): string[] {
  const { properties, required = [], additionalProperties } = schema;
  const missing = required.filter((name) => value[name] === undefined).map((name) => `${path}: ${name} is missing`);
  const wrong = Object.entries(value).flatMap(([name, item]) => {
    const of = properties?.[name] ?? additionalProperties;
    if (of !== undefined) return faultsOf(item, of, { file, path: `${path}.${name}` });
    return properties === undefined ? [] : [`${path}: ${name} is not described`];
  });
  return [...missing, ...wrong];
}

function isOf(value: unknown, type: string): boolean {
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return type === "integer" ? Number.isInteger(value) : typeof value === type;
}
