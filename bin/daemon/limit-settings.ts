/** The limits' part of the settings of `ctrd`: dockerd's flags and keys, and what containers have by default. */
import { listOf, oneOf, type Setting, type SettingsOf, text } from "../../lib/config/settings.ts";
import { invalid } from "../../lib/errors.ts";
import { parseSize } from "../../lib/units/size.ts";
import type { EngineConfig, Ulimit } from "../../runtime/index.ts";
import { parseUlimit } from "../cli/container/values.ts";
import { bytes, list, single, text as textOption, type Values } from "../flags/options.ts";
import { flagValue } from "./values.ts";

const CGROUPNS_MODE = oneOf(["private", "host"]);

const ULIMITS_EXAMPLE = '{"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048}}';

const ULIMITS: Setting<readonly Ulimit[]> = {
  words: `limits by name, such as ${ULIMITS_EXAMPLE}`,
  read(value) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return Object.entries(value).map(([name, limit]) => ulimitOf(name, limit));
  },
};

/** dockerd takes the name within over the key, which it need not repeat. A soft limit alone is the hard one, too. */
function ulimitOf(key: string, value: unknown): Ulimit {
  const { Name = key, Soft, Hard = Soft } = (value ?? {}) as { readonly [Field in keyof Ulimit]?: unknown };
  if (!Number.isInteger(Soft) || !Number.isInteger(Hard)) {
    throw new Error(`"${key}" needs whole numbers Soft and Hard`);
  }
  return parseUlimit(`${String(Name)}=${String(Soft)}:${String(Hard)}`);
}

const SHM_SIZE: Setting<number> = {
  words: 'a size, such as "64m"',
  read(value) {
    const size = typeof value === "string" ? parseSize(value) : value;
    return typeof size === "number" && Number.isInteger(size) && size > 0 ? size : undefined;
  },
};

export const LIMIT_OPTIONS = {
  "default-ulimit": list({
    value: "ulimit",
    help: "Limit of processes of containers that ask for none of that name: nofile=1024:2048",
    parse: parseUlimit,
  }),
  "default-shm-size": bytes({ help: "Size of /dev/shm of containers that ask for none (default 64m)" }),
  "default-cgroupns-mode": single({
    value: "string",
    help: "Control group namespace of containers that ask for none: private or host",
    parse: (value) => flagValue(CGROUPNS_MODE, value),
  }),
  "cgroup-parent": textOption({ help: "Group, or path of a group, above containers that name none" }),
  "exec-opt": list({ value: "option", help: "native.cgroupdriver=cgroupfs or systemd (default cgroupfs)" }),
  "metrics-addr": textOption({ value: "address", help: "Address and port to give Prometheus its metrics on" }),
};

/** Keys of `daemon.json`. */
export const LIMIT_SCHEMA = {
  "default-ulimits": ULIMITS,
  "default-shm-size": SHM_SIZE,
  "default-cgroupns-mode": CGROUPNS_MODE,
  "cgroup-parent": text("the name of a group, or its absolute path"),
  "exec-opts": listOf(text(), 'a list of options, such as ["native.cgroupdriver=systemd"]'),
  "metrics-addr": text('an address with port, such as "127.0.0.1:9323"'),
};

/** Flags whose key has another name. */
export const LIMIT_KEYS_OF_FLAGS = { "default-ulimit": "default-ulimits", "exec-opt": "exec-opts" } as const;

export type LimitSettings = Pick<EngineConfig, "cgroupDriver" | "containerDefaults" | "metricsAddress">;

/** @throws `invalid` for an unknown execution option */
export function limitSettings(
  values: Values<typeof LIMIT_OPTIONS>,
  file: SettingsOf<typeof LIMIT_SCHEMA>,
): LimitSettings {
  const flagged = values["default-ulimit"];
  const ulimits = flagged.length > 0 ? flagged : file["default-ulimits"];
  const shmSize = values["default-shm-size"] ?? file["default-shm-size"];
  const cgroupParent = values["cgroup-parent"] ?? file["cgroup-parent"];
  const cgroupnsMode = values["default-cgroupns-mode"] ?? file["default-cgroupns-mode"];
  const cgroupDriver = cgroupDriverOf([...(file["exec-opts"] ?? []), ...values["exec-opt"]]);
  const metricsAddress = values["metrics-addr"] ?? file["metrics-addr"];
  return {
    ...(cgroupDriver === undefined ? {} : { cgroupDriver }),
    ...(metricsAddress === undefined ? {} : { metricsAddress }),
    containerDefaults: {
      ...(ulimits === undefined ? {} : { ulimits }),
      ...(shmSize === undefined ? {} : { shmSize }),
      ...(cgroupParent ? { cgroupParent } : {}),
      ...(cgroupnsMode === undefined ? {} : { cgroupnsMode }),
    },
  };
}

const CGROUP_DRIVER = "native.cgroupdriver=";

function cgroupDriverOf(options: readonly string[]): string | undefined {
  const unknown = options.find((option) => !option.toLowerCase().startsWith(CGROUP_DRIVER));
  if (unknown === undefined) return options.at(-1)?.slice(CGROUP_DRIVER.length);
  throw invalid(`unknown exec-opt: "${unknown}"`, {
    code: "CTR_CONFIG_INVALID",
    hint: "there is native.cgroupdriver=cgroupfs and native.cgroupdriver=systemd",
  });
}
