/** `--device`, `--device-cgroup-rule` and `--storage-opt`. Rules and texts are Docker's. */
import { globSync } from "node:fs";
import { isAbsolute, posix } from "node:path";
import type { DeviceMapping } from "../../../runtime/index.ts";
import { CliError, ExitCode } from "../errors.ts";

/** Type, numbers and access, as the kernel's device groups have them: `c 1:3 rwm`, `b 8:* r`. */
const CGROUP_RULE = /^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/;

export function parseDeviceRule(text: string): string {
  if (!CGROUP_RULE.test(text)) throw new Error(`invalid device cgroup format '${text}'`);
  return text;
}

/**
 * `/dev/sda`, `/dev/sda:r`, `/dev/sda:/dev/xvda`, `/dev/sda:/dev/xvda:rw`, `/dev/snd/*`. A pattern is looked up on the
 * machine of the client.
 * @throws {CliError}
 */
export function devicesOf(texts: readonly string[]): DeviceMapping[] {
  return texts.flatMap(parseDevice);
}

/** `vendor.com/class=name`: a device by its name of the Container Device Interface, see its specification. */
const CDI_NAME = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*=[\w.:-]+$/;

function parseDevice(text: string): DeviceMapping[] {
  if (CDI_NAME.test(text)) {
    throw failed(`CDI devices are not available in this version: ${text}; give the device itself: /dev/…`);
  }
  const parts = text.split(":");
  const [source = "", second, third] = parts;
  if (parts.length > 3 || source === "") throw failed(`bad format for path: ${text}`);
  const [target, access = "rwm"] =
    second !== undefined && third === undefined && isAccess(second) ? [undefined, second] : [second, third];
  if (!isAccess(access)) throw failed(`bad mode specified: ${access}`);
  const inside = target ?? source;
  if (!isAbsolute(inside)) throw failed(`${inside} is not an absolute path`);
  if (!source.endsWith("*"))
    return [mapping(target === undefined ? posix.normalize(source) : source, posix.normalize(inside), access)];
  if (target !== undefined) throw failed(`device with * suffix can't have dst: ${text}`);
  return globSync(source)
    .sort()
    .map((path) => mapping(path, path, access));
}

const mapping = (PathOnHost: string, PathInContainer: string, CgroupPermissions: string): DeviceMapping => ({
  PathOnHost,
  PathInContainer,
  CgroupPermissions,
});

/** Read, write and mknod, each at most once. */
const isAccess = (text: string): boolean => /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;

/** `size=10g`. @throws {CliError} */
export function storageOptions(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf("=");
      if (equals < 0) throw failed("invalid storage option");
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}

const failed = (message: string): CliError => new CliError(message, ExitCode.notRun);
