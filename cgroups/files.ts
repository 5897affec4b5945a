/**
 * The few file operations of which all cgroup work consists. Everything in this layer goes through a
 * {@link KernelFiles}, so that unit tests run the same code against a tree of their own.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmdirSync,
  statSync,
  watch,
  writeSync,
} from "node:fs";

export interface KernelFiles {
  /** Content without the white space at its end. */
  read(path: string): string;
  /** Opens a file to be read several times. */
  open(path: string): OpenFile;
  /** One write(2) into a file that exists. Never makes one: a missing file means a missing controller. */
  write(path: string, value: string): void;
  /** As `write`, then what the file has now: an open less than both one after the other. */
  writeAndRead(path: string, value: string): string;
  exists(path: string): boolean;
  makeDirectory(path: string): void;
  removeDirectory(path: string): void;
  /** Names of the directories in a directory. */
  directories(path: string): string[];
  /** `major:minor` of a block device; undefined for anything else. Follows links. */
  blockDevice(path: string): string | undefined;
  /** Opens a directory to be asked several times. */
  openDirectory(path: string): OpenDirectory;
  /** Calls back when the kernel announces a change of the file, until disposed. */
  watch(path: string, onChange: () => void): Disposable;
}

export interface OpenFile {
  /** Content now. */
  read(): string;
  close(): void;
}

export interface OpenDirectory {
  /** Whether there are directories in it now. */
  hasDirectories(): boolean;
  close(): void;
}

/** The kernel prepares a cgroup file in pieces of a page, so one that fills less than half of it is whole. */
const PAGE = 4096;
/** A directory's link count is 2 plus its directories. */
const NO_DIRECTORIES = 2;
const buffer = Buffer.allocUnsafe(16 * PAGE);

/** Reads an open file from its start. */
function readWhole(fd: number): string {
  let length = readSync(fd, buffer, 0, buffer.length, 0);
  if (length < PAGE / 2) return buffer.toString("latin1", 0, length);
  let text = "";
  for (let position = 0; length > 0; length = readSync(fd, buffer, 0, buffer.length, position)) {
    text += buffer.toString("latin1", 0, length);
    position += length;
  }
  return text;
}

/** The machine's own file system. All methods throw Node's system errors. */
export const realFiles: KernelFiles = {
  read(path) {
    const fd = openSync(path, constants.O_RDONLY);
    try {
      return readWhole(fd).trimEnd();
    } finally {
      closeSync(fd);
    }
  },
  open(path) {
    const fd = openSync(path, constants.O_RDONLY);
    return { read: () => readWhole(fd).trimEnd(), close: () => closeSync(fd) };
  },
  write(path, value) {
    // Without O_CREAT: kernfs would answer EACCES for a missing file, where ENOENT tells the truth.
    const fd = openSync(path, constants.O_WRONLY);
    try {
      writeSync(fd, value);
    } finally {
      closeSync(fd);
    }
  },
  writeAndRead(path, value) {
    const fd = openSync(path, constants.O_RDWR);
    try {
      writeSync(fd, value);
      return readWhole(fd).trimEnd();
    } finally {
      closeSync(fd);
    }
  },
  exists: existsSync,
  makeDirectory: (path) => mkdirSync(path, 0o755),
  removeDirectory: rmdirSync,
  directories(path) {
    // Most groups have none, and stat is cheaper than a listing.
    if (statSync(path).nlink === NO_DIRECTORIES) return [];
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  },
  blockDevice(path) {
    const stat = statSync(path);
    if (!stat.isBlockDevice()) return undefined;
    // The kernel's own packing of device numbers, see makedev(3).
    const { rdev } = stat;
    return `${(rdev >>> 8) & 0xfff}:${(rdev & 0xff) | ((rdev >>> 12) & 0xfff00)}`;
  },
  openDirectory(path) {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    return { hasDirectories: () => fstatSync(fd).nlink > NO_DIRECTORIES, close: () => closeSync(fd) };
  },
  watch(path, onChange) {
    const watcher = watch(path, { persistent: true }, onChange);
    // The file goes away with its group; whoever waits looks again at each change and sees that.
    watcher.on("error", onChange);
    return { [Symbol.dispose]: () => watcher.close() };
  },
};
