/** The settings of `ctrd`: dockerd's flags and the keys of `daemon.json`, brought together. */
import { readConfigFile } from "../../lib/config/file.ts";
import { boolean, listOf, type SettingsOf, text } from "../../lib/config/settings.ts";
import { invalid } from "../../lib/errors.ts";
import type { LogLevel } from "../../lib/log.ts";
import { DEFAULT_DATA_ROOT, DEFAULT_EXEC_ROOT } from "../../runtime/index.ts";
import type { DaemonFlags } from "./flags.ts";
import { ADDRESS, CIDR, LOG_FORMAT, LOG_LEVEL, type LogFormat, MTU } from "./values.ts";

export const DEFAULT_HOST = "unix:///run/ctr/ctr.sock";
export const DEFAULT_CONFIG_FILE = "/etc/ctr/daemon.json";

const texts = (words: string) => listOf(text(), words);

const FILE_SCHEMA = {
  hosts: texts('a list of addresses, such as ["unix:///run/ctr/ctr.sock"]'),
  "data-root": text(),
  "exec-root": text(),
  pidfile: text(),
  bip: CIDR,
  mtu: MTU,
  dns: listOf(ADDRESS, "a list of IP addresses"),
  "dns-opts": texts("a list of strings"),
  "dns-search": texts("a list of strings"),
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
  readonly bip: string | undefined;
  readonly mtu: number | undefined;
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

/** Flags and keys that say the same thing: flag → key of the file. */
const KEY_OF_FLAG = {
  host: "hosts",
  "data-root": "data-root",
  "exec-root": "exec-root",
  pidfile: "pidfile",
  bip: "bip",
  mtu: "mtu",
  dns: "dns",
  "dns-opt": "dns-opts",
  "dns-search": "dns-search",
  debug: "debug",
  "log-level": "log-level",
  "log-format": "log-format",
} as const satisfies Partial<Record<keyof DaemonFlags["values"], keyof FileSettings>>;

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
    bip: values.bip ?? file.bip,
    mtu: values.mtu ?? file.mtu,
    dns: [...values.dns, ...(file.dns ?? [])],
    dnsOptions: [...values["dns-opt"], ...(file["dns-opts"] ?? [])],
    dnsSearch: [...values["dns-search"], ...(file["dns-search"] ?? [])],
    logLevel: debug ? "debug" : (values["log-level"] ?? file["log-level"] ?? "info"),
    logFormat: values["log-format"] ?? file["log-format"] ?? "text",
  };
}

/** dockerd refuses a directive that is in both places, also when both agree. */
function checkConflicts({ values, given }: DaemonFlags, file: FileSettings, path: string): void {
  const conflicts = Object.entries(KEY_OF_FLAG).flatMap(([flag, key]) => {
    if (!given.has(flag as keyof typeof KEY_OF_FLAG) || file[key] === undefined) return [];
    return [`${key}: (from flag: ${show(values[flag as keyof typeof KEY_OF_FLAG])}, from file: ${show(file[key])})`];
  });
  if (conflicts.length === 0) return;
  throw invalid(
    `unable to configure ctrd with file ${path}: the following directives are specified both as a flag and in the configuration file: ${conflicts.join(", ")}`,
    { code: "CTR_CONFIG_CONFLICT", hint: "keep one of the two" },
  );
}

/** As Go prints it. */
const show = (value: unknown): string => (Array.isArray(value) ? `[${value.join(" ")}]` : String(value));
