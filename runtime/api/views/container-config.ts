/** `Config` and `HostConfig` with every field that clients read, absent ones with Docker's defaults. */
import type { Container, ContainerConfig } from "../../types.ts";

export function configView(config: ContainerConfig) {
  return {
    Hostname: "",
    Domainname: "",
    User: "",
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: [],
    Cmd: null,
    Image: "",
    Volumes: null,
    WorkingDir: "",
    Entrypoint: null,
    OnBuild: null,
    ...config,
    ...(isEmpty(config.Volumes) ? { Volumes: null } : {}),
    ...(isEmpty(config.ExposedPorts) ? { ExposedPorts: undefined } : {}),
    Labels: config.Labels ?? {},
  };
}

const isEmpty = (value: object | null | undefined): boolean => Object.keys(value ?? {}).length === 0;

/** Bytes. */
const DEFAULT_SHM_SIZE = 64 * 2 ** 20;

const HOST_DEFAULTS = {
  Binds: null,
  ContainerIDFile: "",
  PortBindings: {},
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  Cgroup: "",
  Links: null,
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: "",
  UsernsMode: "",
  Isolation: "",
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: "",
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: null,
  PidsLimit: null,
  Ulimits: [],
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
} as const;

/** @param runtime name of the OCI runtime */
export function hostConfigView({ hostConfig }: Container, runtime: string) {
  const { RestartPolicy, LogConfig } = hostConfig;
  return {
    ...HOST_DEFAULTS,
    ...hostConfig,
    MemorySwapGiven: undefined,
    // After an update that took it away, as with Docker.
    PidsLimit: typeof hostConfig.PidsLimit === "number" ? Math.max(hostConfig.PidsLimit, 0) : null,
    // The value by which clients say "unset".
    MemorySwappiness: hostConfig.MemorySwappiness === -1 ? null : (hostConfig.MemorySwappiness ?? null),
    NetworkMode: hostConfig.NetworkMode || "bridge",
    IpcMode: hostConfig.IpcMode || "private",
    CgroupnsMode: hostConfig.CgroupnsMode || "private",
    ShmSize: hostConfig.ShmSize || DEFAULT_SHM_SIZE,
    Runtime: runtime,
    RestartPolicy: { Name: RestartPolicy?.Name || "no", MaximumRetryCount: RestartPolicy?.MaximumRetryCount ?? 0 },
    LogConfig: { Type: LogConfig?.Type || "json-file", Config: LogConfig?.Config ?? {} },
  };
}
