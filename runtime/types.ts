/**
 * The records of the runtime layer. Field names of `ContainerConfig` and `HostConfig` are the Docker Engine API's:
 * they are stored as they came and echoed by `inspect`.
 */
import type { DockerResources } from "../cgroups/index.ts";
import type { EndpointRequest, PublishedPort, PublishPolicy } from "../netns/index.ts";

export interface HealthcheckConfig {
  /** `CMD` or `CMD-SHELL` and the words of the program; `NONE` for no check, not even the image's. */
  readonly Test?: readonly string[];
  /** Nanoseconds, as all times here; 0 for Docker's default. */
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

/** One look at a container's health. */
export interface HealthResult {
  /** RFC 3339 with nanoseconds. */
  readonly start: string;
  readonly end: string;
  /** −1 when the program could not be run, or took too long. */
  readonly exitCode: number;
  /** What it printed, at most 4096 bytes; why it could not be run. */
  readonly output: string;
}

export interface Health {
  readonly status: "starting" | "healthy" | "unhealthy";
  /** Failures in a row. */
  readonly failingStreak: number;
  /** The last results, oldest first. */
  readonly log: readonly HealthResult[];
}

/** `Config` of a container and of an image. */
export interface ContainerConfig {
  readonly Hostname?: string;
  readonly Domainname?: string;
  readonly User?: string;
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
  readonly Tty?: boolean;
  readonly OpenStdin?: boolean;
  readonly StdinOnce?: boolean;
  readonly Env?: readonly string[];
  readonly Cmd?: readonly string[] | null;
  readonly Entrypoint?: readonly string[] | null;
  readonly Image?: string;
  readonly WorkingDir?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Volumes?: Readonly<Record<string, object>> | null;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  /** Seconds. */
  readonly StopTimeout?: number;
  readonly Healthcheck?: HealthcheckConfig;
  readonly Shell?: readonly string[];
  readonly MacAddress?: string;
}

export interface ApiPortBinding {
  readonly HostIp?: string;
  /** A number, a range `8000-8010`, or empty for an ephemeral port. */
  readonly HostPort?: string;
  /** ctr's own: who reaches it; the engine's `publish-policy` when absent. */
  readonly Policy?: PublishPolicy;
}

/** `--ulimit`. −1 is unlimited. */
export interface Ulimit {
  /** As in getrlimit(2), lower case and without prefix: `nofile`. */
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

/** ctr's own. Bits per second of all interfaces of a container, each way; 0 and absent is no limit. */
export interface NetworkRate {
  /** What the container sends. */
  readonly Egress?: number;
  readonly Ingress?: number;
}

/** `--device`. */
export interface DeviceMapping {
  readonly PathOnHost: string;
  readonly PathInContainer?: string;
  /** Of `r`, `w` and `m`. */
  readonly CgroupPermissions?: string;
}

/** `HostConfig`: what the container asks of the host. Its limits are {@link DockerResources}. */
export interface HostConfig extends DockerResources {
  readonly Binds?: readonly string[] | null;
  readonly ContainerIDFile?: string;
  readonly NetworkMode?: string;
  readonly PortBindings?: Readonly<Record<string, readonly ApiPortBinding[] | null>> | null;
  readonly PublishAllPorts?: boolean;
  readonly RestartPolicy?: { readonly Name?: string; readonly MaximumRetryCount?: number };
  readonly AutoRemove?: boolean;
  readonly CapAdd?: readonly string[] | null;
  readonly CapDrop?: readonly string[] | null;
  readonly Dns?: readonly string[] | null;
  readonly DnsOptions?: readonly string[] | null;
  readonly DnsSearch?: readonly string[] | null;
  readonly ExtraHosts?: readonly string[] | null;
  /** `container:alias` as asked for; `inspect` shows {@link Container.links}. */
  readonly Links?: readonly string[] | null;
  readonly PidMode?: string;
  readonly IpcMode?: string;
  readonly UTSMode?: string;
  readonly CgroupnsMode?: string;
  readonly Privileged?: boolean;
  readonly ReadonlyRootfs?: boolean;
  readonly SecurityOpt?: readonly string[] | null;
  readonly Tmpfs?: Readonly<Record<string, string>>;
  readonly Sysctls?: Readonly<Record<string, string>>;
  /** Bytes. */
  readonly ShmSize?: number;
  readonly Init?: boolean | null;
  /** Rows and columns that the terminal begins with. */
  readonly ConsoleSize?: readonly number[];
  readonly Ulimits?: readonly Ulimit[] | null;
  readonly MaskedPaths?: readonly string[] | null;
  readonly ReadonlyPaths?: readonly string[] | null;
  readonly LogConfig?: { readonly Type?: string; readonly Config?: Readonly<Record<string, string>> | null };
  readonly Mounts?: readonly ApiMount[] | null;
  /** Containers whose volumes and binds this one has too: `name[:ro]`. */
  readonly VolumesFrom?: readonly string[] | null;
  /** Of the volumes that `Binds` names. */
  readonly VolumeDriver?: string;
  /** The group above: a name is a named group of ours, an absolute path any of the machine's. */
  readonly CgroupParent?: string;
  readonly Devices?: readonly DeviceMapping[] | null;
  /** `c 1:3 rwm` */
  readonly DeviceCgroupRules?: readonly string[] | null;
  readonly GroupAdd?: readonly string[] | null;
  /** For the OCI runtime: they go into its specification. */
  readonly Annotations?: Readonly<Record<string, string>> | null;
  readonly StorageOpt?: Readonly<Record<string, string>> | null;
  /** Docker no longer has it: discarded with a warning. */
  readonly KernelMemory?: number;
  readonly NetworkRate?: NetworkRate;
}

export interface ApiMount {
  readonly Type: "bind" | "volume" | "tmpfs";
  /** A path of the host; the name of a volume, absent for one without. */
  readonly Source?: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
  readonly BindOptions?: {
    readonly Propagation?: string;
    readonly CreateMountpoint?: boolean;
    /** Without the mounts below the source. */
    readonly NonRecursive?: boolean;
    /** Of a read-only mount: those below stay writable. */
    readonly ReadOnlyNonRecursive?: boolean;
    /** Of a read-only mount: those below too, or an error. By default only where the kernel can. */
    readonly ReadOnlyForceRecursive?: boolean;
  };
  readonly VolumeOptions?: {
    readonly NoCopy?: boolean;
    readonly Labels?: Readonly<Record<string, string>>;
    readonly DriverConfig?: { readonly Name?: string; readonly Options?: Readonly<Record<string, string>> };
    readonly Subpath?: string;
  };
  readonly TmpfsOptions?: { readonly SizeBytes?: number; readonly Mode?: number };
}

/**
 * Body of `POST /containers/{id}/update`, and of ours. Zero and empty values leave what is there, as Docker's clients send
 * them for what their user did not name; `OomScoreAdj` and `Swap` are taken as they come.
 */
export interface UpdateRequest extends DockerResources {
  readonly RestartPolicy?: HostConfig["RestartPolicy"];
  /** Those with the same name are replaced, others stay. */
  readonly Ulimits?: readonly Ulimit[] | null;
  /** Bytes. */
  readonly ShmSize?: number;
  /** The way that is not named stays; 0 takes the limit away. */
  readonly NetworkRate?: NetworkRate;
  /**
   * Limits to be taken away, by any of their names: `memory`, `--pids-limit`, `CpuShares`; `ulimit` or one of them, such as
   * `nofile`, `shm-size` and `net-rate`, which are then as without a flag.
   */
  readonly Unset?: readonly string[];
}

/** One limit before and after a change, for people: values as `formatLimit` shows them, `max` for no limit. */
export interface LimitChange {
  /** The flag without dashes: `memory-swap`; `ulimit nofile`. */
  readonly limit: string;
  readonly before: string;
  readonly after: string;
  /** The file that was written, when it was the kernel's and something runs under it. */
  readonly file?: string;
}

export interface UpdateResult {
  readonly warnings: readonly string[];
  readonly changes: readonly LimitChange[];
}

/** What a container asks of one network: an entry of `EndpointsConfig`, and the body of `connect`. */
export interface EndpointSettings {
  readonly IPAMConfig?: {
    readonly IPv4Address?: string;
    readonly IPv6Address?: string;
    readonly LinkLocalIPs?: readonly string[] | null;
  } | null;
  /** `container:alias`, seen by this container alone; on user-defined networks. */
  readonly Links?: readonly string[] | null;
  /** Further names on this network. */
  readonly Aliases?: readonly string[] | null;
  readonly DriverOpts?: Readonly<Record<string, string>> | null;
  readonly MacAddress?: string;
  /** The network with the highest one has the default route. */
  readonly GwPriority?: number;
}

/** Body of `POST /containers/create`. */
export interface ContainerCreateRequest extends ContainerConfig {
  readonly HostConfig?: HostConfig;
  readonly NetworkingConfig?: {
    /** By name or id of the network. */
    readonly EndpointsConfig?: Readonly<Record<string, EndpointSettings | null>> | null;
  };
}

/** `--link` on the default bridge: another container, by an alias that only this one knows. */
export interface ContainerLink {
  /** Id of the container that is linked to. */
  readonly targetId: string;
  readonly alias: string;
}

export type ContainerStatus = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

/** A container as the store keeps it. */
export interface Container {
  readonly id: string;
  /** Without a slash. */
  readonly name: string;
  readonly imageId: string;
  /** As the user wrote it. */
  readonly imageName: string;
  /** Merged from request and image. */
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** Argument vector of the first process: entrypoint and command together, never empty. */
  readonly path: string;
  readonly args: readonly string[];
  /** RFC 3339 with nanoseconds, as all times. */
  readonly created: string;
  readonly status: ContainerStatus;
  /** 0 unless running. */
  readonly pid: number;
  readonly exitCode: number;
  readonly error: string;
  readonly oomKilled: boolean;
  /** Absent on containers without a health check, and before the first start. */
  readonly health?: Health;
  /** `0001-01-01T00:00:00Z` before the first start. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly restartCount: number;
  readonly ports: readonly PublishedPort[];
  /** Decided at creation. Absent on containers without. */
  readonly volumes?: readonly ContainerVolume[];
  /** Absent on containers without. */
  readonly links?: readonly ContainerLink[];
  /** Places on networks that were not there at creation. */
  readonly awaitedNetworks?: readonly EndpointRequest[];
  readonly logPath: string;
  /** The group above its own at its last start: `/ctr`. Absent before. */
  readonly cgroupParent?: string;
}

/** A volume as the store keeps it. */
export interface Volume {
  readonly name: string;
  /** RFC 3339, whole seconds. */
  readonly created: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of the driver. */
  readonly options: Readonly<Record<string, string>>;
  /** Below the data root. */
  readonly mountpoint: string;
  /** The directory that is mounted into containers: the mountpoint, or one of the host's. */
  readonly source: string;
}

/** Body of `POST /volumes/create`. */
export interface VolumeRequest {
  /** Empty and undefined for one without. */
  readonly name?: string | undefined;
  readonly driver?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
}

/** A volume in a container; or a directory of the host's that it has from another container. */
export interface ContainerVolume {
  /** Absent for a directory of the host's. */
  readonly name?: string;
  readonly source: string;
  readonly destination: string;
  readonly readOnly: boolean;
  /** Of a directory of the host's. */
  readonly propagation?: string;
  /** As `inspect` shows it: `ro`, `z`. */
  readonly mode: string;
  /** Nobody gave it a name: it goes with its container when that is wanted. */
  readonly anonymous: boolean;
}

/** `Platform` of an image. */
export interface Platform {
  readonly os: string;
  /** GOARCH: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly variant?: string;
}

/** An image as the store keeps it. */
export interface Image {
  /** Digest of the image's configuration: `sha256:…`. */
  readonly id: string;
  /** `busybox:latest`; empty for an untagged image. */
  readonly repoTags: readonly string[];
  /** `busybox@sha256:…` */
  readonly repoDigests: readonly string[];
  readonly parent: string;
  readonly comment: string;
  readonly created: string;
  readonly author: string;
  readonly config: ContainerConfig;
  readonly platform: Platform;
  /** Bytes of the unpacked layers. */
  readonly size: number;
  /** Digests of the uncompressed layers, lowest first. */
  readonly layers: readonly string[];
}

/** One line of a pull, push or load, as the Engine API streams them. */
export interface ProgressMessage {
  readonly status?: string;
  /** Short id of the layer. */
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly stream?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message: string };
}

export type Progress = (message: ProgressMessage) => void;
