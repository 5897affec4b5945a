/** `Mounts` of a container: its volumes, and what it asked of the host. */
import type { Container, ContainerVolume } from "../../types.ts";
import { VOLUME_DRIVER } from "../../volume/index.ts";

export interface MountPoint {
  readonly Type: string;
  /** Of a volume. */
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  /** Of a volume. */
  readonly Driver?: string;
  /** Options of `-v`: `ro`, `z`, … */
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: string;
}

const DEFAULT_PROPAGATION = "rprivate";

export function mountPoints({ hostConfig, volumes = [] }: Container): MountPoint[] {
  // What begins with no slash is a volume's name.
  const binds = (hostConfig.Binds ?? []).filter((bind) => /^\/[^:]*:/.test(bind)).map(bindPoint);
  const mounts = (hostConfig.Mounts ?? [])
    .filter(({ Type }) => Type !== "volume")
    .map((mount) => ({
      Type: mount.Type,
      Source: mount.Source ?? "",
      Destination: mount.Target,
      Mode: "",
      RW: mount.ReadOnly !== true,
      Propagation: mount.Type === "bind" ? (mount.BindOptions?.Propagation ?? DEFAULT_PROPAGATION) : "",
    }));
  return [...binds, ...mounts, ...volumes.map(volumePoint)];
}

function volumePoint({ name, source, destination, readOnly, propagation = "", mode }: ContainerVolume): MountPoint {
  return {
    Type: name === undefined ? "bind" : "volume",
    ...(name === undefined ? {} : { Name: name }),
    Source: source,
    Destination: destination,
    ...(name === undefined ? {} : { Driver: VOLUME_DRIVER }),
    Mode: mode,
    RW: !readOnly,
    Propagation: propagation,
  };
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
