/**
 * The settings that decide what is right in the kernel: the engine leaves them in its exec-root when it starts, whether they
 * came from its configuration file or its flags. They outlive it, as what it has set up does, and go with a reboot, as
 * that does too.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../lib/atomic-file.ts";
import { hasCode } from "../../lib/errors.ts";
import type { IntendedSettings, NetworkConfig } from "../../netns/index.ts";

const pathOf = (execRoot: string): string => join(execRoot, "network-settings.json");

/** What holds for an engine without configuration. */
export function intendedSettings(config: NetworkConfig): IntendedSettings {
  const { ipForward = true, iptables = true, ip6tables = true, firewallBackend = "nftables" } = config;
  const { userlandProxy = true, icc = true, allowDirectRouting = false } = config;
  return { ipForward, iptables, ip6tables, firewallBackend, userlandProxy, allowDirectRouting, icc };
}

/** Called by the engine as it starts. */
export function leaveSettings(execRoot: string, config: NetworkConfig): void {
  writeFileAtomic(pathOf(execRoot), `${JSON.stringify(intendedSettings(config))}\n`);
}

/** @returns undefined when no engine has run on this exec-root since it was made */
export function readLeftSettings(execRoot: string): IntendedSettings | undefined {
  try {
    return JSON.parse(readFileSync(pathOf(execRoot), "utf8")) as IntendedSettings;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
