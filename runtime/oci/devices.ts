/** Device nodes of a container, and the rules of its devices cgroup. */
import { lstatSync, readdirSync, type Stats } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../../lib/errors.ts";
import type { OciDevice, OciDeviceRule } from "./spec.ts";

const allowed = (major: number, minor: number): OciDeviceRule => rule(true, major, minor);
const rule = (allow: boolean, major: number, minor: number): OciDeviceRule => ({
  allow,
  type: "c",
  major,
  minor,
  access: "rwm",
});

/**
 * Docker's rules: all devices are refused but zero, null, urandom, random, tty and console; and fuse stays refused.
 * The runtimes add what the specification promises every container (full, ptmx, terminals, mknod of anything).
 */
const DEFAULT_RULES: readonly OciDeviceRule[] = [
  { allow: false, access: "rwm" },
  ...[allowed(1, 5), allowed(1, 3), allowed(1, 9), allowed(1, 8), allowed(5, 0), allowed(5, 1)],
  rule(false, 10, 229),
];

export function deviceRules(privileged: boolean): readonly OciDeviceRule[] {
  return privileged ? [...DEFAULT_RULES, { allow: true, access: "rwm" }] : DEFAULT_RULES;
}

/** What the runtimes mount or make themselves, and directories that are no devices of the machine. */
const SKIPPED_DIRECTORIES = ["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"];

/** Every device below /dev, for privileged containers. Asked at each start: devices come and go. */
export function hostDevices(directory = "/dev"): OciDevice[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry): OciDevice[] => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return SKIPPED_DIRECTORIES.includes(entry.name) ? [] : hostDevices(path);
    if (entry.name === "console" || !(entry.isBlockDevice() || entry.isCharacterDevice())) return [];
    const stats = statsOf(path);
    return stats === undefined ? [] : [deviceOf(path, stats)];
  });
}

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

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
