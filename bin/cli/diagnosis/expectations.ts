/** Reads the file of `ctr net matrix --expect`: YAML, or JSON, which is YAML too. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { messageOf } from "../../../lib/errors.ts";
import type { Expectation } from "../../../runtime/index.ts";
import { CliError } from "../errors.ts";
import { DiagnosisExit } from "./exit-codes.ts";

const SHAPE = "a list of pairs: - { from: web, to: 'db:5432', expect: reachable }";

/** @throws {CliError} that names the file and the pair */
export function readExpectations(path: string): Expectation[] {
  return parseExpectations(contentOf(path), path);
}

/** Exported for tests. */
export function parseExpectations(content: string, path: string): Expectation[] {
  const value = yamlValue(content, path);
  const list = Array.isArray(value) ? value : (value as { pairs?: unknown } | null)?.pairs;
  if (!Array.isArray(list) || list.length === 0) throw wrong(`${path} has to be ${SHAPE}`);
  return list.map((pair: unknown, index) => readPair(pair, `${path}: pair ${index + 1}`));
}

function readPair(pair: unknown, where: string): Expectation {
  const { from, to, expect = "reachable", ...others } = (pair ?? {}) as Record<string, unknown>;
  if (typeof from !== "string" || typeof to !== "string") throw wrong(`${where} needs from and to, as texts`);
  if (expect !== "reachable" && expect !== "unreachable") {
    throw wrong(`${where}: expect must be reachable or unreachable, not ${JSON.stringify(expect)}`);
  }
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw wrong(`${where}: unknown key ${unknown}; there are from, to and expect`);
  return { from, to, expect };
}

function yamlValue(content: string, path: string): unknown {
  // Loaded only here: every other command starts without it.
  const { parse } = createRequire(import.meta.url)("yaml") as typeof import("yaml");
  try {
    return parse(content);
  } catch (error) {
    throw wrong(`${path}: ${messageOf(error)}`);
  }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw wrong(`cannot read ${path}: ${messageOf(error)}`);
  }
}

const wrong = (message: string): CliError => new CliError(message, DiagnosisExit.usage);
