/** mount(2) and umount(2), in process. They act on the mount namespace of the engine. */
import { readFileSync } from "node:fs";
import { hasCode } from "../errors.ts";
import { systemCall } from "./libc.ts";

/** Flags of mount(2), from `linux/mount.h`. */
export const MountFlag = {
  readOnly: 1,
  noSuid: 2,
  noDev: 4,
  noExec: 8,
  remount: 32,
  bind: 4096,
  recursive: 16384,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
} as const;

export interface Mount {
  readonly source: string;
  readonly target: string;
  /** File system type; empty for bind mounts and changes of propagation. */
  readonly type?: string;
  /** {@link MountFlag} values, or-ed. */
  readonly flags?: number;
  /** Comma separated options of the file system. At most a page (4095 bytes). */
  readonly options?: string;
}

/** @throws {SystemCallError} */
export function mount({ source, target, type, flags = 0, options }: Mount): void {
  systemCall("mount", target, source, target, type ?? null, flags, options ?? null);
}

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

/**
 * Takes a mount away, at once from the tree and from the kernel as soon as nothing uses it (MNT_DETACH).
 * A path that is no mount point, or is not there, is fine.
 * @throws {SystemCallError}
 */
export function unmount(target: string): void {
  try {
    systemCall("umount2", target, target, MNT_DETACH | UMOUNT_NOFOLLOW);
  } catch (error) {
    if (!hasCode(error, "EINVAL", "ENOENT")) throw error;
  }
}

export interface MountInfo {
  readonly target: string;
  readonly type: string;
  readonly source: string;
  /** Root of this mount within its file system; `/` for the whole of it. */
  readonly root: string;
  /** Options of the mount and of the super block, comma separated. */
  readonly options: string;
  readonly superOptions: string;
}

/** The mount table of this process, see proc_pid_mountinfo(5). */
export function listMounts(): MountInfo[] {
  return parseMountInfo(readFileSync("/proc/self/mountinfo", "utf8"));
}

/** Exported for tests. */
export function parseMountInfo(text: string): MountInfo[] {
  const mounts: MountInfo[] = [];
  for (const line of text.split("\n")) {
    const [head, tail] = line.split(" - ");
    if (head === undefined || tail === undefined) continue;
    const [, , , root = "", target = "", options = ""] = head.split(" ");
    const [type = "", source = "", superOptions = ""] = tail.split(" ");
    mounts.push({
      target: decodeOctal(target),
      root: decodeOctal(root),
      source: decodeOctal(source),
      type,
      options,
      superOptions,
    });
  }
  return mounts;
}

/** The kernel writes space, tab, newline and backslash as octal escapes. */
const decodeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
