/** `GET /containers/{id}/json`. */
import type { Endpoint } from "../../../netns/index.ts";
import type { NetworkFiles } from "../../container/index.ts";
import type { Container, Health } from "../../types.ts";
import { configView, hostConfigView } from "./container-config.ts";
import type { ContainerSizes } from "./container-summary.ts";
import { networkSettings } from "./endpoints.ts";
import { mountPoints } from "./mounts.ts";
import { isRunning } from "./status.ts";

/** The one storage driver, by Docker's name. */
export const STORAGE_DRIVER = "overlay2";

export interface InspectContext {
  readonly endpoints: readonly Endpoint[];
  /** Minor number of the API version. */
  readonly version: number;
  readonly files: NetworkFiles;
  /** `/db:/web/alias`. */
  readonly links: readonly string[];
  /** File that names the network namespace; empty in host mode and while the container does not run. */
  readonly sandboxKey: string;
  /** Ids of commands that run in it. */
  readonly execIds: readonly string[];
  /** Name of the OCI runtime. */
  readonly runtime: string;
  readonly sizes?: ContainerSizes | undefined;
}

export function containerInspect(container: Container, context: InspectContext) {
  const { files, links, execIds, runtime, sizes } = context;
  return {
    Id: container.id,
    Created: container.created,
    Path: container.path,
    Args: container.args,
    State: stateView(container),
    Image: container.imageId,
    ResolvConfPath: files.resolvConfPath,
    HostnamePath: files.hostnamePath,
    HostsPath: files.hostsPath,
    LogPath: container.logPath,
    Name: `/${container.name}`,
    RestartCount: container.restartCount,
    Driver: STORAGE_DRIVER,
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: execIds.length === 0 ? null : execIds,
    HostConfig: { ...hostConfigView(container, runtime), Links: links.length === 0 ? null : links },
    GraphDriver: { Name: STORAGE_DRIVER, Data: null },
    ...(sizes === undefined ? {} : { SizeRw: sizes.writable, SizeRootFs: sizes.rootfs }),
    Mounts: mountPoints(container),
    Config: { ...configView(container.config), ...macOf(container, context.endpoints) },
    NetworkSettings: networkSettings(container, context),
  };
}

/** The MAC address that was asked for on the main network, where clients before API 1.44 read it. */
function macOf(
  { hostConfig, awaitedNetworks = [] }: Container,
  endpoints: readonly Endpoint[],
): { readonly MacAddress?: string } {
  const { NetworkMode: mode = "" } = hostConfig;
  const mac =
    endpoints.find(({ networkName, networkId }) => networkName === mode || networkId === mode)?.asked.mac ??
    awaitedNetworks.find(({ network }) => network === mode)?.macAddress;
  return mac === undefined ? {} : { MacAddress: mac };
}

function stateView(container: Container) {
  const { status } = container;
  return {
    Status: status,
    Running: isRunning(container),
    Paused: status === "paused",
    Restarting: status === "restarting",
    OOMKilled: container.oomKilled,
    Dead: status === "dead",
    Pid: container.pid,
    ExitCode: container.exitCode,
    Error: container.error,
    StartedAt: container.startedAt,
    FinishedAt: container.finishedAt,
    ...(container.health === undefined ? {} : { Health: healthView(container.health) }),
  };
}

const healthView = ({ status, failingStreak, log }: Health) => ({
  Status: status,
  FailingStreak: failingStreak,
  Log: log.map(({ start, end, exitCode, output }) => ({ Start: start, End: end, ExitCode: exitCode, Output: output })),
});
