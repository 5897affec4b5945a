/** Reads a JSON configuration file. Every error names the file, line and column, and what would be right. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type CtrError, codeOf, invalid, messageOf } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { faultOf, type Schema, type SettingsOf } from "./settings.ts";

// `yaml` reads JSON too, and tells where a key stands. It is loaded only when there is a file.
const load = createRequire(import.meta.url);

/**
 * @param optional a missing file is an empty one
 * @throws `invalid` (`CTR_CONFIG_INVALID`) for what is no JSON object, an unknown key, a key given twice, a wrong value
 */
export function readConfigFile<S extends Schema>(path: string, schema: S, optional: boolean): SettingsOf<S> {
  const content = readContent(path, optional);
  return content === undefined || content.trim() === "" ? {} : parseConfig(content, path, schema);
}

/** Exported for tests. */
export function parseConfig<S extends Schema>(content: string, path: string, schema: S): SettingsOf<S> {
  const values = parseJson(content, path);
  const fault = (key: string, which: "key" | "value", message: string, hint?: string): CtrError =>
    failure(`${path}:${positionOf(content, key, which)}: ${message}`, hint);
  for (const key of Object.keys(values)) {
    const setting = Object.hasOwn(schema, key) ? schema[key] : undefined;
    if (setting === undefined) throw fault(key, "key", `unknown key "${key}"`, suggestion(key, Object.keys(schema)));
    const wrong = faultOf(setting, values[key]);
    if (wrong !== undefined) throw fault(key, "value", `"${key}" ${wrong}`);
  }
  const settings = Object.entries(values).map(([key, value]) => [key, schema[key]?.read(value)] as const);
  return Object.fromEntries(settings) as SettingsOf<S>;
}

function readContent(path: string, optional: boolean): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (optional && codeOf(error) === "ENOENT") return undefined;
    throw failure(`cannot read the configuration file ${path}: ${messageOf(error)}`);
  }
}

function parseJson(content: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw failure(`${path}: this is not JSON: ${messageOf(error)}`, "check it with: jq . daemon.json");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw failure(`${path}: the file must hold one JSON object, { "key": value, … }`);
  }
  const { errors } = parseDocument(content);
  const twice = errors.find(({ code }) => code === "DUPLICATE_KEY");
  if (twice !== undefined) {
    const { line = 1, col = 1 } = twice.linePos?.[0] ?? {};
    throw failure(`${path}:${line}:${col}: this key is there twice`);
  }
  return value as Record<string, unknown>;
}

/** `line:column`, both from 1, of a key of the top level or of its value. */
function positionOf(content: string, key: string, which: "key" | "value"): string {
  const { LineCounter, isMap, isScalar, isNode } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(content, lines);
  const pairs = isMap(document.contents) ? document.contents.items : [];
  const pair = pairs.find((one) => isScalar(one.key) && one.key.value === key);
  const node = which === "key" ? pair?.key : pair?.value;
  const { line, col } = lines.linePos((isNode(node) ? node.range?.[0] : undefined) ?? 0);
  return `${line}:${col}`;
}

type Yaml = typeof import("yaml");

const yaml = (): Yaml => load("yaml") as Yaml;

const parseDocument = (content: string, lineCounter = new (yaml().LineCounter)()) =>
  yaml().parseDocument(content, { lineCounter, logLevel: "silent" });

function suggestion(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return meant === undefined ? `the keys are: ${[...known].sort().join(", ")}` : `did you mean "${meant}"?`;
}

const failure = (message: string, hint?: string): CtrError => invalid(message, { code: "CTR_CONFIG_INVALID", hint });
