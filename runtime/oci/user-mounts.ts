/** What users mount into a container: `-v`, `--mount` and `--tmpfs`, and the volumes that an image declares. */
import { posix } from "node:path";
import { type CtrError, invalid, messageOf, unsupported } from "../../lib/errors.ts";
import type { ApiMount, ContainerConfig, HostConfig } from "../types.ts";
import { tmpfsOptions, tmpfsOptionsOfMount } from "./tmpfs.ts";

export interface BindMount {
  readonly type: "bind";
  /** Absolute path on the host. */
  readonly source: string;
  readonly destination: string;
  readonly readOnly: boolean;
  readonly propagation: string;
  /** A missing source becomes a directory (`-v`), or is an error (`--mount`). */
  readonly createSource: boolean;
  /** Without the mounts below the source. */
  readonly alone?: boolean;
  /** Whether those below are read-only, too: as the kernel can when absent. */
  readonly readOnlyBelow?: boolean;
}

export interface TmpfsMount {
  readonly type: "tmpfs";
  readonly destination: string;
  readonly options: readonly string[];
}

export interface VolumeWish {
  readonly type: "volume";
  /** Undefined for one of the container's own. */
  readonly name: string | undefined;
  readonly destination: string;
  readonly readOnly: boolean;
  /** As `inspect` shows it. */
  readonly mode: string;
  /** It does not begin with what the image has at its place. */
  readonly noCopy: boolean;
  readonly driver?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Of the driver. */
  readonly options?: Readonly<Record<string, string>>;
}

export type UserMount = BindMount | TmpfsMount | VolumeWish;

const CODE = "CTR_MOUNT_INVALID";
const DEFAULT_PROPAGATION = "rprivate";

/** Groups of options of `-v`, of each of which one may be given. */
const MODES: readonly (readonly string[])[] = [
  ["rw", "ro"],
  ["z", "Z"],
  ["private", "rprivate", "slave", "rslave", "shared", "rshared"],
  ["nocopy"],
  ["consistent", "cached", "delegated", "default"],
];
const [, , PROPAGATIONS = []] = MODES;

/**
 * All mounts that a container asks for. Nothing on the host is looked at.
 * @throws `invalid` with Docker's texts; `unsupported` for a part of a volume
 */
export function userMounts({ Binds, Mounts, Tmpfs }: HostConfig): UserMount[] {
  const tmpfs = Object.entries(Tmpfs ?? {}).map(([destination, options]) => tmpfsMount(destination, options));
  const binds = (Binds ?? []).map(parseBind);
  const all = [...tmpfs, ...binds, ...(Mounts ?? []).map(parseMount)];
  const taken = new Set<string>();
  for (const { destination } of all) {
    if (taken.has(destination)) throw invalid(`Duplicate mount point: ${destination}`, "CTR_MOUNT_DUPLICATE");
    taken.add(destination);
  }
  return all;
}

/**
 * The volumes that a container asks for, and those that its image declares. Something else that is mounted at the path of a
 * declared one takes its place.
 */
export function volumeWishes(config: ContainerConfig, hostConfig: HostConfig): VolumeWish[] {
  const asked = userMounts(hostConfig);
  const declared = Object.keys(config.Volumes ?? {})
    .map(cleanPath)
    .filter((destination) => !asked.some((mount) => mount.destination === destination))
    .map((destination) => ({ ...ANONYMOUS, destination }));
  return [...declared, ...asked.filter((mount) => mount.type === "volume")];
}

const ANONYMOUS = { type: "volume", name: undefined, readOnly: false, mode: "", noCopy: false } as const;

/**
 * One value of `-v`: `source:destination[:options]`, or a destination alone.
 * @throws `invalid`, `unsupported`
 */
export function parseBind(text: string): UserMount {
  const parts = text.split(":");
  const [first = "", second = "", mode = ""] = parts;
  // A destination with options has no source, and a volume without a name takes none.
  const broken = first === "" || parts.length > 3 || (parts.length === 2 && isMode(second));
  if (broken) throw invalidSpecification(text);
  if (!isMode(mode)) throw invalid(`invalid mode: ${mode}`, CODE);
  const options = mode.split(",");
  const mount: ApiMount = {
    Type: parts.length > 1 && first.startsWith("/") ? "bind" : "volume",
    ...(parts.length === 1 ? { Target: first } : { Source: first, Target: second }),
    ReadOnly: options.includes("ro"),
    ...(options.includes("nocopy") ? { VolumeOptions: { NoCopy: true } } : {}),
    BindOptions: {
      CreateMountpoint: true,
      Propagation: options.find((option) => PROPAGATIONS.includes(option)) ?? DEFAULT_PROPAGATION,
    },
  };
  try {
    const parsed = parseMount(mount);
    return parsed.type === "volume" && mode !== "" ? { ...parsed, mode } : parsed;
  } catch (error) {
    if (messageOf(error).startsWith("invalid mount config")) throw invalidSpecification(text, messageOf(error));
    throw error;
  }
}

