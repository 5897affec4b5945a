/**
 * Dockerfile instructions that change an image's configuration, as `import --change` and `commit --change` take them
 * (Docker, "docker image import": CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR).
 */
import { resolve } from "node:path/posix";
import { invalid } from "../../lib/errors.ts";

/** `config` of an image configuration, with Docker's field names. */
export type ConfigFields = Readonly<Record<string, unknown>>;

type Change = (config: ConfigFields, text: string) => ConfigFields;

const CHANGES: Readonly<Record<string, Change>> = {
  CMD: (config, text) => ({ ...config, Cmd: commandOf(text) }),
  ENTRYPOINT: (config, text) => ({ ...config, Entrypoint: commandOf(text) }),
  ENV: (config, text) => ({ ...config, Env: mergeEnvironment(config["Env"], pairsOf("ENV", text)) }),
  EXPOSE: (config, text) => ({ ...config, ExposedPorts: { ...keysOf(config["ExposedPorts"]), ...portsOf(text) } }),
  LABEL: (config, text) => ({
    ...config,
    Labels: { ...keysOf(config["Labels"]), ...Object.fromEntries(pairsOf("LABEL", text)) },
  }),
  ONBUILD: (config, text) => ({ ...config, OnBuild: [...listOf(config["OnBuild"]), text] }),
  STOPSIGNAL: (config, text) => ({ ...config, StopSignal: text }),
  USER: (config, text) => ({ ...config, User: text }),
  VOLUME: (config, text) => ({ ...config, Volumes: { ...keysOf(config["Volumes"]), ...volumesOf(text) } }),
  WORKDIR: (config, text) => ({ ...config, WorkingDir: resolve("/", String(config["WorkingDir"] ?? "/"), text) }),
};

/** @throws `invalid` that names the instruction; nothing is changed then */
export function applyChanges(config: ConfigFields, changes: readonly string[]): ConfigFields {
  return changes.reduce(applyChange, config);
}

function applyChange(config: ConfigFields, line: string): ConfigFields {
  const [, keyword = "", text = ""] = /^\s*(\S+)\s*(.*?)\s*$/s.exec(line) ?? [];
  const change = CHANGES[keyword.toUpperCase()];
  if (change === undefined) throw badChange(`${keyword.toLowerCase()} is not a valid change command`);
  if (text === "") throw badChange(`${keyword.toUpperCase()} requires at least one argument`);
  return change(config, text);
}

/** JSON is taken word for word; anything else is a shell's. */
const commandOf = (text: string): readonly string[] => jsonWords(text) ?? ["/bin/sh", "-c", text];

function volumesOf(text: string): Readonly<Record<string, object>> {
  const paths = jsonWords(text) ?? text.split(/\s+/);
  if (paths.includes("")) throw badChange("VOLUME specified can not be an empty string");
  return Object.fromEntries(paths.map((path) => [path, {}]));
}

function portsOf(text: string): Readonly<Record<string, object>> {
  return Object.fromEntries(
    text
      .split(/\s+/)
      .flatMap(portRange)
      .map((port) => [port, {}]),
  );
}

function portRange(text: string): string[] {
  const [, first = "", last = first, protocol = "tcp"] = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/i.exec(text) ?? [];
  const [start, end] = [Number(first), Number(last)];
  if (first === "" || start < 1 || end > 65_535 || start > end) throw badChange(`invalid containerPort: ${text}`);
  return Array.from({ length: end - start + 1 }, (_, index) => `${start + index}/${protocol.toLowerCase()}`);
}

function jsonWords(text: string): readonly string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const words: unknown = JSON.parse(text);
    return Array.isArray(words) && words.every((word) => typeof word === "string") ? words : undefined;
  } catch {
    return undefined;
  }
}

/** `A=1 B="two words"`, or the old form `A the rest of the line`. */
function pairsOf(keyword: string, text: string): readonly (readonly [string, string])[] {
  const [first = ""] = text.split(/\s/, 1);
  if (!first.includes("=")) {
    const value = text.slice(first.length).trim();
    if (value === "") throw badChange(`${keyword} must have two arguments`);
    return [[first, value]];
  }
  return shellWords(text).map((word) => {
    const equals = word.indexOf("=");
    if (equals < 0) {
      throw badChange(`Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`);
    }
    if (equals === 0) throw badChange(`${keyword} names can not be blank`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

/** Splits at blanks outside of quotes and takes quotes and backslashes away. */
function shellWords(text: string): string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs)) {
    words.push(
      word.replace(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs, (_, escaped, double: string | undefined, single) =>
        double === undefined ? (escaped ?? single) : double.replace(/\\(["\\$`])/g, "$1"),
      ),
    );
  }
  return words;
}

function mergeEnvironment(present: unknown, pairs: readonly (readonly [string, string])[]): string[] {
  const merged = new Map(listOf(present).map((entry) => [entry.slice(0, entry.indexOf("=")), entry]));
  for (const [name, value] of pairs) merged.set(name, `${name}=${value}`);
  return [...merged.values()];
}

const keysOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {};

const listOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

const badChange = (text: string): Error => invalid(text, "CTR_CHANGE_INVALID");
