/** A snapshot in a file, to be diagnosed elsewhere: JSON, compressed when the name says so. */
import { readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { writeFileAtomic } from "../../lib/atomic-file.ts";
import { invalid, messageOf } from "../../lib/errors.ts";
import { HOST, SNAPSHOT_SCHEMA, type Snapshot } from "./types/index.ts";

/** Bytes; a file that is unpacked to more is no bundle. */
const LARGEST = 1024 * 1024 * 1024;
/** It tells much of a host. */
const PRIVATE = 0o600;
const GZIP_MAGIC = 0x1f8b;
const SCHEMA = /^ctr\.net\.snapshot\/(\d+)$/;

/** @param path compressed when it ends in `.gz`; a file that is there is replaced */
export function writeBundle(path: string, snapshot: Snapshot): void {
  const text = `${JSON.stringify(snapshot)}\n`;
  writeFileAtomic(path, path.endsWith(".gz") ? gzipSync(text) : text, PRIVATE);
}

/**
 * @param path of a bundle, compressed or not
 * @throws `invalid` (`CTR_BUNDLE_INVALID`) for what is none, or one of another version
 */
export function readBundle(path: string): Snapshot {
  return parseBundle(readText(path), path);
}

function readText(path: string): string {
  try {
    const content = readFileSync(path);
    const isCompressed = content.length > 2 && content.readUInt16BE(0) === GZIP_MAGIC;
    return (isCompressed ? gunzipSync(content, { maxOutputLength: LARGEST }) : content).toString();
  } catch (error) {
    throw failure(`cannot read the bundle ${path}: ${messageOf(error)}`);
  }
}

/** Exported for tests. */
export function parseBundle(text: string, path: string): Snapshot {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw failure(`${path} is no bundle: it is not JSON`, HOW_TO_MAKE);
  }
  checkSchema(value, path);
  const fault = faultOf(value as Partial<Snapshot>);
  if (fault !== undefined) throw failure(`${path} is damaged: ${fault}`, HOW_TO_MAKE);
  return value as Snapshot;
}

const HOW_TO_MAKE = "make one with: ctr net bundle";

function checkSchema(value: unknown, path: string): void {
  const schema = typeof value === "object" && value !== null && "schema" in value ? value.schema : undefined;
  if (schema === SNAPSHOT_SCHEMA) return;
  const version = typeof schema === "string" ? SCHEMA.exec(schema)?.[1] : undefined;
  if (version === undefined) throw failure(`${path} is no bundle: it has no schema ${SNAPSHOT_SCHEMA}`, HOW_TO_MAKE);
  throw failure(`${path} has the schema ${schema}, and this ctr reads ${SNAPSHOT_SCHEMA}`, "use the ctr that made it");
}

/** What the diagnosis would stumble over. */
function faultOf({ intent, namespaces, programs, notRead }: Partial<Snapshot>): string | undefined {
  if (!Array.isArray(namespaces)) return "it has no namespaces";
  if (!Array.isArray(notRead) || typeof programs !== "object" || programs === null) return "it has no programs";
  const { networks, containers, grants, settings } = intent ?? {};
  const hasIntent = [networks, containers, grants].every(Array.isArray) && typeof settings === "object";
  if (!hasIntent) return "it does not say what the engine wants";
  if (!namespaces.some((namespace) => namespace?.key === HOST)) return "it has no state of the host";
  const incomplete = namespaces.find((one) => !LISTS.every((list) => Array.isArray(one?.[list])));
  return incomplete === undefined ? undefined : `the state of ${String(incomplete?.key)} is not complete`;
}

const LISTS = ["links", "routes", "rules", "neighbours", "fdb", "iptables", "sockets"] as const;

const failure = (message: string, hint?: string) => invalid(message, { code: "CTR_BUNDLE_INVALID", hint });
