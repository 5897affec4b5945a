/**
 * Files of a container's root as the container sees them: symbolic links are followed inside the root and never lead out
 * of it, whatever the container does to its files meanwhile. Each component is opened on its own, below the descriptor of
 * the directory before it (openat(2) by way of /proc/self/fd).
 */
import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { hasCode, invalid } from "../../lib/errors.ts";

/** open(2): a descriptor that only names the file. Node does not export it. */
const O_PATH = 0o10000000;
const MOST_LINKS = 40;
const LARGEST_FILE = 8 * 2 ** 20;

/**
 * Opens what `path` names inside `root`, with O_PATH. The caller closes the descriptor.
 * @returns undefined when there is nothing
 */
export function openInRoot(root: string, path: string): number | undefined {
  const opened = [openSync(root, O_PATH | constants.O_DIRECTORY)];
  try {
    walk(opened, path);
    return opened.pop();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

/**
 * Reads a regular file inside `root`.
 * @returns undefined when there is none, or something else (a fifo would make us wait for ever)
 * @throws `invalid` when it has more than 8 MiB
 */
export function readInRoot(root: string, path: string): string | undefined {
  const named = openInRoot(root, path);
  if (named === undefined) return undefined;
  try {
    if (!fstatSync(named).isFile()) return undefined;
    const fd = openSync(`/proc/self/fd/${named}`, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return readAll(fd, path);
    } finally {
      closeSync(fd);
    }
  } finally {
    closeSync(named);
  }
}

/** @param opened the directories from the root down; what `path` names is pushed on it last */
function walk(opened: number[], path: string): void {
  const pending = path.split("/");
  for (let links = 0; ; ) {
    const name = pending.shift();
    if (name === undefined) return;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      // The parent of the root is the root.
      if (opened.length > 1) closeSync(opened.pop() ?? -1);
      continue;
    }
    const place = `/proc/self/fd/${opened.at(-1)}/${name}`;
    const fd = openSync(place, O_PATH | constants.O_NOFOLLOW);
    if (!fstatSync(fd).isSymbolicLink()) {
      opened.push(fd);
      continue;
    }
    closeSync(fd);
    if (++links > MOST_LINKS) throw Object.assign(new Error(`too many links: ${path}`), { code: "ELOOP" });
    const target = readlinkSync(place);
    if (target.startsWith("/")) for (const directory of opened.splice(1)) closeSync(directory);
    pending.unshift(...target.split("/"));
  }
}

function readAll(fd: number, path: string): string {
  const { size } = fstatSync(fd);
  if (size > LARGEST_FILE) throw invalid(`${path} of the container is larger than 8 MiB`, "CTR_FILE_TOO_LARGE");
  const bytes = Buffer.alloc(size);
  let length = 0;
  for (let read = -1; read !== 0 && length < size; length += read)
    read = readSync(fd, bytes, length, size - length, null);
  return bytes.toString("utf8", 0, length);
}
