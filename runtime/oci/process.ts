/** The process part of the specification: of a container, and of a program that `exec` runs in it. */
import { unsupported } from "../../lib/errors.ts";
import type { Container, HostConfig } from "../types.ts";
import { grantCapabilities } from "./capabilities.ts";
import { containerEnvironment, mergeEnvironment } from "./environment.ts";
import type { OciHost } from "./host.ts";
import { checkRlimitsReachable, rlimitsOf } from "./rlimits.ts";
import { parseSecurityOptions } from "./security-options.ts";
import type { OciCapabilities, OciProcess } from "./spec.ts";
import { type ResolvedUser, resolveUser } from "./user.ts";

/** Where the init program of `--init` is seen inside. */
export const INIT_PATH = "/sbin/docker-init";

export interface ProcessInput {
  readonly container: Pick<Container, "config" | "hostConfig" | "path" | "args">;
  readonly user: ResolvedUser;
  /** −1000 … 1000. */
  readonly oomScoreAdj: number;
}

/** The container's first process. @throws `invalid`, `unsupported` */
export function buildProcess({ container, user, oomScoreAdj }: ProcessInput, host: OciHost): OciProcess {
  const { config, hostConfig, path, args } = container;
  const terminal = config.Tty ?? false;
  const { capabilities } = grantCapabilities(hostConfig, host.capabilities);
  return {
    terminal,
    ...consoleSize(terminal, hostConfig.ConsoleSize),
    user: idsOf(user),
    args: wantsInit(hostConfig) ? [INIT_PATH, "--", path, ...args] : [path, ...args],
    env: containerEnvironment(config, terminal),
    cwd: config.WorkingDir || "/",
    capabilities: capabilitySets(capabilities),
    oomScoreAdj,
    ...confinement(hostConfig, host),
  };
}

/** What `POST /containers/{id}/exec` asks for. */
export interface ExecRequest {
  readonly Cmd: readonly string[];
  readonly Env?: readonly string[];
  readonly Tty?: boolean;
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Privileged?: boolean;
  /** Rows and columns of the terminal, unless the start gives others. */
  readonly ConsoleSize?: readonly number[];
}

export interface ExecInput {
  readonly container: Pick<Container, "config" | "hostConfig">;
  /** The container's root on the host. */
  readonly rootfs: string;
  readonly request: ExecRequest;
  /** That of the container. */
  readonly oomScoreAdj?: number;
  readonly size?: { readonly rows: number; readonly columns: number };
}

/**
 * A program beside the first process: the container's environment and user unless the request says otherwise.
 * @throws `invalid` with Docker's texts for an unknown user
 */
export function buildExecProcess(input: ExecInput, host: OciHost): OciProcess {
  const { container, rootfs, request, oomScoreAdj, size } = input;
  const { config, hostConfig } = container;
  const terminal = request.Tty ?? false;
  const { capabilities } = grantCapabilities(hostConfig, host.capabilities);
  return {
    terminal,
    ...consoleSize(terminal, size === undefined ? request.ConsoleSize : [size.rows, size.columns]),
    user: idsOf(resolveUser(rootfs, request.User || config.User || "", hostConfig.GroupAdd ?? [])),
    args: request.Cmd,
    env: mergeEnvironment(containerEnvironment(config, terminal), request.Env ?? []),
    cwd: request.WorkingDir || config.WorkingDir || "/",
    capabilities: capabilitySets(request.Privileged === true ? host.capabilities : capabilities),
    ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
    ...confinement(hostConfig, host),
  };
}

/** The size a terminal begins with: the program may ask for it before a client's first resize has come. */
function consoleSize(
  terminal: boolean,
  [rows = 0, columns = 0]: readonly number[] = [],
): Pick<OciProcess, "consoleSize"> {
  return terminal && rows > 0 && columns > 0 ? { consoleSize: { height: rows, width: columns } } : {};
}

/** An init makes sense only where the container has processes of its own. */
export const wantsInit = ({ Init, PidMode }: HostConfig): boolean => Init === true && PidMode !== "host";

/** The init program on the host. @throws `unsupported` when there is none */
export function initProgramOf({ initProgram }: OciHost): string {
  if (initProgram !== undefined) return initProgram;
  throw unsupported("--init needs an init program, and none is installed", {
    code: "CTR_INIT_MISSING",
    hint: "install the package tini (or docker-init, or catatonit) and restart the engine",
  });
}

function confinement(
  { SecurityOpt, Ulimits }: HostConfig,
  { appArmor, hardLimits, capabilities }: OciHost,
): Pick<OciProcess, "noNewPrivileges" | "apparmorProfile" | "rlimits"> {
  const options = parseSecurityOptions(SecurityOpt ?? []);
  const rlimits = rlimitsOf(Ulimits ?? []);
  if (!capabilities.includes("CAP_SYS_RESOURCE")) checkRlimitsReachable(Ulimits ?? [], hardLimits);
  return {
    ...(options.noNewPrivileges ? { noNewPrivileges: true } : {}),
    ...(appArmor && options.appArmor !== undefined ? { apparmorProfile: options.appArmor } : {}),
    ...(rlimits.length === 0 ? {} : { rlimits }),
  };
}

const idsOf = ({ uid, gid, additionalGids }: ResolvedUser): OciProcess["user"] => ({ uid, gid, additionalGids });

/** No ambient and no inheritable ones: a program of another user starts without any. */
const capabilitySets = (names: readonly string[]): OciCapabilities => ({
  bounding: names,
  effective: names,
  permitted: names,
});
