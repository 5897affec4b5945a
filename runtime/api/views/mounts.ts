/** `Mounts` of a container, from what was asked of the host. */
import type { Container } from "../../types.ts";

export interface MountPoint {
  readonly Type: string;
  readonly Source: string;
  readonly Destination: string;
  /** Options of `-v`: `ro`, `z`, … */
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: string;
}

const DEFAULT_PROPAGATION = "rprivate";

export function mountPoints({ hostConfig }: Container): MountPoint[] {
  const binds = (hostConfig.Binds ?? []).map(bindPoint);
  const mounts = (hostConfig.Mounts ?? []).map((mount) => ({
    Type: mount.Type,
    Source: mount.Source ?? "",
    Destination: mount.Target,
    Mode: "",
    RW: mount.ReadOnly !== true,
    Propagation: mount.Type === "bind" ? (mount.BindOptions?.Propagation ?? DEFAULT_PROPAGATION) : "",
  }));
  return [...binds, ...mounts];
}

/** `source:destination[:options]` */
function bindPoint(bind: string): MountPoint {
  const [source = "", destination = "", mode = ""] = bind.split(":");
  const options = mode.split(",");
  return {
    Type: "bind",
    Source: source,
    Destination: destination,
    Mode: mode,
    RW: !options.includes("ro"),
    Propagation: options.find((option) => /^r?(private|shared|slave)$/.test(option)) ?? DEFAULT_PROPAGATION,
  };
}
