/** Device nodes of the host, as a container gets them. */
import { lstatSync, readdirSync, realpathSync, type Stats } from "node:fs";
import { join, posix } from "node:path";
import { hasCode, invalid } from "../../lib/errors.ts";
import type { OciDevice } from "./spec.ts";

/** What the runtimes mount or make themselves, and directories that are no devices of the machine. */
const SKIPPED_DIRECTORIES = ["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"];

/** Every device below /dev, for privileged containers. Asked at each start: devices come and go. */
export function hostDevices(directory = "/dev"): OciDevice[] {
  return devicesBelow(directory, directory, SKIPPED_DIRECTORIES).filter(({ path }) => !path.endsWith("/console"));
}

/**
 * The device at a path, or all devices below it when it is a directory.
 * @param inside where the container sees it
 * @throws `invalid` with Docker's texts
 */
export function devicesAt(path: string, inside: string): OciDevice[] {
  const source = resolved(path);
  const stats = statsOf(source);
  if (stats === undefined) throw notGathered(path, "no such file or directory");
  if (isDevice(stats)) return [deviceOf(inside, stats)];
  const below = stats.isDirectory() ? devicesBelow(source, posix.normalize(inside), []) : [];
  if (below.length === 0) throw notGathered(path, "not a device node");
  return below;
}

const notGathered = (path: string, reason: string): Error =>
  invalid(`error gathering device information while adding custom device "${path}": ${reason}`, {
    code: "CTR_DEVICE_INVALID",
    hint: "ls -l /dev shows the devices of this host",
  });

function devicesBelow(directory: string, inside: string, skipped: readonly string[]): OciDevice[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry): OciDevice[] => {
    const [path, seenAt] = [join(directory, entry.name), join(inside, entry.name)];
    if (entry.isDirectory()) return skipped.includes(entry.name) ? [] : devicesBelow(path, seenAt, skipped);
    if (!isDevice(entry)) return [];
    const stats = statsOf(path);
    return stats === undefined ? [] : [deviceOf(seenAt, stats)];
  });
}

const isDevice = (node: Pick<Stats, "isBlockDevice" | "isCharacterDevice">): boolean =>
  node.isBlockDevice() || node.isCharacterDevice();

function deviceOf(path: string, stats: Stats): OciDevice {
  const { rdev, uid, gid, mode } = stats;
  return {
    path,
    type: stats.isBlockDevice() ? "b" : "c",
    // As makedev(3) composes device numbers.
    major: ((rdev >>> 8) & 0xfff) + Math.floor(rdev / 2 ** 44) * 2 ** 12,
    minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00),
    fileMode: mode & 0o7777,
    uid,
    gid,
  };
}

/** Where a symbolic link such as /dev/disk/by-id/… leads; a broken one leads nowhere. */
function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP")) return path;
    throw error;
  }
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
