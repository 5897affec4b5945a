/**
 * Writes the entries of a layer into a directory, in the form that overlayfs reads: Docker's whiteout files `.wh.x`
 * become character devices 0:0, and `.wh..wh..opq` the attribute `trusted.overlay.opaque` (kernel: overlayfs.rst).
 * Synchronous, for a child process. Its caller removes the directory when it throws.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  type Stats,
  symlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { hasCode, invalid } from "../../../lib/errors.ts";
import { SystemCallError, systemCall } from "../../../lib/system/libc.ts";
import { LayerPaths, pathBytes } from "./layer-paths.ts";
import type { TarEntry } from "./tar-headers.ts";
import type { TarSink } from "./tar-reader.ts";

const WHITEOUT = ".wh.";
const WHITEOUT_META = ".wh..wh.";
const OPAQUE = ".wh..wh..opq";
const { S_IFCHR, S_IFBLK, S_IFIFO, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
/** Attributes that would speak to our overlay instead of to the container. */
const OVERLAY_ATTRIBUTE = /^(?:trusted|user)\.overlay\./;

interface OpenFile {
  readonly fd: number;
  readonly entry: TarEntry;
  readonly path: string;
}

export class LayerWriter implements TarSink {
  readonly #paths: LayerPaths;
  #file: OpenFile | undefined;
  #size = 0;
  /** Times of directories are set at the end: every entry made inside changes them. */
  readonly #directoryTimes = new Map<string, number>();
  readonly #whiteouts = new Set<string>();

  /** @param root an existing, empty directory */
  constructor(root: string) {
    this.#paths = new LayerPaths(root);
  }

  /** Bytes of file content so far. */
  get size(): number {
    return this.#size;
  }

  begin(entry: TarEntry): void {
    const path = this.#paths.locate(entry.name);
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (name.startsWith(WHITEOUT)) this.#whiteout(path, name, entry);
    else if (path === "") this.#root(entry);
    else this.#write(path, entry);
  }

  data(chunk: Buffer): void {
    if (this.#file === undefined) return;
    const { fd, path } = this.#file;
    try {
      for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done);
    } catch (error) {
      throw nameEntry(error, "write", path);
    }
    this.#size += chunk.length;
  }

  end(): void {
    if (this.#file === undefined) return;
    const { fd, entry, path } = this.#file;
    this.#file = undefined;
    try {
      // In this order: a change of owner clears set-user-ID bits and capabilities.
      fchownSync(fd, entry.uid, entry.gid);
      fchmodSync(fd, entry.mode);
      this.#setAttributes(path, entry);
      futimesSync(fd, entry.modified, entry.modified);
    } finally {
      closeSync(fd);
    }
  }

  /** To be called after the last entry. */
  finish(): void {
    for (const [path, modified] of this.#directoryTimes) {
      const bytes = this.#bytes(path);
      if (lstatSync(bytes, { throwIfNoEntry: false })?.isDirectory() === true) utimesSync(bytes, modified, modified);
    }
  }

  /** Closes what is open, after a failure. */
  abandon(): void {
    if (this.#file !== undefined) closeSync(this.#file.fd);
    this.#file = undefined;
  }

  #write(path: string, entry: TarEntry): void {
    try {
      this.#make(path, entry);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw nameEntry(error, "create", path);
      if (this.#replace(path, entry)) this.#make(path, entry);
    }
    if (entry.type === "file") return;
    // A hard link shares owner, mode and times with its first name, which has set them.
    if (entry.type === "link") return;
    this.#describe(path, entry);
  }

  #make(path: string, entry: TarEntry): void {
    const bytes = this.#bytes(path);
    switch (entry.type) {
      case "file":
        this.#file = { fd: openSync(bytes, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600), entry, path };
        return;
      case "directory":
        mkdirSync(bytes, 0o700);
        this.#paths.remember(path);
        return;
      case "symlink":
        symlinkSync(pathBytes(entry.linkName), bytes);
        return;
      case "link":
        this.#link(entry, bytes);
        return;
      case "fifo":
        this.#node(path, S_IFIFO, 0n);
        return;
      case "character":
      case "block":
        this.#node(path, entry.type === "block" ? S_IFBLK : S_IFCHR, deviceNumber(entry.major, entry.minor));
    }
  }

  #link(entry: TarEntry, bytes: Buffer): void {
    const target = this.#paths.locate(entry.linkName);
    try {
      linkSync(this.#bytes(target), bytes);
    } catch (error) {
      if (!hasCode(error, "ENOENT", "EPERM")) throw error;
      throw invalid(
        `layer entry "${entry.name}" is a hard link to "${entry.linkName}", which is not a file of this layer`,
        {
          code: "CTR_LAYER_INVALID",
          cause: error,
        },
      );
    }
  }

  #node(path: string, type: number, device: bigint): void {
    systemCall("mknod", path, zeroEnded(this.#paths.absolute(path)), type | 0o600, device);
  }

  /** A later entry of the same name wins; only a directory keeps what it holds. @returns false when nothing is to make */
  #replace(path: string, entry: TarEntry): boolean {
    const bytes = this.#bytes(path);
    const old = lstatSync(bytes);
    if (entry.type === "directory" && old.isDirectory()) return false;
    const wasWhiteout = this.#whiteouts.delete(path);
    if (old.isDirectory()) this.#paths.forget(path);
    rmSync(bytes, { recursive: true });
    // The whiteout hid what is below: a directory in its place must go on doing so.
    if (wasWhiteout && entry.type === "directory") {
      this.#make(path, entry);
      this.#setOpaque(path);
      return false;
    }
    return true;
  }

  /** Owner, mode, attributes and time of everything but files and hard links. */
  #describe(path: string, entry: TarEntry): void {
    const bytes = this.#bytes(path);
    lchownSync(bytes, entry.uid, entry.gid);
    if (entry.type !== "symlink") chmodSync(bytes, entry.mode);
    this.#setAttributes(path, entry);
    if (entry.type === "directory") this.#directoryTimes.set(path, entry.modified);
    else lutimesSync(bytes, entry.modified, entry.modified);
  }

