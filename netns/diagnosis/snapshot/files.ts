/** Files that decide how names are looked up, as a container's programs see them. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { posix } from "node:path";
import { hasCode } from "../../../lib/errors.ts";

const LARGEST = 64 * 1024;
const LINKS_FOLLOWED = 8;
const buffer = Buffer.allocUnsafeSlow(LARGEST);

/**
 * @param root folder that the path is below: `/proc/1234/root`, or empty
 * @param path absolute, as programs there write it
 * @returns at most 64 KiB; undefined where there is no such regular file
 */
export function readFileBelow(root: string, path: string): string | undefined {
  try {
    const found = resolveBelow(root, path);
    return found === undefined ? undefined : readRegular(found);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ESRCH", "EACCES", "EPERM", "ELOOP", "ENXIO")) return undefined;
    throw error;
  }
}

/** A link in a container leads on within it, not into ours, also one that stands for a folder on the way. */
function resolveBelow(root: string, path: string): string | undefined {
  let present = "/";
  let left = partsOf(path);
  for (let followed = 0; ; ) {
    const [part, ...rest] = left;
    if (part === undefined) return root + present;
    const next = posix.resolve(present, part);
    left = rest;
    // What is not there is usual: an error with its stack would cost more than all the rest.
    const found = lstatSync(root + next, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    if (!found.isSymbolicLink()) {
      present = next;
      continue;
    }
    if (++followed > LINKS_FOLLOWED) throw Object.assign(new Error(`too many links: ${path}`), { code: "ELOOP" });
    const target = readlinkSync(root + next);
    if (target.startsWith("/")) present = "/";
    left = [...partsOf(target), ...left];
  }
}

const partsOf = (path: string): string[] => path.split("/").filter((part) => part !== "");

/** A container may have put a pipe or a device there: neither is waited for. */
function readRegular(path: string): string | undefined {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    if (!fstatSync(file).isFile()) return undefined;
    return buffer.toString("utf8", 0, readSync(file, buffer, 0, LARGEST, 0));
  } finally {
    closeSync(file);
  }
}
