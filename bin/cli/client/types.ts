/** What the CLI reads of the engine's answers: Docker's JSON, only the fields that are used. */
import type { GroupSignals, GroupStats, LimitReading, Limits } from "../../../cgroups/index.ts";

export interface Port {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: string;
}

export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[] | null;
  readonly Image: string;
  readonly ImageID: string;
  readonly Command: string;
  /** Seconds since 1970. */
  readonly Created: number;
  readonly State: string;
  readonly Status: string;
  readonly Ports: readonly Port[] | null;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly Mounts?: readonly { readonly Type: string; readonly Name?: string; readonly Source: string }[] | null;
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, unknown>> | null };
}

export interface ContainerDetails {
  readonly Id: string;
  readonly Name: string;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Paused?: boolean;
    /** In the engine's pid namespace; 0 when it does not run. */
    readonly Pid: number;
    readonly ExitCode: number;
  };
  readonly Config: { readonly Tty: boolean; readonly OpenStdin: boolean; readonly AttachStdin?: boolean };
  readonly HostConfig: { readonly AutoRemove?: boolean; readonly NetworkMode?: string };
  readonly NetworkSettings: {
    readonly Ports: Readonly<
      Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>
    > | null;
  };
}

export interface ImageSummary {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  /** Seconds since 1970. */
  readonly Created: number;
  readonly Size: number;
}

export interface NetworkSummary {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly Internal: boolean;
  readonly EnableIPv4?: boolean;
  readonly EnableIPv6: boolean;
  readonly Labels: Readonly<Record<string, string>> | null;
}

export interface VolumeSummary {
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly Mountpoint: string;
  readonly Labels: Readonly<Record<string, string>> | null;
}

export interface ContainerLimits {
  readonly Id: string;
  readonly Name: string;
  readonly Status: string;
  readonly Driver: string;
  readonly Asked: Limits;
  /** As the kernel enforces them; none of a container that does not run. */
  readonly Limits: readonly LimitReading[];
  /** Those that no cgroup keeps: sizes in bytes, rates in bits a second, ulimits as `soft:hard`. */
  readonly Others: readonly {
    readonly limit: string;
    readonly asked?: number | string;
    readonly enforced?: number | string;
    readonly usage?: number;
    readonly file?: string;
  }[];
  readonly Stats: GroupStats;
  /** Not of a container that does not run. */
  readonly Signals?: GroupSignals;
}

/** One line of a pull, import or load. */
export interface ProgressMessage {
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly stream?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message: string; readonly code?: number };
}

export interface WaitAnswer {
  readonly StatusCode: number;
  readonly Error?: { readonly Message: string } | null;
}