  #root(entry: TarEntry): void {
    if (entry.type === "directory") this.#describe("", entry);
  }

  #whiteout(path: string, name: string, entry: TarEntry): void {
    const parent = path.slice(0, Math.max(path.length - name.length - 1, 0));
    if (name.startsWith(WHITEOUT_META)) {
      // The other marks of the old AUFS driver mean nothing here.
      if (name === OPAQUE) this.#setOpaque(parent);
      return;
    }
    const hidden = name.slice(WHITEOUT.length);
    if (hidden === "" || hidden === "." || hidden === "..") {
      throw invalid(`layer entry "${entry.name}" is no valid whiteout`, "CTR_LAYER_INVALID");
    }
    this.#hide(parent === "" ? hidden : `${parent}/${hidden}`);
  }

  /** A whiteout hides what lower layers hold, never what this layer brings itself. */
  #hide(path: string): void {
    const existing: Stats | undefined = lstatSync(this.#bytes(path), { throwIfNoEntry: false });
    if (existing?.isDirectory() === true) this.#setOpaque(path);
    if (existing !== undefined) return;
    this.#node(path, S_IFCHR, 0n);
    this.#whiteouts.add(path);
  }

  #setOpaque(path: string): void {
    this.#setAttribute(path, "trusted.overlay.opaque", Buffer.from("y"));
  }

  #setAttributes(path: string, entry: TarEntry): void {
    for (const [name, value] of entry.attributes) {
      if (OVERLAY_ATTRIBUTE.test(name)) continue;
      try {
        this.#setAttribute(path, name, value);
      } catch (error) {
        // What this file system or kernel does not know (SELinux labels, user attributes of links) is left out, as
        // Docker does.
        if (!hasCode(error, "ENOTSUP", "EOPNOTSUPP", "EPERM")) throw error;
      }
    }
  }

  #setAttribute(path: string, name: string, value: Buffer): void {
    const absolute = zeroEnded(this.#paths.absolute(path));
    systemCall("lsetxattr", `${path} ${name}`, absolute, name, value, value.length, 0);
  }

  #bytes(path: string): Buffer {
    return pathBytes(this.#paths.absolute(path));
  }
}

const zeroEnded = (path: string): Buffer => pathBytes(`${path}\0`);

/** As the C library's makedev(3) packs it. */
function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return ((high & ~0xfffn) << 32n) | ((high & 0xfffn) << 8n) | ((low & ~0xffn) << 12n) | (low & 0xffn);
}

/** The same system error with the name of the entry instead of a path of ours: `write /usr/bin/x: no space left …`. */
function nameEntry(error: unknown, call: string, path: string): unknown {
  const errno = error instanceof Error && "errno" in error ? Number(error.errno) : 0;
  if (!hasCode(error, "ENOSPC", "EDQUOT", "EIO", "EROFS") || error instanceof SystemCallError || errno === 0)
    return error;
  return new SystemCallError(call, Math.abs(errno), `/${path}`);
}