/** One entry of `Mounts`. @throws `invalid`, `unsupported` */
export function parseMount(mount: ApiMount): UserMount {
  const { Type, Source = "", Target, ReadOnly: readOnly = false, BindOptions } = mount;
  if (!Target) throw mountError(Type, "field Target must not be empty");
  const wrong = wrongDestination(Target);
  if (wrong !== undefined) throw mountError(Type, wrong);
  const destination = cleanPath(Target);
  switch (Type) {
    case "bind":
      return bindMount(Source, destination, readOnly, BindOptions);
    case "tmpfs":
      if (Source !== "") throw mountError(Type, "field Source must not be specified");
      return { type: "tmpfs", destination, options: tmpfsOptions(tmpfsOptionsOfMount(mount)) };
    case "volume":
      return volumeWish(Source, destination, readOnly, mount.VolumeOptions);
    default:
      throw mountError(Type, "mount type unknown");
  }
}

function bindMount(
  source: string,
  destination: string,
  readOnly: boolean,
  options: NonNullable<ApiMount["BindOptions"]> = {},
): BindMount {
  const { Propagation, CreateMountpoint = false, NonRecursive, ReadOnlyNonRecursive, ReadOnlyForceRecursive } = options;
  if (ReadOnlyNonRecursive === true && ReadOnlyForceRecursive === true) {
    throw mountError("bind", "mount options conflict: ReadOnlyNonRecursive && ReadOnlyForceRecursive");
  }
  const propagation = Propagation || DEFAULT_PROPAGATION;
  if (source === "") throw mountError("bind", "field Source must not be empty");
  if (!PROPAGATIONS.includes(propagation)) throw mountError("bind", `invalid propagation mode: ${propagation}`);
  if (!source.startsWith("/")) throw mountError("bind", notAbsolute(source));
  return {
    type: "bind",
    source: cleanPath(source),
    destination,
    readOnly,
    propagation,
    createSource: CreateMountpoint,
    ...(NonRecursive === true ? { alone: true } : {}),
    ...(ReadOnlyNonRecursive === true ? { readOnlyBelow: false } : {}),
    ...(ReadOnlyForceRecursive === true ? { readOnlyBelow: true } : {}),
  };
}

function volumeWish(
  name: string,
  destination: string,
  readOnly: boolean,
  { NoCopy: noCopy = false, Labels: labels, DriverConfig = {}, Subpath }: NonNullable<ApiMount["VolumeOptions"]> = {},
): VolumeWish {
  if (Subpath) {
    throw unsupported(`a part of a volume cannot be mounted in this version: '${Subpath}'`, {
      code: "CTR_VOLUME_SUBPATH",
      hint: "mount the whole volume",
    });
  }
  const { Name: driver, Options: options } = DriverConfig;
  return {
    ...ANONYMOUS,
    name: name === "" ? undefined : name,
    destination,
    readOnly,
    // Docker's way to say that nothing was said.
    mode: "z",
    noCopy,
    ...(driver ? { driver } : {}),
    ...(labels === undefined ? {} : { labels }),
    ...(options === undefined ? {} : { options }),
  };
}

function tmpfsMount(target: string, options: string): TmpfsMount {
  const wrong = wrongDestination(target);
  if (wrong !== undefined) throw invalid(wrong, CODE);
  return { type: "tmpfs", destination: cleanPath(target), options: tmpfsOptions(options) };
}

/** True for a well formed list of options, the empty one too. */
function isMode(text: string): boolean {
  if (text === "") return true;
  const groups = text.split(",").map((option) => MODES.findIndex((group) => group.includes(option)));
  return !groups.includes(-1) && new Set(groups).size === groups.length;
}

function wrongDestination(path: string): string | undefined {
  if (cleanPath(path) === "/") return "invalid specification: destination can't be '/'";
  return path.startsWith("/") ? undefined : notAbsolute(path);
}

/** Without `.`, `..`, double and trailing slashes. */
function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}

const notAbsolute = (path: string): string => `invalid mount path: '${path}' mount path must be absolute`;

/** The error of one mount, as Docker words it. */
export const mountError = (type: string, reason: string): CtrError =>
  invalid(`invalid mount config for type "${type}": ${reason}`, CODE);

const invalidSpecification = (text: string, reason = ""): CtrError =>
  invalid(`invalid volume specification: '${text}'${reason === "" ? "" : `: ${reason}`}`, CODE);
