/** The settings of `ctrd`: dockerd's flags and the keys of `daemon.json`, brought together. */
import { readConfigFile } from "../../lib/config/file.ts";
import { boolean, listOf, type SettingsOf, text } from "../../lib/config/settings.ts";
import { DEFAULT_CONFIG_FILE, DEFAULT_DATA_ROOT, DEFAULT_EXEC_ROOT } from "../../lib/default-places.ts";
import { invalid } from "../../lib/errors.ts";
import type { LogLevel } from "../../lib/log.ts";
import type { NetworkConfig } from "../../netns/index.ts";
import type { DaemonFlags } from "./flags.ts";
import { LIMIT_KEYS_OF_FLAGS, LIMIT_SCHEMA, type LimitSettings, limitSettings } from "./limit-settings.ts";
import { NETWORK_KEYS_OF_FLAGS, NETWORK_SCHEMA, networkConfig } from "./network-settings.ts";
import { LOG_FORMAT, LOG_LEVEL, type LogFormat } from "./values.ts";

export const DEFAULT_HOST = "unix:///run/ctr/ctr.sock";

/** The keys of `daemon.json`. */
export const FILE_SCHEMA = {
  hosts: listOf(text(), 'a list of addresses, such as ["unix:///run/ctr/ctr.sock"]'),
  "data-root": text(),
  "exec-root": text(),
  pidfile: text(),
  ...NETWORK_SCHEMA,
  ...LIMIT_SCHEMA,
  "insecure-registries": listOf(text(), 'a list of registries, such as ["registry.lan:5000", "10.1.0.0/16"]'),
  debug: boolean,
  "log-level": LOG_LEVEL,
  "log-format": LOG_FORMAT,
};

type FileSettings = SettingsOf<typeof FILE_SCHEMA>;

export interface DaemonSettings {
  readonly hosts: readonly string[];
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly pidfile: string;
  readonly network: NetworkConfig;
  readonly limits: LimitSettings;
  readonly insecureRegistries: readonly string[];
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

/** Flags whose key in the file has another name; the others have the flag's. */
const KEYS_OF_FLAGS: Readonly<Record<string, string>> = {
  host: "hosts",
  "insecure-registry": "insecure-registries",
  ...NETWORK_KEYS_OF_FLAGS,
  ...LIMIT_KEYS_OF_FLAGS,
};

/**
 * Reads the configuration file and joins it with the flags.
 * @throws `invalid` for a faulty file, and with dockerd's text when both say the same thing
 */
export function readSettings(flags: DaemonFlags): DaemonSettings {
  const path = flags.values["config-file"] ?? DEFAULT_CONFIG_FILE;
  const file = readConfigFile(path, FILE_SCHEMA, flags.values["config-file"] === undefined);
  checkConflicts(flags, file, path);
  const { values } = flags;
  const hosts = [...values.host, ...(file.hosts ?? [])];
  const execRoot = values["exec-root"] ?? file["exec-root"] ?? DEFAULT_EXEC_ROOT;
  const debug = values.debug || file.debug === true;
  return {
    hosts: hosts.length === 0 ? [DEFAULT_HOST] : hosts,
    dataRoot: values["data-root"] ?? file["data-root"] ?? DEFAULT_DATA_ROOT,
    execRoot,
    pidfile: values.pidfile ?? file.pidfile ?? `${execRoot}/ctrd.pid`,
    network: networkConfig(flags, file),
    limits: limitSettings(values, file),
    insecureRegistries: [...values["insecure-registry"], ...(file["insecure-registries"] ?? [])],
    logLevel: debug ? "debug" : (values["log-level"] ?? file["log-level"] ?? "info"),
    logFormat: values["log-format"] ?? file["log-format"] ?? "text",
  };
}

/** dockerd refuses a directive that is in both places, also when both agree. */
function checkConflicts({ values, given }: DaemonFlags, file: FileSettings, path: string): void {
  const conflicts = Object.keys(values).flatMap((name) => {
    const flag = name as keyof typeof values;
    const key = (KEYS_OF_FLAGS[name] ?? name) as keyof FileSettings;
    if (!given.has(flag) || file[key] === undefined) return [];
    return [`${key}: (from flag: ${show(values[flag])}, from file: ${show(file[key])})`];
  });
  if (conflicts.length === 0) return;
  throw invalid(
    `unable to configure ctrd with file ${path}: the following directives are specified both as a flag and in the configuration file: ${conflicts.join(", ")}`,
    { code: "CTR_CONFIG_CONFLICT", hint: "keep one of the two" },
  );
}

/** As Go prints it. */
function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(" ")}]`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
