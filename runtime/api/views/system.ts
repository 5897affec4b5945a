/** `GET /version` and `GET /info`. */
import type { CgroupHost } from "../../../cgroups/index.ts";
import type { EngineInfo, EngineVersion } from "../engine-face.ts";
import { API_VERSION, MIN_API_VERSION } from "../versions.ts";
import { STORAGE_DRIVER } from "./container-inspect.ts";
import { registryView } from "./registries.ts";

/** Facts of the machine. */
export interface HostFacts {
  readonly hostName: string;
  /** Release of the kernel. */
  readonly kernel: string;
  /** `PRETTY_NAME` and `VERSION_ID` of os-release(5). */
  readonly operatingSystem: string;
  readonly osVersion: string;
  /** As the kernel names it, `x86_64`, and as Go does, `amd64`. */
  readonly machine: string;
  readonly architecture: string;
  readonly cpus: number;
  /** RFC 3339. */
  readonly time: string;
  readonly nodeVersion: string;
  /** That the engine has open. */
  readonly openFiles: number;
}

export function versionView({ version, gitCommit, buildTime, runtime }: EngineVersion, host: HostFacts) {
  const details = {
    ApiVersion: API_VERSION,
    Arch: host.architecture,
    BuildTime: buildTime,
    Experimental: "false",
    GitCommit: gitCommit,
    KernelVersion: host.kernel,
    MinAPIVersion: MIN_API_VERSION,
    NodeVersion: host.nodeVersion,
    Os: "linux",
  };
  return {
    Platform: { Name: "ctr" },
    Components: [
      { Name: "Engine", Version: version, Details: details },
      { Name: runtime.name, Version: runtime.version, Details: { GitCommit: "" } },
    ],
    Version: version,
    ApiVersion: API_VERSION,
    MinAPIVersion: MIN_API_VERSION,
    GitCommit: gitCommit,
    // Clients print it under this name; the engine's language is its fact, not Go's.
    GoVersion: `node ${host.nodeVersion}`,
    Os: "linux",
    Arch: host.architecture,
    KernelVersion: host.kernel,
    BuildTime: buildTime,
  };
}

export interface Counts {
  readonly running: number;
  readonly paused: number;
  readonly stopped: number;
  readonly images: number;
}

export function infoView(
  info: EngineInfo,
  { version, runtime }: EngineVersion,
  host: HostFacts,
  cgroups: CgroupHost,
  counts: Counts,
  networkWarnings: readonly string[],
) {
  const can = (controller: string): boolean => cgroups.controllers.has(controller);
  return {
    ID: info.id,
    Containers: counts.running + counts.paused + counts.stopped,
    ContainersRunning: counts.running,
    ContainersPaused: counts.paused,
    ContainersStopped: counts.stopped,
    Images: counts.images,
    Driver: STORAGE_DRIVER,
    DriverStatus: [["Backing Filesystem", "overlayfs"]],
    Plugins: {
      Volume: ["local"],
      Network: ["bridge", "host", "ipvlan", "macvlan", "null"],
      Authorization: null,
      Log: ["json-file", "none"],
    },
    MemoryLimit: can("memory"),
    SwapLimit: can("memory") && cgroups.swapAccounting,
    CpuCfsPeriod: can("cpu") && cgroups.cpuQuota,
    CpuCfsQuota: can("cpu") && cgroups.cpuQuota,
    CPUShares: can("cpu"),
    CPUSet: can("cpuset"),
    PidsLimit: can("pids"),
    IPv4Forwarding: true,
    Debug: info.debug,
    NFd: host.openFiles,
    OomKillDisable: cgroups.controllers.get("memory")?.version === 1,
    NGoroutines: 0,
    SystemTime: host.time,
    LoggingDriver: "json-file",
    CgroupDriver: info.cgroupDriver,
    CgroupVersion: cgroups.mode === "unified" ? "2" : "1",
    NEventsListener: 0,
    KernelVersion: host.kernel,
    OperatingSystem: host.operatingSystem,
    OSVersion: host.osVersion,
    OSType: "linux",
    Architecture: host.machine,
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: registryView(info.insecureRegistries),
    NCPU: host.cpus,
    MemTotal: cgroups.memoryTotal,
    GenericResources: null,
    DockerRootDir: info.dataRoot,
    HttpProxy: "",
    HttpsProxy: "",
    NoProxy: "",
    Name: host.hostName,
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: version,
    Runtimes: { [runtime.name]: { path: runtime.name } },
    DefaultRuntime: runtime.name,
    Swarm: {
      NodeID: "",
      NodeAddr: "",
      LocalNodeState: "inactive",
      ControlAvailable: false,
      Error: "",
      RemoteManagers: null,
    },
    LiveRestoreEnabled: true,
    Isolation: "",
    InitBinary: "tini",
    ContainerdCommit: { ID: "" },
    RuncCommit: { ID: runtime.version },
    InitCommit: { ID: "" },
    FirewallBackend: { Driver: info.firewallBackend },
    SecurityOptions: securityOptions(info, cgroups),
    Warnings: [
      ...[...cgroups.absent].map(([controller, why]) => `WARNING: No ${controller} limit: ${why}`),
      ...networkWarnings.map((warning) => `WARNING: ${warning}`),
      ...exposureWarnings(info.hosts),
    ],
  };
}

/** In Docker's words: whoever reaches such an address is root here. */
export const exposureWarnings = (hosts: readonly string[]): string[] =>
  hosts
    .filter((host) => host.startsWith("tcp://"))
    .map(
      (host) =>
        `WARNING: API is accessible on http://${host.slice("tcp://".length)} without encryption.\n         Access to the remote API is equivalent to root access on the host.`,
    );

/** What older clients expect, and what they do not know yet. By the changelog of Docker's Engine API. */
export function infoForVersion(info: ReturnType<typeof infoView>, version: number): object {
  const { FirewallBackend, ContainerdCommit, RuncCommit, InitCommit, ...rest } = info;
  const commits = { ContainerdCommit, RuncCommit, InitCommit };
  return {
    ...rest,
    ...(version < 49 ? withExpected(commits) : { ...commits, FirewallBackend }),
    ...(version < 50 ? { BridgeNfIptables: false, BridgeNfIp6tables: false } : {}),
  };
}

const withExpected = (commits: Readonly<Record<string, { readonly ID: string }>>): object =>
  Object.fromEntries(Object.entries(commits).map(([name, { ID }]) => [name, { ID, Expected: ID }]));

function securityOptions({ seccomp }: EngineInfo, { mode }: CgroupHost): string[] {
  return [...(seccomp ? ["name=seccomp,profile=builtin"] : []), ...(mode === "unified" ? ["name=cgroupns"] : [])];
}
