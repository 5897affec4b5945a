/** From a container to the OCI specification of its run: Docker's defaults, and what the container asks for. */
import { closeSync, fstatSync } from "node:fs";
import { invalid, unsupported } from "../../lib/errors.ts";
import type { Container, HostConfig } from "../types.ts";
import { prepareBindSources } from "./bind-sources.ts";
import { type DeviceGrant, grantDevices } from "./devices.ts";
import { type OciHost, READONLY_PATHS, SECCOMP_PROFILE_FILE } from "./host.ts";
import { containerMounts, rootPropagation, type VolumeMount } from "./mounts.ts";
import { namespacesOf } from "./namespaces.ts";
import { buildProcess } from "./process.ts";
import { openInRoot } from "./root-files.ts";
import { SeccompProfile } from "./seccomp.ts";
import { parseSecurityOptions, type SecurityOptions } from "./security-options.ts";
import type { OciLinux, OciProcess, OciSeccomp, OciSpec } from "./spec.ts";
import { type ResolvedUser, resolveUser } from "./user.ts";
import { type UserMount, userMounts } from "./user-mounts.ts";

export interface BundleInput {
  readonly container: Pick<Container, "config" | "hostConfig" | "path" | "args">;
  /** The mounted root file system. */
  readonly rootfs: string;
  /** Within every hierarchy: `/ctr/<id>`. */
  readonly cgroupsPath: string;
  /** File that names the network namespace; undefined is the host's. */
  readonly networkNamespace?: string;
  readonly hostnamePath: string;
  readonly hostsPath: string;
  readonly resolvConfPath: string;
  /** −1000 … 1000. */
  readonly oomScoreAdj: number;
  readonly volumes?: readonly VolumeMount[];
}

/** What a specification takes from the host at the moment of the start. */
export interface StartFacts extends DeviceGrant {
  readonly user: ResolvedUser;
  readonly userMounts: readonly UserMount[];
}

const VERSION = "1.0.2";

/**
 * The specification of a container that starts now. Missing sources of `-v` are made.
 * @throws `invalid` with Docker's texts; `unsupported` for what this host or version cannot do
 */
export function buildSpec(input: BundleInput, host: OciHost): OciSpec {
  const { config, hostConfig } = input.container;
  const mounts = userMounts(hostConfig);
  prepareBindSources(mounts);
  checkWorkingDirectory(input.rootfs, config.WorkingDir ?? "");
  return composeSpec(
    input,
    {
      user: resolveUser(input.rootfs, config.User ?? "", hostConfig.GroupAdd ?? []),
      userMounts: mounts,
      ...grantDevices(hostConfig),
    },
    host,
  );
}

/** A missing one is made by the runtime, after all mounts. @throws `invalid` with Docker's text for a file */
function checkWorkingDirectory(rootfs: string, path: string): void {
  const opened = path === "" ? undefined : openInRoot(rootfs, path);
  if (opened === undefined) return;
  const isDirectory = fstatSync(opened).isDirectory();
  closeSync(opened);
  if (!isDirectory) throw invalid(`Cannot mkdir: ${path} is not a directory`, "CTR_WORKING_DIRECTORY_INVALID");
}

/** The specification from what is known; touches nothing. */
export function composeSpec(input: BundleInput, facts: StartFacts, host: OciHost): OciSpec {
  const { container, rootfs, oomScoreAdj, volumes = [] } = input;
  const { config, hostConfig } = container;
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  const process = buildProcess({ container, user: facts.user, oomScoreAdj }, host);
  return {
    ociVersion: VERSION,
    process,
    root: { path: rootfs, readonly: hostConfig.ReadonlyRootfs ?? false },
    ...(hostConfig.UTSMode === "host" ? {} : { hostname: config.Hostname ?? "" }),
    mounts: containerMounts({ ...input, volumes, security, userMounts: facts.userMounts }, host),
    ...(hostConfig.Annotations ? { annotations: hostConfig.Annotations } : {}),
    linux: linuxPart(input, facts, security, process, host),
  };
}

function linuxPart(
  { container, cgroupsPath, networkNamespace }: BundleInput,
  { userMounts: mounts, devices, deviceRules }: StartFacts,
  security: SecurityOptions,
  { capabilities }: OciProcess,
  host: OciHost,
): OciLinux {
  const { config, hostConfig } = container;
  const privileged = hostConfig.Privileged ?? false;
  const seccomp = seccompFilter(security.seccomp, privileged, capabilities.bounding, host);
  const rootfsPropagation = rootPropagation(mounts);
  return {
    cgroupsPath,
    namespaces: namespacesOf(hostConfig, networkNamespace, host.unified),
    devices,
    resources: { devices: deviceRules },
    sysctl: {
      // A namespace that is shared keeps what its owner set.
      ...(networkNamespace === undefined || isShared(hostConfig) ? {} : host.networkSysctls),
      ...(config.Domainname ? { "kernel.domainname": config.Domainname } : {}),
      ...hostConfig.Sysctls,
    },
    ...(seccomp === undefined ? {} : { seccomp }),
    maskedPaths: hostConfig.MaskedPaths ?? (privileged ? [] : host.maskedPaths),
    readonlyPaths: hostConfig.ReadonlyPaths ?? (privileged ? [] : READONLY_PATHS),
    ...(rootfsPropagation === undefined ? {} : { rootfsPropagation }),
  };
}

const isShared = ({ NetworkMode }: HostConfig): boolean => NetworkMode?.startsWith("container:") === true;

/**
 * @param asked the value of `--security-opt seccomp=`
 * @throws `invalid` for a broken profile; `unsupported` where there is none to apply
 */
export function seccompFilter(
  asked: string | undefined,
  privileged: boolean,
  capabilities: readonly string[],
  host: OciHost,
): OciSeccomp | undefined {
  if (asked === "unconfined" || (privileged && asked === undefined)) return undefined;
  const own = asked !== undefined && asked !== "" && asked !== "builtin";
  if (!host.seccomp) {
    if (!own) return undefined;
    throw unsupported(
      "seccomp is not enabled in your kernel, cannot run a custom seccomp profile",
      "CTR_SECCOMP_MISSING",
    );
  }
  const profile = own ? SeccompProfile.parse(asked) : host.seccompProfile;
  if (profile === undefined) {
    throw unsupported(`the default seccomp profile ${SECCOMP_PROFILE_FILE} is missing`, {
      code: "CTR_SECCOMP_PROFILE_MISSING",
      hint: "install the package golang-github-containers-common and restart the engine",
    });
  }
  return profile.filterFor({ capabilities, architecture: host.architecture, kernel: host.kernel });
}
