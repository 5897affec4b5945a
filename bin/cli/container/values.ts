/** Readers of single option values of `run` and `create`. Their errors are Docker's. */

import { isIP } from "node:net";
import { invalid } from "../../../lib/errors.ts";
import { isProcessLimitName, PROCESS_LIMITS } from "../../../lib/system/process-limits.ts";
import { parseDuration } from "../../../lib/units/duration.ts";
import { goQuote } from "../../flags/go.ts";

export type StreamName = "stdin" | "stdout" | "stderr";

export function parseStream(text: string): StreamName {
  const name = text.toLowerCase();
  if (name === "stdin" || name === "stdout" || name === "stderr") return name;
  throw new Error("valid streams are STDIN, STDOUT and STDERR");
}

export interface RestartPolicy {
  readonly Name: string;
  readonly MaximumRetryCount: number;
}

/** `on-failure:3`. Whether the policy exists is the engine's to say. */
export function parseRestartPolicy(text: string): RestartPolicy {
  const [name = "", times, ...more] = text.split(":");
  if (name === "" && times !== undefined)
    throw new Error("invalid restart policy format: no policy provided before colon");
  if (more.length > 0 || (times !== undefined && !/^\d+$/.test(times))) {
    throw new Error("invalid restart policy format: maximum retry count must be an integer");
  }
  return { Name: name, MaximumRetryCount: Number(times ?? 0) };
}

export interface Ulimit {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

/** `nofile=1024`, `nofile=1024:2048`; `unlimited` is −1. */
export function parseUlimit(text: string): Ulimit {
  const [, name = "", values = ""] = /^([^=]*)=(.*)$/.exec(text) ?? [];
  if (name === "") throw new Error(`invalid ulimit argument: ${text}`);
  if (!isProcessLimitName(name)) {
    const hint = `there are ${Object.keys(PROCESS_LIMITS).join(", ")}`;
    throw invalid(`invalid ulimit type: ${name}`, { code: "CTR_ULIMIT_INVALID", hint });
  }
  const parts = values.split(":");
  if (parts.length > 2)
    throw new Error(`too many limit value arguments - ${values}, can only have up to two, \`soft[:hard]\``);
  const [soft = 0, hard = soft] = parts.map(limitValue);
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    const pair = soft === -1 ? `soft: -1 (unlimited), hard: ${hard}` : `${soft} > ${hard}`;
    throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${pair}`);
  }
  return { Name: name, Soft: soft, Hard: hard };
}

function limitValue(text: string): number {
  if (text.toLowerCase() === "unlimited") return -1;
  if (!/^-?\d+$/.test(text)) throw new Error(`strconv.ParseInt: parsing ${goQuote(text)}: invalid syntax`);
  return Number(text);
}

/** A time to wait. @returns milliseconds, also negative ones, which the request refuses by the option's name */
export function parseWait(text: string): number {
  return text.startsWith("-") ? -parseDuration(text.slice(1)) : parseDuration(text);
}

/** `/run` or `/run:size=64k,mode=1777`. */
export function parseTmpfs(text: string): readonly [path: string, options: string] {
  const colon = text.indexOf(":");
  const path = colon < 0 ? text : text.slice(0, colon);
  if (path === "") throw new Error("invalid tmpfs: no path given");
  return [path, colon < 0 ? "" : text.slice(colon + 1)];
}

/** `key=value`; a key alone has an empty value. */
export function parseKeyValue(text: string): readonly [key: string, value: string] {
  const equals = text.indexOf("=");
  return equals < 0 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** `key[=value]`. */
export function parseLabel(text: string): string {
  if (text.split("=", 1)[0]?.trim() === "") throw new Error(`invalid label '${text}': empty name`);
  return text;
}

/** `name:address` or `name=address`, also `name:[::1]` and `name:host-gateway`; as the engine takes it, with a colon. */
export function checkExtraHost(text: string): string {
  const match = /^([^:=]+)[:=](.+)$/.exec(text);
  if (match === null) throw new Error(`bad format for add-host: ${goQuote(text)}`);
  const [, name = "", given = ""] = match;
  const address = given.replace(/^\[(.*)\]$/, "$1");
  if (address !== "host-gateway" && isIP(address) === 0) {
    throw new Error(`invalid IP address in add-host: ${goQuote(address)}`);
  }
  return `${name}:${address}`;
}

/** `name` or `name:alias`; also `/name:/parent/alias`, as the engine shows a link. */
export function parseLink(text: string): string {
  if (text === "") throw new Error("empty string specified for links");
  if (text.split(":").length > 2) throw new Error(`bad format for links: ${text}`);
  return text;
}

export function parseDnsServer(text: string): string {
  const address = text.trim();
  if (isIP(address) === 0 || address.includes("%")) throw new Error(`IP address is not correctly formatted: ${text}`);
  return address;
}

const LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";
const DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*\\.?$`, "i");
const LONGEST_DOMAIN = 254;

/** A domain; `.` for no search at all. */
export function parseSearchDomain(text: string): string {
  const domain = text.trim();
  const isDomain = DOMAIN.test(domain) && /[a-z]/i.test(domain) && domain.length <= LONGEST_DOMAIN;
  if (domain !== "." && !isDomain) throw new Error(`${domain} is not a valid domain`);
  return domain;
}
