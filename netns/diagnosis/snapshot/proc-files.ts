/**
 * Files of /proc, read into one buffer with the system calls themselves: a fraction of the time that `readFileSync` takes,
 * which counts with thousands.
 */
import { constants } from "node:fs";
import { lastErrno, rawCall, SystemCallError } from "../../../lib/system/libc.ts";

const SIZE = 64 * 1024;
const buffer = Buffer.allocUnsafeSlow(SIZE);

/** linux/fcntl.h: paths that are relative start in the working directory. */
const AT_FDCWD = -100;
const O_CLOEXEC = 0o200_0000;

/** A process or link that is gone by now, a parameter that this namespace may not see: ENOENT and its like. */
const ABSENT: ReadonlySet<number> = new Set(
  Object.values({ EPERM: 1, ENOENT: 2, ESRCH: 3, EIO: 5, EACCES: 13, ENOTDIR: 20, EINVAL: 22 }),
);

/**
 * @param path of a file that is shorter than 64 KiB
 * @returns undefined where there is none, or the kernel refuses
 */
export const readSmallFile = (path: string): string | undefined => readAt(AT_FDCWD, path);

/**
 * A folder that is held open. The kernel has its folders of parameters, such as /proc/sys/net/ipv4, once a namespace, all of
 * the same name: on the way to a file it looks through them until it finds the right one, which takes ten times as long as
 * all the rest of the reading when there are a hundred namespaces.
 */
export class ProcFolder implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** @returns undefined where there is none, or the kernel refuses */
  static open(path: string): ProcFolder | undefined {
    const fd = openAt(AT_FDCWD, path, constants.O_DIRECTORY);
    return fd === undefined ? undefined : new ProcFolder(fd);
  }

  /** As {@link readSmallFile}. @param path within the folder */
  read(path: string): string | undefined {
    return readAt(this.#fd, path);
  }

  [Symbol.dispose](): void {
    rawCall("close", this.#fd);
  }
}

function readAt(folder: number, path: string): string | undefined {
  const fd = openAt(folder, path);
  if (fd === undefined) return undefined;
  try {
    const length = rawCall("read", fd, buffer, SIZE);
    return length < 0 ? undefinedIfAbsent("read", path) : buffer.toString("latin1", 0, length);
  } finally {
    rawCall("close", fd);
  }
}

function openAt(folder: number, path: string, flags = 0): number | undefined {
  const fd = rawCall("openat", folder, path, constants.O_RDONLY | O_CLOEXEC | flags);
  return fd < 0 ? undefinedIfAbsent("open", path) : fd;
}

/** @throws {SystemCallError} for any other failure */
function undefinedIfAbsent(call: string, path: string): undefined {
  const errno = lastErrno();
  if (!ABSENT.has(errno)) throw new SystemCallError(call, errno, path);
}
