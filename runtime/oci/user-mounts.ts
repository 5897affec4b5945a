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
}

export interface TmpfsMount {
  readonly type: "tmpfs";
  readonly destination: string;
  readonly options: readonly string[];
}

/** A volume without a name: a directory that belongs to the container. */
export interface AnonymousVolume {
  readonly type: "volume";
  readonly destination: string;
  readonly readOnly: boolean;
}

export type UserMount = BindMount | TmpfsMount | AnonymousVolume;

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
 * @throws `invalid` with Docker's texts; `unsupported` for a named volume
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
 * The volumes without a name that a container gets: those of its image, of `-v /path`, and of mounts without a source.
 * Something else that is mounted at such a path takes its place.
 */
export function imageVolumes(config: ContainerConfig, hostConfig: HostConfig): AnonymousVolume[] {
  const asked = userMounts(hostConfig);
  const declared = Object.keys(config.Volumes ?? {})
    .map(cleanPath)
    .filter((destination) => !asked.some((mount) => mount.destination === destination))
    .map((destination) => ({ type: "volume", destination, readOnly: false }) as const);
  return [...declared, ...asked.filter((mount) => mount.type === "volume")];
}

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
    BindOptions: {
      CreateMountpoint: true,
      Propagation: options.find((option) => PROPAGATIONS.includes(option)) ?? DEFAULT_PROPAGATION,
    },
  };
  try {
    return parseMount(mount);
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
      if (Source !== "") throw namedVolume(Source);
      return { type: "volume", destination, readOnly };
    default:
      throw mountError(Type, "mount type unknown");
  }
}

function bindMount(
  source: string,
  destination: string,
  readOnly: boolean,
  { Propagation, CreateMountpoint = false }: NonNullable<ApiMount["BindOptions"]> = {},
): BindMount {
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

const namedVolume = (name: string): CtrError =>
  unsupported(`named volumes are not available in this version: '${name}'`, {
    code: "CTR_VOLUME_NAMED",
    hint: "mount a directory by its absolute path: -v /srv/data:/data",
  });
