/**
 * From what a client asks for to what is kept: the image's configuration merged in, defaults filled in as Docker fills
 * them, and everything that can be judged without the host judged. Pure.
 */
import { normalize } from "node:path/posix";
import { invalid } from "../../lib/errors.ts";
import { shortId } from "../../lib/ids.ts";
import { parseSignal } from "../../lib/system/signals.ts";
import type { ContainerConfig, ContainerCreateRequest, HostConfig } from "../types.ts";
import { checkHealthcheck, mergeHealthcheck } from "./health-check.ts";
import { checkLogConfig } from "./log-options.ts";
import { canonicalMode, type DefaultNetwork, sharedWith } from "./network-mode.ts";
import { checkRestartPolicy } from "./restart-policy.ts";

/** Bytes. */
export const DEFAULT_SHM_SIZE = 64 * 2 ** 20;

/** Docker's rules for what of an image's configuration a request takes over (moby `runconfig.Merge`). */
export function mergeConfig(asked: ContainerConfig, image: ContainerConfig): ContainerConfig {
  const takesCommand = isEmpty(asked.Entrypoint) && isEmpty(asked.Cmd);
  const entrypoint = isEmpty(asked.Entrypoint) ? image.Entrypoint : asked.Entrypoint;
  return {
    ...asked,
    ...given("User", asked.User || image.User),
    ...given("WorkingDir", asked.WorkingDir || image.WorkingDir),
    ...given("StopSignal", asked.StopSignal || image.StopSignal),
    ...given("Healthcheck", mergeHealthcheck(asked.Healthcheck, image.Healthcheck)),
    ...given("Shell", asked.Shell ?? image.Shell),
    Env: mergeEnvironment(asked.Env ?? [], image.Env ?? []),
    Labels: { ...image.Labels, ...asked.Labels },
    ExposedPorts: { ...image.ExposedPorts, ...asked.ExposedPorts },
    Volumes: { ...image.Volumes, ...asked.Volumes },
    Cmd: (takesCommand ? image.Cmd : asked.Cmd) ?? null,
    // `--entrypoint ""` arrives as one empty string and takes the image's away.
    Entrypoint: entrypoint?.length === 1 && entrypoint[0] === "" ? null : (entrypoint ?? null),
  };
}

/**
 * The configuration of a new container.
 * @param hostname of the machine, for `--network host`
 * @throws `invalid` with Docker's texts
 */
export function containerConfig(
  request: ContainerCreateRequest,
  image: ContainerConfig,
  id: string,
  hostname: string,
): ContainerConfig {
  const { HostConfig, NetworkingConfig: _, ...asked } = request;
  const config = mergeConfig(asked, image);
  if (isEmpty(config.Entrypoint) && isEmpty(config.Cmd)) {
    throw invalid("No command specified", "CTR_COMMAND_MISSING");
  }
  checkHealthcheck(config.Healthcheck);
  if (config.StopSignal !== undefined) parseSignal(config.StopSignal);
  if (config.WorkingDir && !config.WorkingDir.startsWith("/")) {
    throw invalid(
      `the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`,
      "CTR_WORKING_DIRECTORY_INVALID",
    );
  }
  const { WorkingDir: directory = "" } = config;
  const cleaned = directory === "" ? {} : { WorkingDir: normalize(directory).replace(/(?<=.)\/$/, "") };
  return { ...config, ...cleaned, Hostname: config.Hostname || hostnameOf(HostConfig ?? {}, id, hostname) };
}

/** Who shares another container's network takes its name from there, at each start. */
function hostnameOf(hostConfig: HostConfig, id: string, hostname: string): string {
  if (sharedWith(hostConfig) !== undefined) return "";
  return hostConfig.NetworkMode === "host" ? hostname : shortId(id);
}

/** @returns the whole argument vector, entrypoint first */
export function argumentVector({ Entrypoint, Cmd }: ContainerConfig): readonly [string, ...string[]] {
  const [path = "", ...args] = [...(Entrypoint ?? []), ...(Cmd ?? [])];
  return [path, ...args];
}

/** What a container has that asks for nothing else. */
export interface HostDefaults {
  readonly network: DefaultNetwork;
  readonly cgroupnsMode: "private" | "host";
  /** Bytes. */
  readonly shmSize: number;
}

/**
 * HostConfig with Docker's defaults, and those of this engine.
 * @throws `invalid` with Docker's texts
 */
export function hostConfigOf(asked: HostConfig, defaults: HostDefaults): HostConfig {
  const logDriver = checkLogConfig(asked.LogConfig ?? {});
  if (Object.hasOwn(asked.Annotations ?? {}, "")) {
    throw invalid(
      "invalid Annotations: the empty string is not permitted as an annotation key",
      "CTR_ANNOTATION_INVALID",
    );
  }
  if ((asked.ShmSize ?? 0) < 0) throw invalid("SHM size can not be less than 0", "CTR_SHM_SIZE_INVALID");
  return {
    ...asked,
    NetworkMode: canonicalMode(asked.NetworkMode, defaults.network),
    RestartPolicy: checkRestartPolicy(asked.RestartPolicy, asked.AutoRemove === true),
    LogConfig: { Type: logDriver, Config: asked.LogConfig?.Config ?? {} },
    ShmSize: asked.ShmSize || defaults.shmSize,
    IpcMode: asked.IpcMode || "private",
    CgroupnsMode: asked.CgroupnsMode || defaults.cgroupnsMode,
    Privileged: asked.Privileged ?? false,
    AutoRemove: asked.AutoRemove ?? false,
    ReadonlyRootfs: asked.ReadonlyRootfs ?? false,
    PortBindings: asked.PortBindings ?? {},
    PidsLimit: (asked.PidsLimit ?? 0) > 0 ? (asked.PidsLimit ?? null) : null,
  };
}

/** The container's own variables first, then the image's whose names it does not set. */
function mergeEnvironment(own: readonly string[], image: readonly string[]): string[] {
  const names = new Set(own.map(variableName));
  return [...own, ...image.filter((variable) => !names.has(variableName(variable)))];
}

const variableName = (variable: string): string => variable.split("=", 1)[0] ?? "";

const isEmpty = (list: readonly string[] | null | undefined): boolean =>
  list === null || list === undefined || list.length === 0;

function given<K extends keyof ContainerConfig>(
  key: K,
  value: ContainerConfig[K] | undefined | "",
): Pick<ContainerConfig, K> | object {
  return value === undefined || value === "" ? {} : { [key]: value };
}
