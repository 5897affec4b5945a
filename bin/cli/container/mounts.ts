/** `--mount` and `-v`. */
import { resolve } from "node:path";
import { parseSize } from "../../../lib/units/size.ts";
import type { ApiMount } from "../../../runtime/index.ts";
import { parseKeyValue } from "./values.ts";

interface MountFields {
  type: string;
  source?: string;
  target?: string;
  readOnly?: boolean;
  propagation?: string;
  createMountpoint?: boolean;
  recursive?: string;
  size?: number;
  mode?: number;
  noCopy?: boolean;
  subpath?: string;
  labels?: Record<string, string>;
  driver?: string;
  options?: Record<string, string>;
}

/** `type=bind,source=/a,target=/b,readonly`. @throws with Docker's texts */
export function parseMount(text: string): ApiMount {
  const fields: MountFields = { type: "volume" };
  for (const field of text.split(",")) takeField(fields, field);
  const { type, source, target } = fields;
  if (target === undefined || target === "") throw new Error("target is required");
  if (type !== "bind" && type !== "volume" && type !== "tmpfs") throw new Error(`invalid mount type: ${type}`);
  if (type === "tmpfs" && source !== undefined) throw new Error("cannot specify 'source' for a tmpfs mount");
  if (type !== "bind" && (fields.propagation !== undefined || fields.recursive !== undefined)) {
    throw new Error(`cannot mix 'bind-*' options with mount type '${type}'`);
  }
  if (type !== "tmpfs" && (fields.size !== undefined || fields.mode !== undefined)) {
    throw new Error(`cannot mix 'tmpfs-*' options with mount type '${type}'`);
  }
  const volume = volumeOptions(fields);
  if (type !== "volume" && volume !== undefined) {
    throw new Error(`cannot mix 'volume-*' options with mount type '${type}'`);
  }
  return {
    Type: type,
    Target: target,
    ...(source === undefined ? {} : { Source: type === "bind" ? absolute(source) : source }),
    ...(fields.readOnly === undefined ? {} : { ReadOnly: fields.readOnly }),
    ...bindOptions(fields),
    ...(volume === undefined ? {} : { VolumeOptions: volume }),
    ...tmpfsOptions(fields),
  };
}

function takeField(fields: MountFields, field: string): void {
  const equals = field.indexOf("=");
  const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
  const value = equals < 0 ? undefined : field.slice(equals + 1);
  if (key === "readonly" || key === "ro") fields.readOnly = switchValue(key, value);
  else if (key === "bind-create-src" || key === "bind-create-mountpoint")
    fields.createMountpoint = switchValue(key, value);
  else if (key === "volume-nocopy") fields.noCopy = switchValue(key, value);
  else if (value === undefined) throw new Error(`invalid field '${field}' must be a key=value pair`);
  else if (key === "type") fields.type = value.toLowerCase();
  else if (key === "source" || key === "src") fields.source = value;
  else if (key === "target" || key === "dst" || key === "destination") fields.target = value;
  else if (key === "bind-propagation") fields.propagation = value.toLowerCase();
  else if (key === "bind-recursive") fields.recursive = value;
  else if (key === "volume-subpath") fields.subpath = value;
  else if (key === "volume-driver") fields.driver = value;
  else if (key === "volume-label") fields.labels = withPair(fields.labels, value);
  else if (key === "volume-opt") fields.options = withPair(fields.options, value);
  else if (key === "tmpfs-size") fields.size = parseSize(value);
  else if (key === "tmpfs-mode") fields.mode = octal(value);
  // Consistency is a matter of Docker Desktop; on Linux it has no meaning.
  else if (key !== "consistency") throw new Error(`unexpected key '${key}' in '${field}'`);
}

function switchValue(key: string, value: string | undefined): boolean {
  if (value === undefined || value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw new Error(`invalid value for ${key}: ${value}`);
}

function octal(text: string): number {
  if (!/^[0-7]+$/.test(text)) throw new Error(`invalid value for tmpfs-mode: ${text}`);
  return Number.parseInt(text, 8);
}

function bindOptions(fields: MountFields): Pick<ApiMount, "BindOptions"> {
  const { propagation, createMountpoint } = fields;
  const options = {
    ...(propagation === undefined ? {} : { Propagation: propagation }),
    ...(createMountpoint === undefined ? {} : { CreateMountpoint: createMountpoint }),
    ...recursion(fields),
  };
  return Object.keys(options).length === 0 ? {} : { BindOptions: options };
}

/** Of mounts below the source. @throws with Docker's texts */
function recursion({ recursive = "enabled", readOnly = false, propagation }: MountFields) {
  if ((recursive === "writable" || recursive === "readonly") && !readOnly) {
    throw new Error(`option 'bind-recursive=${recursive}' requires 'readonly' to be specified in conjunction`);
  }
  switch (recursive) {
    case "enabled":
      return {};
    case "disabled":
      return { NonRecursive: true };
    case "writable":
      return { ReadOnlyNonRecursive: true };
    case "readonly":
      if (propagation === "rprivate") return { ReadOnlyForceRecursive: true };
      throw new Error(
        "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction",
      );
    default:
      throw new Error(
        `invalid value for bind-recursive: ${recursive} (must be "enabled", "disabled", "writable", or "readonly")`,
      );
  }
}

function volumeOptions({ noCopy, subpath, labels, driver, options }: MountFields): ApiMount["VolumeOptions"] {
  const parts = {
    ...(noCopy === undefined ? {} : { NoCopy: noCopy }),
    ...(labels === undefined ? {} : { Labels: labels }),
    ...(subpath === undefined ? {} : { Subpath: subpath }),
    ...(driver === undefined && options === undefined
      ? {}
      : { DriverConfig: { ...(driver === undefined ? {} : { Name: driver }), ...(options && { Options: options }) } }),
  };
  return Object.keys(parts).length === 0 ? undefined : parts;
}

const withPair = (map: Readonly<Record<string, string>> | undefined, pair: string): Record<string, string> => {
  const [key, value] = parseKeyValue(pair);
  return { ...map, [key]: value };
};

function tmpfsOptions({ size, mode }: MountFields): Pick<ApiMount, "TmpfsOptions"> {
  if (size === undefined && mode === undefined) return {};
  return {
    TmpfsOptions: {
      ...(size === undefined ? {} : { SizeBytes: size }),
      ...(mode === undefined ? {} : { Mode: mode }),
    },
  };
}

/**
 * `-v`: a path alone is an anonymous volume, all else a bind as the engine reads it. Paths beginning with a dot are the
 * user's, so they are made absolute here.
 */
export function splitVolumes(volumes: readonly string[]): { readonly binds: string[]; readonly anonymous: string[] } {
  const binds = volumes.filter((volume) => volume.includes(":"));
  return {
    binds: binds.map((bind) => {
      const colon = bind.indexOf(":");
      return `${absolute(bind.slice(0, colon))}${bind.slice(colon)}`;
    }),
    anonymous: volumes.filter((volume) => !volume.includes(":")),
  };
}

const absolute = (path: string): string => (/^\.{1,2}(\/|$)/.test(path) ? resolve(path) : path);
