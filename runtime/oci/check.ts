/** Judging at creation what would otherwise fail at the start. */
import { invalid } from "../../lib/errors.ts";
import type { ContainerConfig, HostConfig } from "../types.ts";
import { checkBindSources } from "./bind-sources.ts";
import { seccompFilter } from "./build-spec.ts";
import { grantCapabilities } from "./capabilities.ts";
import { checkDevices } from "./devices.ts";
import type { OciHost } from "./host.ts";
import { checkModes } from "./namespaces.ts";
import { initProgramOf, wantsInit } from "./process.ts";
import { checkRlimitsReachable, rlimitsOf } from "./rlimits.ts";
import { parseSecurityOptions } from "./security-options.ts";
import { userMounts } from "./user-mounts.ts";

/** Bytes: HOST_NAME_MAX of the kernel. */
const LONGEST_HOSTNAME = 64;

/**
 * Judges everything of a container that its specification will need. Nothing is changed.
 * @returns warnings for the user: what the container will lack
 * @throws `invalid` with Docker's texts; `unsupported` for what this host or version cannot do
 */
export function checkContainer(
  config: ContainerConfig,
  hostConfig: HostConfig,
  host: OciHost,
): { readonly warnings: readonly string[] } {
  checkEnvironment(config.Env ?? []);
  checkHostname(config.Hostname ?? "");
  const { capabilities, missing } = grantCapabilities(hostConfig, host.capabilities);
  const { seccomp } = parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  seccompFilter(seccomp, hostConfig.Privileged ?? false, capabilities, host);
  checkModes(hostConfig);
  checkDevices(hostConfig);
  checkBindSources(userMounts(hostConfig));
  checkUlimits(hostConfig.Ulimits ?? [], host);
  if (wantsInit(hostConfig)) initProgramOf(host);
  return { warnings: missing.length === 0 ? [] : [lacks(missing)] };
}

function checkEnvironment(variables: readonly string[]): void {
  for (const variable of variables) {
    if (variable !== "" && !variable.startsWith("=")) continue;
    throw invalid(`invalid environment variable: ${variable}`, "CTR_ENVIRONMENT_INVALID");
  }
}

function checkHostname(hostname: string): void {
  if (Buffer.byteLength(hostname) <= LONGEST_HOSTNAME) return;
  throw invalid(`hostname "${hostname}" is too long (maximum ${LONGEST_HOSTNAME} bytes)`, "CTR_HOSTNAME_TOO_LONG");
}

function checkUlimits(ulimits: NonNullable<HostConfig["Ulimits"]>, { capabilities, hardLimits }: OciHost): void {
  rlimitsOf(ulimits);
  if (!capabilities.includes("CAP_SYS_RESOURCE")) checkRlimitsReachable(ulimits, hardLimits);
}

const lacks = (missing: readonly string[]): string =>
  `The engine itself does not have ${missing.join(", ")}: the container runs without ${missing.length === 1 ? "it" : "them"}.`;
